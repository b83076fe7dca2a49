"""The patch network taught on aligned pairs alone: camera pictures, and the same behind a learned decoder."""
