"""The tree table."""
