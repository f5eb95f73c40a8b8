"""circuits/pcs package."""
