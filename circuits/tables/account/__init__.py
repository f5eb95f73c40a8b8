"""The account table."""
