"""Table poseidon: its constraints (air) and its witness (trace)."""
