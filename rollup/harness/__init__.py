"""rollup.harness package."""
