"""rollup/codec package."""
