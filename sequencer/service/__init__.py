"""The venue that runs: all parts together."""
