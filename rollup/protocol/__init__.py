"""rollup/protocol package."""
