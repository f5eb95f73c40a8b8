"""Orders in the state, on paper: tables that are measured and not traced, and what they cost."""
