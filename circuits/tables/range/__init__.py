"""Table range: its constraints (air) and its witness (trace)."""
