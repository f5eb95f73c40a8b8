"""rollup/l1 package."""
