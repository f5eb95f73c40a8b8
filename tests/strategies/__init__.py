"""Hypothesis strategies and small worlds, shared by the tests."""
