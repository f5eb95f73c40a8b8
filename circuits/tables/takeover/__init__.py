"""The takeover table: what the backstop takes of liquidated accounts."""
