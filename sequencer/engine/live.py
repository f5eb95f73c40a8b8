"""A live order: signed, not finished, somewhere between admission and its end."""

from dataclasses import dataclass

from rollup.protocol.order import Order, Side, SignedOrder

OrderKey = tuple[int, int, int]
"""(account, slot, generation): what an order is called; used once."""


@dataclass(slots=True, eq=False, repr=False)
class LiveOrder:
    """An order with the lots it still wants. `sequence` is its place in time, unique in a venue.

    Compared by identity: one object is one order. `receipt` is that of its Submit. `is_resting` is
    the book's to set.
    """

    signed: SignedOrder
    remaining: int
    sequence: int
    receipt: int
    is_resting: bool = False

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


def accepts(order: Order, price: int) -> bool:
    """Whether `price` is at least as good as the order's limit."""
    return price <= order.price if order.side is Side.BUY else price >= order.price


def opposite(side: Side) -> Side:
    """The side an order trades with."""
    return Side.SELL if side is Side.BUY else Side.BUY
