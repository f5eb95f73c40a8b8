"""The base table."""
