"""Delivery of a soundtrack: files that open in an editor's own tools, reports and rights."""
