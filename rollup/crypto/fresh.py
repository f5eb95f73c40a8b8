"""Fresh keys from the operating system's generator, apart from what judges signatures: a judge
reads no chance."""

import secrets

from rollup.crypto.address_key import KEY_BYTES, ORDER


def address_key_material() -> bytes:
    """A key of `AddressKey` as bytes, to keep in a private file."""
    return (1 + secrets.randbelow(ORDER - 1)).to_bytes(KEY_BYTES, "big")
