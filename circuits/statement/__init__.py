"""The statement: which tables, what is public, and how a batch becomes a witness."""
