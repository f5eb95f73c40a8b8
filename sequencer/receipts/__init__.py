"""Receipts, from outside a venue: judged by anybody, published by its operator."""
