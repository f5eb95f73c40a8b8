"""circuits/air package."""
