"""Small neural codecs of our own, and the regression that learns from them what a decoder leaves in sound."""
