"""How a batch is proved and how a proof is verified."""
