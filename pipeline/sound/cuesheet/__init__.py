"""The cue sheet as YAML and CSV, checked, and merged with a new analysis."""
