"""A live order: signed, not finished, somewhere between admission and its end."""

from dataclasses import dataclass, field

from rollup.protocol.order import Order, Side, SignedOrder
from rollup.protocol.trade import bounded

OrderKey = tuple[int, int, int]
"""(account, slot, generation): what an order is called; used once."""


@dataclass(slots=True, eq=False, repr=False)
class LiveOrder:
    """An order with the lots it still wants. `sequence` is its place in time, unique in a venue.

    Compared by identity: one object is one order. `receipt` is that of its Submit. `limit` is the
    worst price that it accepts in this batch: a pegged order's moves with the oracle's, and is
    known once `peg` was called. One `of_backstop` has no limit that is worse than the oracle's
    price, and only reduces. `is_resting` is the book's to set.
    """

    signed: SignedOrder
    remaining: int
    sequence: int
    receipt: int
    of_backstop: bool = False
    is_resting: bool = False
    limit: int = field(init=False)

    def __post_init__(self) -> None:
        self.limit = self.order.price

    def __repr__(self) -> str:
        return f"LiveOrder({self.sequence}, private)"

    @property
    def order(self) -> Order:
        """What was signed."""
        return self.signed.order

    @property
    def key(self) -> OrderKey:
        """What it is called."""
        order = self.signed.order
        return (order.account, order.slot, order.generation)

    @property
    def moves(self) -> bool:
        """Whether its limit moves with the oracle's price."""
        return self.order.pegged or self.of_backstop

    def limit_at(self, oracle: int) -> int:
        """The worst price that it accepts in a batch with this oracle price."""
        limit = self.order.limit(oracle)
        return bounded(limit, self.order.side, oracle) if self.of_backstop else limit

    def peg(self, oracle: int) -> None:
        """Take the limit that this oracle price gives."""
        self.limit = self.limit_at(oracle)

    def accepts(self, price: int) -> bool:
        """Whether a price is at least as good as the limit."""
        is_buy = self.order.side is Side.BUY
        return price <= self.limit if is_buy else price >= self.limit


def opposite(side: Side) -> Side:
    """The side an order trades with."""
    return Side.SELL if side is Side.BUY else Side.BUY
