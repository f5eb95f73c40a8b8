"""rollup/tree package."""
