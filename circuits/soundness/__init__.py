"""circuits/soundness package."""
