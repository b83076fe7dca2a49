"""Real pictures that were worked on: denoised, sharpened, scaled, stabilised. They stay real."""
