"""The only place that decodes or encodes."""
