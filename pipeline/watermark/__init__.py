"""The invisible mark: what it says, its keys, and how it goes into and comes out of pictures."""
