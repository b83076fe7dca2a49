"""What the picture shows: shots, events, movement, mood."""
