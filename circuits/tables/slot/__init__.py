"""The slot table."""
