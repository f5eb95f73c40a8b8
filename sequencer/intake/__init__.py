"""From sealed envelopes and bytes to commands."""
