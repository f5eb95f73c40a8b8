"""The ladder table."""
