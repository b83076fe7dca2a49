"""Reels: several clips, titles and cards as one film."""
