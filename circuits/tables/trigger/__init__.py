"""The trigger table: how many positions have each trigger, and what was swept."""
