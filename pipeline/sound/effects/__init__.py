"""One-shot and continuous effects, one kind of sound a module."""
