"""rollup/availability package."""
