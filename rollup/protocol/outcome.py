"""What applying a batch did, step by step: enough to prove it and to update a state store.

Nothing here is claimed by anybody: the rules derive all of it from the batch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rollup.crypto.curve import Point
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.account import Account, Header
from rollup.protocol.availability import Published
from rollup.protocol.barred import BarredExit
from rollup.protocol.batch import Fill, Globals, MarketsState
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.order import Order, Side
from rollup.protocol.outflow import SignedOutflow
from rollup.protocol.public import PublicInput
from rollup.protocol.slot import SlotState
from rollup.protocol.slot_steps import (
    NO_AUTHORITY,
    Authority,
    CancelStep,
    OrderStep,
    RestingStep,
    TouchedSlot,
)
from rollup.protocol.takeover import OrderTakeover, Route, Takeover, liquidated_in
from rollup.protocol.tally import Tally
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import Counters
from rollup.tree.multi import TouchedNode

Zones = Mapping[tuple[int, int], int]
"""By market and side, the nearest trigger to zero that was deleveraged: biased."""


class Valuation(NamedTuple):
    """A holding at the batch's terms, in whole quanta: cash and sizes times what a lot adds.

    `equity` counts a lot at its value; `excess` is what is left over maintenance, with side values
    of whole buckets; `initial` over initial margin; `ladder` what a bucket of all positions is
    worth, which is above zero unless nothing is held.
    """

    equity: int
    excess: int
    initial: int
    ladder: int


@dataclass(frozen=True, slots=True, repr=False)
class Closing(Private):
    """How the closing rule found an account: at the mark, which is its old leaf at the batch's
    terms, and as the batch leaves it.

    `safety` is the k of its triggers, `below` the flag it is left with, `grew` whether any size
    grew or changed its sign, or cash left by an outflow.
    """

    mark: Valuation
    after: Valuation
    safety: int
    below: bool
    grew: bool


@dataclass(frozen=True, slots=True, repr=False)
class DepositStep(Private):
    """One queue entry at its memory timestamp; `existed` is before it, and `owner` whose the
    account was. Refused: nothing changes. Lots are those in the market of the asset that the entry
    is of, 0 for USDC."""

    timestamp: int
    entry: QueueEntry
    outcome: DepositOutcome
    existed: bool
    owner: bytes | None
    cash_before: int
    cash_after: int
    lots_before: int = 0
    lots_after: int = 0

    @property
    def asks_owner(self) -> bool:
        """Whether the owner of the account decides: it is there, and another key, or its money, is
        asked for."""
        decided = (
            DepositOutcome.CREDITED,
            DepositOutcome.CASH_OVERFLOW,
            DepositOutcome.NOT_OWNER,
            DepositOutcome.EXIT_BARRED,
        )
        owned = (EntryKind.ROTATE, EntryKind.EXIT)
        return self.entry.kind in owned and self.outcome in decided

    @property
    def is_exit(self) -> bool:
        """Whether it asks for money, and brings none."""
        return self.entry.kind is EntryKind.EXIT


@dataclass(frozen=True, slots=True, repr=False)
class SideStep(Private):
    """What a fill did to one side. An order that it is the first to fill is in its slot before it.

    `order` is a place of the batch's orders; `fee_rate` in millionths, `fee` and cash in quanta.
    """

    order: int
    account: int
    slot: int
    slot_before: SlotState
    slot_after: SlotState
    fee_rate: int
    fee: int
    cash_before: int
    cash_after: int
    position_before: int
    position_after: int


@dataclass(frozen=True, slots=True, repr=False)
class FillStep(Private):
    """One fill at its memory timestamp. `notional` = price x size, in quanta, is what fees are of;
    `moved` = size x (price - F) is what the buyer pays the seller."""

    timestamp: int
    fill: Fill
    market: int
    notional: int
    moved: int
    buyer: SideStep
    seller: SideStep


@dataclass(frozen=True, slots=True, repr=False)
class HolderStep(Private):
    """What a takeover did to one of its two accounts."""

    account: int
    cash_before: int
    cash_after: int
    position_before: int
    position_after: int


@dataclass(frozen=True, slots=True, repr=False)
class TakeoverStep(Private):
    """One takeover at its memory timestamp. `short`: the lots were owed, not held. Where its route
    says so `taker` is liquidated too; it is None where the estate takes, and where `liquidated` is
    whose position is settled, who is not liquidated by that."""

    timestamp: int
    takeover: Takeover
    short: bool
    liquidated: HolderStep
    taker: HolderStep | None


def settled_of(takeovers: Iterable[TakeoverStep]) -> list[tuple[int, int]]:
    """Market and size of what was settled, lots that were owed below zero."""
    return [
        (step.takeover.market, step.liquidated.position_before)
        for step in takeovers
        if step.takeover.route is Route.SETTLED
    ]


@dataclass(frozen=True, slots=True, repr=False)
class OrderTakeoverStep(Private):
    """One takeover by an order at its memory timestamp. `notional` = price x size is what the
    order's fee is of, `moved` = size x (price - F) what it pays or is paid; `full` is the whole
    rest."""

    timestamp: int
    takeover: OrderTakeover
    market: int
    side: Side
    notional: int
    moved: int
    full: int
    taker: SideStep
    liquidated: HolderStep


@dataclass(frozen=True, slots=True, repr=False)
class PurseStep(Private):
    """What a transfer did to the account that receives it: its cash, or its position."""

    account: int
    before: int
    after: int


@dataclass(frozen=True, slots=True, repr=False)
class OutflowStep(Private):
    """One outflow at its memory timestamp, with the key it was signed by and the owner of its
    account, an L1 address. `before` and `after` are of the account's cash, or of its position in
    the market of the asset. `receiver` is None for a withdrawal."""

    timestamp: int
    signed: SignedOutflow
    key: Point
    owner: bytes
    slot_before: SlotState
    slot_after: SlotState
    before: int
    after: int
    receiver: PurseStep | None


@dataclass(frozen=True, slots=True, repr=False)
class FeeStep(Private):
    """The one credit of the batch's fees, or of its rests, at its memory timestamp; the amount may
    be 0."""

    timestamp: int
    account: int
    amount: int
    cash_before: int
    cash_after: int


@dataclass(frozen=True, slots=True, repr=False)
class Steps(Private):
    """What a batch did to cash, positions and slots, in its order, before any leaf is hashed.

    `steady` says of each market whether its price is fresh and unclamped; `exhausted` are the
    accounts that paid less than the whole fee of a takeover; `zones` says for each market and side
    in which somebody was deleveraged down to which trigger, and has the side that nobody has of an
    asset of which the estate took; `tallies` are those that the batch leaves; `refreshed` are the
    refresh fees by account; `rests` is what takeovers by orders left to the backstop and what these
    fees come to, where there is any."""

    terms: tuple[MarketTerms, ...]
    steady: tuple[bool, ...]
    deposits: tuple[DepositStep, ...]
    orders: tuple[OrderStep, ...]
    fills: tuple[FillStep, ...]
    takeovers: tuple[TakeoverStep, ...]
    outflows: tuple[OutflowStep, ...]
    fees: FeeStep
    closings: Mapping[int, Closing]
    exhausted: frozenset[int]
    zones: Zones
    tallies: tuple[Tally, ...]
    order_takeovers: tuple[OrderTakeoverStep, ...] = ()
    rests: FeeStep | None = None
    refreshed: Mapping[int, int] = field(default_factory=dict)
    resting: tuple[RestingStep, ...] = ()
    cancels: tuple[CancelStep, ...] = ()
    authority: Authority = NO_AUTHORITY

    def order_of(self, place: int) -> Order:
        """The order at a place, as a fill names it."""
        if place < RESTING_PLACE:
            return self.orders[place].signed.order
        return self.resting[place - RESTING_PLACE].order

    @property
    def liquidated(self) -> frozenset[int]:
        """The accounts that were liquidated: lots were taken of them, or they took from another
        such account."""
        return liquidated_in(
            (step.takeover for step in self.takeovers),
            (step.takeover for step in self.order_takeovers),
        )

    @property
    def estate(self) -> dict[int, int]:
        """Lots that the estate took, by market, rising."""
        found: dict[int, int] = {}
        for step in self.takeovers:
            if step.takeover.route is Route.ESTATE:
                market = step.takeover.market
                found[market] = found.get(market, 0) + step.takeover.size
        return dict(sorted(found.items()))

    @property
    def estate_paid(self) -> int:
        """What it credited for them, in quanta."""
        return sum(lots * self.terms[market].value for market, lots in self.estate.items())

    @property
    def deleveraged(self) -> frozenset[tuple[int, int]]:
        """(account, market) of each position that was deleveraged."""
        return frozenset(
            (step.takeover.taker, step.takeover.market)
            for step in self.takeovers
            if step.takeover.route is Route.DELEVERAGED
        )


@dataclass(frozen=True, slots=True, repr=False)
class TouchedAccount(Private):
    """An account opened once and closed once. None: no such account. `headers` are the digests of
    the header that was opened, which the batch may have registered, and of the one it is closed
    with, both 0s if it does not exist after the batch either; `opened` is the first, `rotated` says
    that the owner exchanged it for the second. `markets` are those whose positions were opened,
    rising: what it held and what it traded. `exempt`: it may stay where others are deleveraged.
    `dealt`: it was due, or is below maintenance no more, so that it counts as progress.
    `viewing_key` is its own, where the venue was told it."""

    index: int
    before: Account | None
    after: Account | None
    opened: Header | None
    headers: tuple[Digest, Digest]
    rotated: bool
    leaf_before: Digest
    leaf_after: Digest
    slots: tuple[TouchedSlot, ...]
    markets: tuple[int, ...]
    closing: Closing
    liquidated: bool
    exhausted: bool
    exempt: bool
    dealt: bool
    viewing_key: Digest | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TouchedTriggers(Private):
    """A leaf of the trigger tree opened once and closed once: after = before + plus - minus,
    counter by counter. `swept` says of which counters it is shown what they count: a frontier or
    deleveraging passed them. `staying` is that: the positions that may stay in a zone; else 0."""

    index: int
    before: Counters
    after: Counters
    plus: Counters
    minus: Counters
    swept: tuple[bool, ...]
    staying: Counters
    leaf_before: Digest
    leaf_after: Digest


class Spent(NamedTuple):
    """What a batch does for its step: positions that takeovers close out and accounts that they
    heal, accounts that are dealt with, positions of these, and buckets by which frontiers come
    down."""

    finished: int
    accounts: int
    positions: int
    buckets: int


class Progress(NamedTuple):
    """How a batch makes progress: `by` is 0 where it closes its step, else 1 plus a place in
    `Spent`, which is `over` its quota by so much."""

    by: int
    over: int


@dataclass(frozen=True, slots=True, repr=False)
class Outcome(Private):
    """All that a batch did, in the order it happened. `frontiers_before` has those that the batch
    started from, for every market that it lists: a new market's are at its price. `spent` is
    what it did for its step, and `progress` how that is some, or None
    (rollup.protocol.progress). `barred` are the exits that were refused, each with the reason;
    `published` is what is published of each account that exists, in their order."""

    public: PublicInput
    steps: Steps
    accounts: tuple[TouchedAccount, ...]
    account_nodes: tuple[TouchedNode, ...]
    slot_nodes: tuple[TouchedNode, ...]
    triggers: tuple[TouchedTriggers, ...]
    trigger_nodes: tuple[TouchedNode, ...]
    frontiers_before: tuple[tuple[int, int], ...]
    accounts_root_before: Digest
    accounts_root_after: Digest
    triggers_root_before: Digest
    triggers_root_after: Digest
    markets_before: MarketsState
    markets_after: MarketsState
    globals_before: Globals
    globals_after: Globals
    spent: Spent
    progress: Progress | None
    barred: tuple[BarredExit, ...] = ()
    published: tuple[Published, ...] = ()
