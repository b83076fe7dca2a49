"""Other makers' watermarks behind one interface: off by default, with the user's own weights and programs."""
