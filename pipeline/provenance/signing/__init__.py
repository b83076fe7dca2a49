"""Signing: certificates, keys and what is written into a file."""
