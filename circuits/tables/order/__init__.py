"""The order table."""
