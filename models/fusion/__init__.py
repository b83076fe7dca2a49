"""Several detectors' scores into one: how it is fitted and the numbers that ship."""
