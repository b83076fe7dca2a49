"""C2: a small convolutional network on native-scale crops, shared over time, pooled by attention over a clip."""
