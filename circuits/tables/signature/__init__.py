"""The signature table."""
