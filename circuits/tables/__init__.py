"""circuits/tables package."""
