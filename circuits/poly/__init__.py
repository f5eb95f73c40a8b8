"""circuits/poly package."""
