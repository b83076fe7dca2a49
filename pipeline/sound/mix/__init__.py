"""Stems into a finished mix."""
