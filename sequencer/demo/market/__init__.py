"""Agents and feeds: what a demonstration trades, synthetic or replayed."""
