"""A user's own recordings: indexed, licensed, matched to cues."""
