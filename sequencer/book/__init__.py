"""The order book: price, then time."""
