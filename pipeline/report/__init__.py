"""Pages and pictures for people: self-contained HTML without scripts, and pictures of what was heard and seen."""
