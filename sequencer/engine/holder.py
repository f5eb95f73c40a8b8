"""An account as the venue trades it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.account import Header
from rollup.protocol.holding import NOTHING, Holding
from rollup.protocol.margin import is_dust, margin_refusal, safety_of, triggers_of, value
from rollup.protocol.order import Order, Side
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import FRESH_SLOT, SlotState
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import Seat, leaf_of, side_of
from rollup.protocol.units import require_cash, require_position


@dataclass(slots=True, repr=False)
class Holder(Private):
    """What an account holds and did; slots never used are not listed. `seats` is where its
    positions are counted since the last batch that opened it, and `below` whether that left it
    below maintenance margin. `viewing_key` is the one that its header commits to, once the venue
    was told."""

    header: Header
    holding: Holding = NOTHING
    slots: dict[int, SlotState] = field(default_factory=dict)
    seats: tuple[Seat, ...] = ()
    below: bool = False
    viewing_key: Digest | None = None

    def rotate(self, header: Header) -> None:
        """Its owner gave it another header. A viewing key that this does not commit to fits no
        more."""
        if header.viewing != self.header.viewing:
            self.viewing_key = None
        self.header = header

    def slot(self, index: int) -> SlotState:
        """What may act in the slot next, and the order that the state holds there."""
        return self.slots.get(index, FRESH_SLOT)

    @property
    def leaves(self) -> tuple[int, ...]:
        """The leaves that count its positions."""
        return tuple(leaf_of(*seat) for seat in self.seats)

    def count(self, terms: Sequence[MarketTerms]) -> None:
        """Take the seats that the end of a batch gives it."""
        now = value(self.holding, terms)
        safety = max(0, safety_of(now))
        triggers = triggers_of(self.holding.positions, safety, terms)
        self.seats = seats_of(self.holding.positions, triggers)
        self.below = now.excess < 0


def seats_of(positions: Positions, triggers: Sequence[int]) -> tuple[Seat, ...]:
    """Where positions with these triggers are counted."""
    return tuple(
        Seat(market, side_of(size), trigger)
        for (market, size), trigger in zip(positions, triggers, strict=True)
    )


def trade_refusal(
    before: Holding, after: Holding, terms: Sequence[MarketTerms], acted: Collection[int]
) -> Reason | None:
    """Why orders may not bring an account there: its margin, its ladder, or a position that grew
    and is less than the least order. None if they may. `acted`: markets in which they were
    filled."""
    refusal = margin_refusal(before, after, terms, acted=acted)
    dust = refusal is None and is_dust(before, after, terms)
    return Reason.LEAST_ORDER if dust else refusal


def reducible(order: Order, holding: Holding) -> int:
    """Lots that an order may trade now for all that it says of reducing."""
    if not order.reduce_only:
        return order.size
    return facing(order.side, holding.positions[order.market])


def least_reducible(order: Order, holding: Holding, taken: int) -> int:
    """Lots that an order of the backstop, which only reduces, may trade now: fills come before
    takeovers, so that what it took in the batch is not there yet."""
    held = holding.positions[order.market]
    return min(order.size, *(facing(order.side, size) for size in (held, held - taken)))


def facing(side: Side, held: int) -> int:
    """Lots of a position that an order of a side may close."""
    return max(0, -held if side is Side.BUY else held)


def settled(holding: Holding, order: Order, paid: int, size: int, charge: int) -> Holding:
    """A side after the buyer's paying or the seller's receiving `paid`, paying its fee, and moving
    `size` lots. Rejected if its cash or position would be out of bounds."""
    sign = 1 if order.side is Side.BUY else -1
    cash = holding.cash - sign * paid - charge
    require_cash("cash", cash)
    market = order.market
    position = holding.positions[market] + sign * size
    require_position("position", position)
    return Holding(cash, holding.positions.put(market, position))


def known(holder: Holder | None) -> tuple[Holding | None, bytes | None]:
    """What an account holds and whose it is, as a queue entry is judged; nothing of one that is not
    there."""
    return (None, None) if holder is None else (holder.holding, holder.header.owner)
