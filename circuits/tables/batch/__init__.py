"""Table batch: its constraints (air) and its witness (trace)."""
