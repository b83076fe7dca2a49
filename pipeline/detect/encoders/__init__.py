"""Measures of the path that a clip's pictures take through the features of an encoder the user brings."""
