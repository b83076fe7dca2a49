"""One scene a file; each has `build(width_px, height_px, *, seed) -> Scene`."""
