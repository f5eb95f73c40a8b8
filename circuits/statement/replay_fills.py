"""Fills as columns: those of two orders, and takeovers by orders, which come first.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from circuits.gadgets.balanced import COUNT, balanced
from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.statement.columns import Clock, biased, biased_cash, column, matrix
from circuits.statement.replay_slots import SlotTimes
from circuits.tables.records import (
    I64,
    CashAccess,
    FillRecords,
    FillSide,
    PositionAccess,
    SlotAccess,
)
from rollup.private import Private
from rollup.protocol.constants import MOVED_BITS, POSITION_LIMIT, PRICE_BITS, REST_BITS
from rollup.protocol.encoding import limbs
from rollup.protocol.order import Order, Side
from rollup.protocol.outcome import (
    FillStep,
    HolderStep,
    OrderTakeoverStep,
    Outcome,
    SideStep,
    TakeoverStep,
)
from rollup.protocol.takeover import Route
from rollup.protocol.terms import MarketTerms

_ORDER_MEMBERS = (
    "slot",
    "pegged",
    "reduce_only",
    "when_clamped",
    "max_fee",
)
_NO_ORDER = (0,) * len(_ORDER_MEMBERS)
_of_order = attrgetter(*_ORDER_MEMBERS)

Seat = tuple[int, int]
"""An account and a market."""

_HalfOf = Callable[["SideStep | HolderStep", int, int, int], "_Half"]
"""The half of a step, from what it is charged, its market and its time."""


@dataclass(slots=True, repr=False)
class _Half(Private):
    """One side of a row: of an order, or an account that is liquidated."""

    step: SideStep | HolderStep
    charge: int  # its fee, or what it leaves to the backstop
    traded: int
    took: int
    cash_ts: int
    position_ts: int
    slot_ts: int


@dataclass(slots=True, repr=False)
class _Row(Private):
    """A row of the table."""

    market: int
    price: int
    size: int
    taker: Side
    notional: int
    moved: int
    waived: int
    exhausted: bool
    halves: tuple[_Half, _Half]


def fills(outcome: Outcome, clock: Clock, times: SlotTimes) -> FillRecords:
    """The records of the fill table, each access with the time of the one before it."""
    rows, terms = _rows(outcome, clock, times), outcome.steps.terms
    backstop = outcome.public.governance.backstop_account
    buyers, sellers = ([row.halves[side] for row in rows] for side in (0, 1))
    found = [terms[row.market] for row in rows]
    return FillRecords(
        market=column(row.market for row in rows),
        price=column(row.price for row in rows),
        size=column(row.size for row in rows),
        taker=column(row.taker for row in rows),
        notional=column(row.notional for row in rows),
        moved=biased(1 << MOVED_BITS, (row.moved for row in rows)),
        rate=(
            column(_rate(row, Side.BUY, each) for row, each in zip(rows, found, strict=True)),
            column(_rate(row, Side.SELL, each) for row, each in zip(rows, found, strict=True)),
        ),
        band_low=column(_least(r, each, backstop) for r, each in zip(rows, found, strict=True)),
        band_high=column(_most(r, each, backstop) for r, each in zip(rows, found, strict=True)),
        taker_fee=column(each.taker_fee for each in found),
        maker_fee=column(each.maker_fee for each in found),
        funding=matrix([balanced(each.funding) for each in found], COUNT),
        oracle=column(each.price for each in found),
        net=matrix([_net(row, each) for row, each in zip(rows, found, strict=True)], 3),
        clip_low=column(each.price - each.clip for each in found),
        clip_high=column(each.price + each.clip for each in found),
        steady=column(outcome.steps.steady[row.market] for row in rows),
        waived=column(row.waived % 2**REST_BITS for row in rows),
        exhausted=column(row.exhausted for row in rows),
        sides=(_side(outcome, rows, buyers), _side(outcome, rows, sellers)),
    )


def times_ordered(outcome: Outcome) -> tuple[Counter[Seat], Counter[Seat]]:
    """How often orders of an account met others in a market, and took of liquidated accounts; or it
    took as the backstop."""
    fills = outcome.steps.fills
    backstop = outcome.public.governance.backstop_account
    seats = [(side.account, s.market) for s in fills for side in (s.buyer, s.seller)]
    traded = Counter(seat for seat in seats if seat[0] != backstop)
    return traded, times_taken_by_orders(outcome) + taken_by_backstop(outcome)


def times_taken_by_orders(outcome: Outcome) -> Counter[Seat]:
    """How often orders of an account took of liquidated accounts in a market."""
    return Counter((step.taker.account, step.market) for step in outcome.steps.order_takeovers)


def taken_by_backstop(outcome: Outcome) -> Counter[Seat]:
    """How often the backstop took of liquidated accounts in a market."""
    takers = (seat_of_backstop(step) for step in outcome.steps.takeovers)
    return Counter(seat for seat in takers if seat is not None)


def seat_of_backstop(step: TakeoverStep) -> Seat | None:
    """The backstop and the market, where it is the one that takes."""
    if step.taker is None or step.takeover.route is not Route.BACKSTOP:
        return None
    return step.taker.account, step.takeover.market


def limb_sums(amounts: Iterable[int]) -> I64:
    """Sums of the lowest four limbs of some amounts."""
    found = [[amount >> 13 * place & 8191 for place in range(4)] for amount in amounts]
    sums: I64 = np.array(found, dtype=np.int64).reshape(-1, 4).sum(axis=0)
    return sums


def _rows(outcome: Outcome, clock: Clock, times: SlotTimes) -> list[_Row]:
    traded: Counter[Seat] = Counter()
    took: Counter[Seat] = Counter()
    backstop = outcome.public.governance.backstop_account

    def half(step: SideStep | HolderStep, charge: int, market: int, timestamp: int) -> _Half:
        seat = (step.account, market)
        cash = clock.touch(step.account, CASH_WORD, timestamp)
        position = clock.touch(step.account, POSITION_WORD + market, timestamp)
        slot = 0
        if isinstance(step, SideStep):
            slot = times.before((step.account, step.slot), timestamp)
        return _Half(step, charge, traded[seat], took[seat], cash, position, slot)

    rows = []
    for each in outcome.steps.order_takeovers:
        rows.append(_of_takeover(outcome, each, half))
        took[each.taker.account, each.market] += 1
    for fill in outcome.steps.fills:
        rows.append(_of_fill(fill, half))
        for side in (fill.buyer, fill.seller):
            traded[side.account, fill.market] += side.account != backstop
    return rows


def _of_fill(step: FillStep, half: _HalfOf) -> _Row:
    sides = (step.buyer, step.seller)
    buyer, seller = (half(side, side.fee, step.market, step.timestamp) for side in sides)
    fill = step.fill
    numbers = (step.market, fill.price, fill.size, fill.taker, step.notional, step.moved)
    return _Row(*numbers, 0, False, (buyer, seller))


def _of_takeover(outcome: Outcome, step: OrderTakeoverStep, half: _HalfOf) -> _Row:
    takeover = step.takeover
    order = half(step.taker, step.taker.fee, step.market, step.timestamp)
    other = half(step.liquidated, takeover.rest, step.market, step.timestamp)
    buys = step.side is Side.BUY
    taker = Side.SELL if buys else Side.BUY
    numbers = (step.market, takeover.price, takeover.size, taker, step.notional, step.moved)
    exhausted = takeover.account in outcome.steps.exhausted
    halves = (order, other) if buys else (other, order)
    return _Row(*numbers, step.full - takeover.rest, exhausted, halves)


def _is_taken(half: _Half) -> bool:
    return not isinstance(half.step, SideStep)


def _rate(row: _Row, side: Side, terms: MarketTerms) -> int:
    """As the step says it; of an account that is liquidated, what the circuit's row has."""
    step = row.halves[side].step
    return step.fee_rate if isinstance(step, SideStep) else terms.taker_fee


def _least(row: _Row, terms: MarketTerms, backstop: int) -> int:
    seller = row.halves[Side.SELL]
    if _is_taken(seller):
        return terms.least_bid
    return terms.price if _is_of(seller, backstop) else terms.band_low


def _most(row: _Row, terms: MarketTerms, backstop: int) -> int:
    buyer = row.halves[Side.BUY]
    if _is_taken(buyer):
        return terms.most_asked
    return terms.price if _is_of(buyer, backstop) else terms.band_high


def _is_of(half: _Half, backstop: int) -> bool:
    """Whether it is an order of the backstop."""
    return not _is_taken(half) and half.step.account == backstop


def _net(row: _Row, terms: MarketTerms) -> tuple[int, ...]:
    """Limbs of what an account that is liquidated gets or gives for a lot, but for F."""
    buyer, seller = row.halves
    if _is_taken(seller):
        return limbs(terms.price - terms.liquidation_fee, PRICE_BITS)
    price = terms.price + terms.liquidation_fee
    return limbs(price, PRICE_BITS) if _is_taken(buyer) else (0, 0, 0)


def _side(outcome: Outcome, rows: Sequence[_Row], halves: Sequence[_Half]) -> FillSide:
    orders = [_order_of(outcome, half) for half in halves]
    numbers = [_NO_ORDER if order is None else _of_order(order) for order in orders]
    of_order = dict(zip(_ORDER_MEMBERS, matrix(numbers, len(_ORDER_MEMBERS)).T, strict=True))
    account = column(half.step.account for half in halves)
    exists = np.ones(len(halves), dtype=np.int64)
    slots = [half.step if isinstance(half.step, SideStep) else None for half in halves]

    backstop = outcome.public.governance.backstop_account
    theirs = column(_is_of(half, backstop) for half in halves)
    return FillSide(
        taken=column(order is None for order in orders),
        account=account,
        slot=of_order["slot"],
        generation=column(0 if order is None else order.generation + 1 for order in orders),
        limit=column(
            row.price if order is None else order.price
            for row, order in zip(rows, orders, strict=True)
        ),
        pegged=of_order["pegged"],
        reduce_only=of_order["reduce_only"],
        when_clamped=of_order["when_clamped"],
        backstop=theirs,
        max_fee=of_order["max_fee"],
        fee=column(half.charge for half in halves),
        traded=column(half.traded for half in halves),
        took=column(half.took for half in halves),
        cash=CashAccess(
            account=account,
            previous_ts=column(half.cash_ts for half in halves),
            before=biased_cash(half.step.cash_before for half in halves),
            after=biased_cash(half.step.cash_after for half in halves),
            existed=exists,
            exists=exists,
        ),
        position=PositionAccess(
            previous_ts=column(half.position_ts for half in halves),
            before=column(half.step.position_before + POSITION_LIMIT for half in halves),
            after=column(half.step.position_after + POSITION_LIMIT for half in halves),
        ),
        slot_access=SlotAccess(
            previous_ts=column(half.slot_ts for half in halves),
            left_before=column(0 if s is None else s.slot_before.left for s in slots),
            left_after=column(0 if s is None else s.slot_after.left for s in slots),
        ),
    )


def _order_of(outcome: Outcome, half: _Half) -> Order | None:
    step = half.step
    return outcome.steps.order_of(step.order) if isinstance(step, SideStep) else None
