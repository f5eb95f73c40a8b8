"""Table fill: its constraints (air) and its witness (trace)."""
