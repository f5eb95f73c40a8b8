"""The exit circuit: what a frozen venue owes one account, proved by its owner and shown alone."""
