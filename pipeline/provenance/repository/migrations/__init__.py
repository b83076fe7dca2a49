"""Migrations of the schema, one script a step; run by `pipeline.provenance.repository.database`."""
