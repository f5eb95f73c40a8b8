"""rollup/hash package."""
