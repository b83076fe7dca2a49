"""The picture mark: a tiled, keyed pattern in luma, and finding it again whatever happened to the picture."""
