"""A takeover: the backstop takes lots of an account below maintenance margin, at the oracle price
less a fee. The record, and its numbers; when it is allowed is in liquidation.py.

Private: it shows whose position was taken. Spec: docs/spec/13-liquidation.md.
"""

from dataclasses import dataclass

from rollup.private import Private
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    MARKET_BITS,
    SIZE_BITS,
    TAKEOVER_FEE_BITS,
)
from rollup.protocol.rejection import Reason
from rollup.protocol.terms import MarketTerms
from rollup.protocol.units import require_bounds


@dataclass(frozen=True, slots=True, repr=False)
class Takeover(Private):
    """`size` lots of one market go from an account to the backstop, whatever side they are of.

    `fee` in quanta is what the account pays the backstop for it.
    """

    account: int
    market: int
    size: int
    fee: int

    def __post_init__(self) -> None:
        ends = (
            ("account", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
            ("market", 0, 1 << MARKET_BITS, Reason.MARKET_OUT_OF_BOUNDS),
            ("size", 1, 1 << SIZE_BITS, Reason.SIZE_OUT_OF_BOUNDS),
            ("fee", 0, 1 << TAKEOVER_FEE_BITS, Reason.AMOUNT_OUT_OF_BOUNDS),
        )
        for name, low, end, reason in ends:
            require_bounds(f"takeover {name}", getattr(self, name), low, end, reason)


def full_fee(size: int, terms: MarketTerms) -> int:
    """What an account that can pay it pays for `size` lots, in quanta: a tick a lot is one, so
    nothing is rounded here."""
    return size * terms.liquidation_fee
