"""rollup/field package."""
