"""A takeover: lots of an account below maintenance margin go to the backstop, at the oracle price
less a fee; or, at the oracle price, to an account of the other side, whose lots they close; or to
an order, at the order's price. And a settlement: lots of a market that has ended become cash. The
records, and their numbers; when they are allowed is in liquidation.py, deleveraging.py, by_order.py
and ended.py.

Private: it shows whose position was taken. Spec: docs/spec/13-liquidation.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from rollup.private import Private
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    MARKET_BITS,
    PRICE_BITS,
    REST_BITS,
    RESTING_PLACE,
    SIZE_BITS,
    TAKEOVER_FEE_BITS,
)
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import LARGEST
from rollup.protocol.terms import MarketTerms
from rollup.protocol.units import require_bounds


class Route(IntEnum):
    """Who takes the lots: the backstop; an account that is deleveraged by them; one that is
    liquidated too, so that both lose lots at once; nobody, since their market has ended; or the
    estate, which is no account: L1 holds what it takes, and owes the price of it to whom it was
    taken of."""

    BACKSTOP = 0
    DELEVERAGED = 1
    LIQUIDATED = 2
    SETTLED = 3
    ESTATE = 4


@dataclass(frozen=True, slots=True, repr=False)
class Takeover(Private):
    """`size` lots of one market leave an account, whatever side they are of.

    `fee` in quanta is what the account pays the backstop for it; nobody else is paid one. `taker`
    is the account that takes them, and 0 where the route says that it is none, or the backstop.
    """

    account: int
    market: int
    size: int
    fee: int
    route: Route = Route.BACKSTOP
    taker: int = 0

    def __post_init__(self) -> None:
        ends = (
            ("account", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
            ("market", 0, 1 << MARKET_BITS, Reason.MARKET_OUT_OF_BOUNDS),
            ("size", 1, 1 << SIZE_BITS, Reason.SIZE_OUT_OF_BOUNDS),
            ("fee", 0, 1 << TAKEOVER_FEE_BITS, Reason.AMOUNT_OUT_OF_BOUNDS),
            ("taker", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
        )
        for name, low, end, reason in ends:
            require_bounds(f"takeover {name}", getattr(self, name), low, end, reason)
        if not isinstance(self.route, Route):
            raise Rejected(Reason.MALFORMED, "a takeover's route must be a Route")
        if not self.closes and self.taker:
            detail = "backstop and estate are named by the route alone, and so is nobody"
            raise Rejected(Reason.MALFORMED, detail)

    @property
    def closes(self) -> bool:
        """Whether its taker loses as many lots of the other side."""
        return self.route in (Route.DELEVERAGED, Route.LIQUIDATED)


@dataclass(frozen=True, slots=True, repr=False)
class OrderTakeover(Private):
    """`size` lots of an account go to an order of the batch, at `price` ticks a lot.

    `order` is a place of the batch's orders, and its market and side say which lots. `rest` in
    quanta is what the order pays and the account does not get: it is the backstop's.
    """

    order: int
    account: int
    size: int
    price: int
    rest: int

    def __post_init__(self) -> None:
        ends = (
            ("order", 0, RESTING_PLACE + LARGEST.slots, Reason.ORDER_UNKNOWN),
            ("account", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
            ("size", 1, 1 << SIZE_BITS, Reason.SIZE_OUT_OF_BOUNDS),
            ("price", 1, 1 << PRICE_BITS, Reason.PRICE_OUT_OF_BOUNDS),
            ("rest", 0, 1 << REST_BITS, Reason.AMOUNT_OUT_OF_BOUNDS),
        )
        for name, low, end, reason in ends:
            require_bounds(f"takeover {name}", getattr(self, name), low, end, reason)


def full_rest(size: int, price: int, side: Side, terms: MarketTerms) -> int:
    """What an order of a side leaves to the backstop of `size` lots at a price, in quanta: the fee
    of a lot, and what its price is better for the account than the oracle's; or, less what it is
    worse."""
    better = price - terms.price if side is Side.BUY else terms.price - price
    return size * (terms.liquidation_fee + better)


def full_fee(size: int, terms: MarketTerms) -> int:
    """What an account that can pay it pays the backstop for `size` lots, in quanta: a tick a lot is
    one, so nothing is rounded here."""
    return size * terms.liquidation_fee


def fee_due(takeover: Takeover, terms: MarketTerms) -> int:
    """The whole fee of a takeover: none where it is not the backstop's, and so none of what is
    settled."""
    return full_fee(takeover.size, terms) if takeover.route is Route.BACKSTOP else 0


def liquidated_in(
    takeovers: Iterable[Takeover], by_orders: Iterable[OrderTakeover]
) -> frozenset[int]:
    """The accounts that lots are taken of, and those that take and are liquidated as well; whose
    lots are settled is not liquidated by that."""
    found = {takeover.account for takeover in by_orders}
    for takeover in takeovers:
        if takeover.route is Route.SETTLED:
            continue
        found.add(takeover.account)
        if takeover.route is Route.LIQUIDATED:
            found.add(takeover.taker)
    return frozenset(found)
