"""The audit of `foleymark check`'s answer to "is this AI-made?": see `python -m benchmarks.detection --help`."""
