"""Sound: spotting, synthesis, music, mix."""
