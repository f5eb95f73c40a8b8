"""A keyed hash chain: whoever lacks the key cannot make, change or rejoin its links.

A link is HMAC-SHA256 (RFC 2104) of the link before and the data, so it stands for everything up to
there. What a chain cannot show is that its end is missing: compare the last link, or what it
stands for, with somebody else's word.
"""

import hmac
from typing import Final, NoReturn

LINK_BYTES: Final = 32
CHAIN_KEY_BYTES: Final = 32


class ChainKey:
    """The secret of one chain. Never shown or pickled."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes) or len(key) != CHAIN_KEY_BYTES:
            raise ValueError(f"a chain key is {CHAIN_KEY_BYTES} bytes")
        self._key = key

    def __repr__(self) -> str:
        return "ChainKey(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a chain key is not pickled")

    def extend(self, link: bytes, data: bytes) -> bytes:
        """The link after `data`; the first one's `link` is empty. Data of a first link must not
        start like a link, which a fixed header sees to."""
        return hmac.digest(self._key, link + data, "sha256")
