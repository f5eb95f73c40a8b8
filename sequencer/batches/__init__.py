"""From what the core closed to files, proofs and a journal that replays."""
