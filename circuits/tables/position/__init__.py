"""The position table: the positions of an account, one a row."""
