"""Signed prices of an oracle: the format of its data packages, and who signed one."""
