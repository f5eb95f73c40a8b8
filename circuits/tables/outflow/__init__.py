"""The outflow table: withdrawals and transfers."""
