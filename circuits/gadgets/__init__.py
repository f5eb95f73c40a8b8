"""circuits/gadgets package."""
