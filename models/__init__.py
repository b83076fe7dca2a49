"""Models trained for Foleymark: training scripts, weights, a card each. Knows nothing of pipeline."""
