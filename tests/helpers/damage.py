"""Bytes that are surely not those that were sent."""


def damaged(data: bytes) -> bytes:
    """The same with one bit of the last byte changed."""
    return data[:-1] + bytes((data[-1] ^ 1,))
