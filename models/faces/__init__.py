"""Faces that were pasted or re-made: a small net trained on real faces blended with themselves."""
