"""Where a signing key can be kept: one module a place, each turning its settings into a function that signs."""
