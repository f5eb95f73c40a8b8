"""Table deposit: its constraints (air) and its witness (trace)."""
