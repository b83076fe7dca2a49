"""Foleymark's own work: every stage as plain functions and records."""
