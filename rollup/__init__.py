"""The protocol everyone must agree on: numbers, hashes, rules, and the L1 contract."""
