"""rollup/crypto package."""
