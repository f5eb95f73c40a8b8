"""The header table: who owns an account and which key trades for it."""
