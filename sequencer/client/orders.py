"""Own orders: what was sent, what became of it, and which fills it brought.

An order is told of twice: in the sealed answer to its envelope, at once, and in the account's
history, by cursor, for good. Both tell the same facts, so the larger of both counts, never the
sum: fills come from the history alone, and what an answer says of an order is replaced by what the
history says of it.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from rollup.private import Private
from rollup.protocol.market import Market
from rollup.protocol.order import PEG_BIAS, Order, Side
from rollup.protocol.receipt import SignedReceipt
from sequencer.client.amounts import cash_of, price_of, size_of
from sequencer.client.errors import WrongAnswer
from sequencer.client.records import Fact, FactKind, LiveRow
from sequencer.client.slots import Key

NOT_TOLD = "not-told"
"""Reason of an order that is gone, where the venue no longer tells why."""

LOST = "never-arrived"
"""Reason of an order that the venue never had and can no longer take."""


TAKEN = ("slot-busy", "generation-used", "generation-dead")
"""What the venue says to an order that it has already."""


class State(StrEnum):
    """Where an order is. From the last three it never returns, unless batches are made anew."""

    SENT = "sent"
    """On its way; or sent, and nothing was heard of it."""
    LIVE = "live"
    FILLED = "filled"
    ENDED = "ended"
    REFUSED = "refused"


FINAL = (State.FILLED, State.ENDED, State.REFUSED)


@dataclass(slots=True, repr=False)
class Fill(Private):
    """One trade of an own order, in a batch that ends at `time` (the venue's ms). `fee` is what it
    cost in USDC. `is_void` once the batch is made anew."""

    key: Key
    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    batch: int
    time: int
    is_maker: bool
    lots: int
    client_id: str | None = None
    is_void: bool = False


@dataclass(slots=True, repr=False)
class Liquidation(Private):
    """Lots that the account lost in a batch that ends at `time` (the venue's ms): `size` sold or
    bought back at the oracle's `price`, for a `fee` in USDC; or `deleveraged`, for none; or
    `settled`, since the market has ended, at its last price and for none."""

    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    batch: int
    time: int
    is_void: bool = False
    deleveraged: bool = False
    settled: bool = False


@dataclass(slots=True, repr=False)
class OwnOrder(Private):
    """One order of this account. `order` is what was signed: None for one that was placed before
    this client was started. Sizes in lots; `terms` holds the market's scale. `replaces` is what
    lived in its slot as it was sent, if anything did."""

    key: Key
    market: Market
    side: Side
    ticks: int
    lots: int
    expiry: int
    client_id: str | None = None
    order: Order | None = None
    pegged: bool = False
    replaces: Key | None = None
    state: State = State.SENT
    remaining: int = 0
    reason: str | None = None
    digest: str | None = None
    fills: list[Fill] = field(default_factory=list)
    receipts: list[SignedReceipt] = field(default_factory=list)
    told_lots: int = 0
    is_told: bool = False
    """Whether the account's history has told of it."""
    good_until: int = 0
    sealings: int = 0
    heard_at: int | None = None
    """When the venue's answer to its envelope was read, in the session's count of requests; None
    while nobody knows whether it came."""

    @property
    def price(self) -> Decimal:
        """For people; of a pegged order how far from the oracle's price it is."""
        ticks = self.ticks - PEG_BIAS if self.pegged else self.ticks
        return price_of(ticks, self.market)

    @property
    def size(self) -> Decimal:
        """For people."""
        return size_of(self.lots, self.market)

    @property
    def remaining_size(self) -> Decimal:
        """For people."""
        return size_of(self.remaining, self.market)

    @property
    def filled(self) -> Decimal:
        """For people."""
        return size_of(self.filled_lots, self.market)

    @property
    def filled_lots(self) -> int:
        """What was traded, of fills that stand: as far as the history was read, or the answer to
        its envelope told before that."""
        return max(self.told_lots, sum(fill.lots for fill in self.fills if not fill.is_void))

    @property
    def is_final(self) -> bool:
        """Whether it has left the venue, or never was there."""
        return self.state in FINAL

    def may_be_there(self, reason: str | None) -> bool:
        """Whether a refusal may mean that this very order came before: it was sealed more than
        once, for want of an answer, and the venue says that slot or generation are taken."""
        return self.sealings > 1 and reason in TAKEN

    def end(self, state: State, reason: str, remaining: int | None = None) -> None:
        """It is gone."""
        self.state, self.reason = state, reason
        if remaining is not None:
            self.remaining = remaining

    def apply(self, fact: Fact) -> None:
        """One fact of its own, from an answer or from the history: the same ones twice change
        nothing, since each says where the order stands after it."""
        match fact.kind:
            case FactKind.ACCEPTED | FactKind.WAITING:
                self._lives(self.remaining)
            case FactKind.RESTED:
                self._lives(fact.remaining or 0)
            case FactKind.LIVES:
                self.state, self.reason = State.LIVE, None
                self.remaining = fact.remaining or 0
            case FactKind.REFUSED:
                if not self.may_be_there(fact.reason):
                    self.end(State.REFUSED, fact.reason or NOT_TOLD)
            case FactKind.ENDED:
                filled = fact.reason == "filled"
                self.end(State.FILLED if filled else State.ENDED, fact.reason or NOT_TOLD)
                self.remaining = fact.remaining or 0
            case _:
                return

    def _lives(self, remaining: int) -> None:
        if not self.is_final:
            self.state, self.remaining = State.LIVE, remaining

    def fill(self, fact: Fact) -> Fill:
        """A fill that the history tells of, once. WrongAnswer if it is not of the order's side."""
        found = fill_of(fact, self.market, self.client_id)
        if found.side is not self.side:
            raise WrongAnswer(f"a fill of the other side than order {self.key} has")
        self.fills.append(found)
        if not self.is_final:
            self.state = State.LIVE
            self.remaining = max(0, self.lots - self.filled_lots)
        return found

    def lives_as(self, row: LiveRow) -> None:
        """The venue's own table says that it lives."""
        self.state, self.reason, self.remaining = State.LIVE, None, row.remaining


def fill_of(fact: Fact, market: Market, client_id: str | None = None) -> Fill:
    """The fill that a fact tells of."""
    return Fill(
        key=fact.key,
        symbol=market.symbol,
        side=Side(fact.side or 0),
        price=price_of(fact.price or 0, market),
        size=size_of(fact.size or 0, market),
        fee=cash_of(fact.fee or 0),
        batch=fact.number or 0,
        time=fact.time or 0,
        is_maker=bool(fact.is_maker),
        lots=fact.size or 0,
        client_id=client_id,
    )


def liquidation_of(fact: Fact, market: Market) -> Liquidation:
    """The liquidation that a fact tells of."""
    return Liquidation(
        symbol=market.symbol,
        side=Side(fact.side or 0),
        price=price_of(fact.price or 0, market),
        size=size_of(fact.size or 0, market),
        fee=cash_of(fact.fee or 0),
        batch=fact.number or 0,
        time=fact.time or 0,
        deleveraged=fact.kind is FactKind.DELEVERAGED,
        settled=fact.kind is FactKind.SETTLED,
    )


def adopted(row: LiveRow, market: Market) -> OwnOrder:
    """An order that lives and that this client did not place: an earlier run's."""
    side = Side(row.side)
    terms = (row.price, row.size, row.expiry)
    found = OwnOrder(row.key, market, side, *terms, pegged=row.pegged)
    found.lives_as(row)
    found.heard_at = 0
    return found
