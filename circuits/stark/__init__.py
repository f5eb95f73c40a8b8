"""circuits/stark package."""
