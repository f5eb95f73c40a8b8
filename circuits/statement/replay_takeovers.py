"""Takeovers as columns: from the steps of a batch to the records of their table.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections.abc import Sequence

import numpy as np

from circuits.gadgets.balanced import balanced
from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.statement.columns import Clock, biased_cash, column, matrix
from circuits.statement.inputs import lot_fee
from circuits.statement.replay_fills import seat_of_backstop, times_taken_by_orders
from circuits.tables.records import CashAccess, PositionAccess, TakeoverHolder, TakeoverRecords
from circuits.tables.takeover.columns import FULL_FEE_BITS
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT
from rollup.protocol.encoding import limbs
from rollup.protocol.outcome import HolderStep, Outcome
from rollup.protocol.takeover import Route, Takeover, full_fee
from rollup.protocol.terms import MarketTerms

DELEVERAGED = 2
"""Standing of a position that is deleveraged, on LIQUIDATION."""

_NOBODY = HolderStep(0, -CASH_LIMIT, -CASH_LIMIT, -POSITION_LIMIT, -POSITION_LIMIT)
"""Words of zero, where the estate takes, or what is settled nobody."""

_TAKE_WIDTH = 6
_WAIVED_WIDTH = len(limbs(0, FULL_FEE_BITS))


def takeovers(outcome: Outcome, clock: Clock) -> TakeoverRecords:
    """The records of the takeover table, each access with the time of the one before it."""
    steps, terms = outcome.steps.takeovers, outcome.steps.terms
    asked = [step.takeover for step in steps]
    exhausted = outcome.steps.exhausted
    waived = [full_fee(each.size, terms[each.market]) - each.fee for each in asked]
    closes = [each.closes for each in asked]
    took = times_taken_by_orders(outcome)
    counts: tuple[list[int], list[int]] = ([], [])
    both: tuple[list[HolderStep | None], list[HolderStep | None]] = ([], [])
    times: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for step in steps:
        for side, holder in enumerate((step.liquidated, step.taker)):
            both[side].append(holder)
            if holder is None:
                times[side].append((0, 0))
                counts[side].append(0)
                continue
            words = (CASH_WORD, POSITION_WORD + step.takeover.market)
            cash, position = (clock.touch(holder.account, w, step.timestamp) for w in words)
            times[side].append((cash, position))
            counts[side].append(took[holder.account, step.takeover.market])
        seat = seat_of_backstop(step)
        if seat is not None:
            took[seat] += 1
    return TakeoverRecords(
        account=column(each.account for each in asked),
        market=column(each.market for each in asked),
        short=column(step.short for step in steps),
        exhausted=column(each.account in exhausted for each in asked),
        take=matrix([_take_numbers(terms[each.market]) for each in asked], _TAKE_WIDTH),
        size=column(each.size for each in asked),
        fee=column(each.fee for each in asked),
        waived=matrix([_waived_limbs(each) for each in waived], _WAIVED_WIDTH),
        closes=column(closes),
        settled=column(each.route is Route.SETTLED for each in asked),
        estate=column(each.route is Route.ESTATE for each in asked),
        taker_account=column(0 if step.taker is None else step.taker.account for step in steps),
        standing=column(_standing_of(each, exhausted) for each in asked),
        liquidated=_holder(both[0], times[0], counts[0]),
        taker=_holder(both[1], times[1], counts[1]),
    )


def _standing_of(takeover: Takeover, exhausted: frozenset[int]) -> int:
    """How a taker that is not the backstop loses its lots, as LIQUIDATION says it."""
    if takeover.route is Route.DELEVERAGED:
        return DELEVERAGED
    return int(takeover.route is Route.LIQUIDATED and takeover.taker in exhausted)


def _take_numbers(terms: MarketTerms) -> tuple[int, ...]:
    return (*balanced(terms.value), *lot_fee(terms))


def _waived_limbs(amount: int) -> tuple[int, ...]:
    """Limbs of what is waived; a forged amount below zero is taken modulo 2^70."""
    return limbs(amount % 2**FULL_FEE_BITS, FULL_FEE_BITS)


def _holder(
    found: Sequence[HolderStep | None], times: Sequence[tuple[int, int]], took: Sequence[int]
) -> TakeoverHolder:
    """One of the two accounts of each; zeros of none."""
    steps = [_NOBODY if step is None else step for step in found]
    exists = np.ones(len(steps), dtype=np.int64)
    return TakeoverHolder(
        cash=CashAccess(
            account=column(step.account for step in steps),
            previous_ts=column(cash for cash, _ in times),
            before=biased_cash(step.cash_before for step in steps),
            after=biased_cash(step.cash_after for step in steps),
            existed=exists,
            exists=exists,
        ),
        position=PositionAccess(
            previous_ts=column(position for _, position in times),
            before=column(step.position_before + POSITION_LIMIT for step in steps),
            after=column(step.position_after + POSITION_LIMIT for step in steps),
        ),
        took=column(took),
    )
