"""The comb table."""
