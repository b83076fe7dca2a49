"""A person's own track of music in place of ours: its beats and bars, the cut to a film's length, its playing."""
