"""Measurements of this machine and this commit; `make bench` runs them. Never a timed test."""
