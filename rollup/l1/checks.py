"""Checks of what a caller hands in: addresses, amounts, words."""

from collections.abc import Sequence

from rollup.l1.interface import Revert, Reverted
from rollup.protocol.constants import AMOUNT_BITS, OWNER_BYTES

WORD_END = 2**32


def require_address(address: object) -> None:
    """Revert unless it is 20 bytes."""
    if not isinstance(address, bytes) or len(address) != OWNER_BYTES:
        raise Reverted(Revert.BAD_ADDRESS, f"an address is {OWNER_BYTES} bytes")


def require_amount(amount: object) -> None:
    """Revert unless it is from 1 to 2^62 - 1 quanta."""
    if type(amount) is not int or not 1 <= amount < 1 << AMOUNT_BITS:
        raise Reverted(Revert.BAD_AMOUNT, f"from 1 to 2^{AMOUNT_BITS} - 1 quanta, not {amount}")


def require_words(name: str, words: Sequence[int], count: int) -> None:
    """Revert unless there are `count` words of 32 bits."""
    if len(words) != count or not all(type(w) is int and 0 <= w < WORD_END for w in words):
        raise Reverted(Revert.BAD_WORDS, f"a {name} is {count} words of 32 bits")
