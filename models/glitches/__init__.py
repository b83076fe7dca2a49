"""Glitches: their synthesis, the fit of the detector's coefficients, and what was fitted."""
