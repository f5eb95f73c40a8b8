"""What comes of two orders that meet: fees, or whose fault it is that they do not."""

from enum import StrEnum
from typing import NamedTuple

from rollup.protocol.constants import MOVED_BITS, NOTIONAL_BITS
from rollup.protocol.rejection import Reason


class Party(StrEnum):
    """Whose fault it is that two orders cannot meet."""

    TAKER = "taker"
    MAKER = "maker"


class Fault(NamedTuple):
    """One side of a candidate fill that breaks a rule; the other side is innocent."""

    party: Party
    reason: Reason


class Charges(NamedTuple):
    """The fees of one fill, in quanta."""

    maker: int
    taker: int


def size_limit(price: int, funding: int) -> int:
    """The most lots one fill can have at a price, so that its notional and what it moves stay in
    bounds."""
    most = ((1 << NOTIONAL_BITS) - 1) // price
    return min(most, ((1 << MOVED_BITS) - 1) // max(1, abs(price - funding)))
