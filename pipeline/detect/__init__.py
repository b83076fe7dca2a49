"""Is it AI-made? Detectors, one a file, and the verdict that weighs what they found."""
