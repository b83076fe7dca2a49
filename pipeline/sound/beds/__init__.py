"""Ambiences that never loop, layer by layer."""
