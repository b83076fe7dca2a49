"""The sound mark: keyed gains on cells of time and frequency, and finding it again at any speed and pitch."""
