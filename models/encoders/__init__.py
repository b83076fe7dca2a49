"""Calibrating what a user brings: an encoder's measures or a plug-in's figures, on the user's own labelled clips."""
