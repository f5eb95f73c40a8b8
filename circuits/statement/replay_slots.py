"""Slots as columns: what rests in them before and after a batch, and when they were accessed.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections.abc import Iterator, Sequence
from operator import attrgetter

import numpy as np

from circuits.statement.columns import column
from circuits.tables.slot_records import RestingRecords, SlotRecords
from rollup.private import Private
from rollup.protocol.outcome import Outcome
from rollup.protocol.slot import RestingOrder, SlotKey
from rollup.protocol.slot_codec import RESTING

_of_order = attrgetter(*RESTING)
_NOTHING = (0,) * len(RESTING)


class SlotTimes(Private):
    """When each slot was accessed: what was signed takes its slot at times of its own, between
    those of fills."""

    def __init__(self, outcome: Outcome) -> None:
        self._previous: dict[tuple[SlotKey, int], int] = {}
        self._last: dict[SlotKey, int] = {}
        for now, key in sorted(_accesses(outcome)):
            self._previous[key, now] = self._last.get(key, 0)
            self._last[key] = now

    def before(self, key: SlotKey, now: int) -> int:
        """Timestamp of the access before the one at that time (0: none in this batch)."""
        return self._previous[key, now]

    def last(self, key: SlotKey) -> int:
        """Timestamp of the last one (0: none in this batch)."""
        return self._last.get(key, 0)


def _accesses(outcome: Outcome) -> Iterator[tuple[int, SlotKey]]:
    steps = outcome.steps
    for order in steps.orders:
        named = order.signed.order
        yield order.placing.timestamp, (named.account, named.slot)
    for cancel in steps.cancels:
        ended = cancel.signed.cancel
        yield cancel.placing.timestamp, (ended.account, ended.slot)
    for outflow in steps.outflows:
        paid = outflow.signed.outflow
        yield outflow.timestamp, (paid.account, paid.slot)
    for fill in steps.fills:
        for side in (fill.buyer, fill.seller):
            yield fill.timestamp, (side.account, side.slot)
    for taken in steps.order_takeovers:
        yield taken.timestamp, (taken.taker.account, taken.taker.slot)


def slots(outcome: Outcome, times: SlotTimes) -> SlotRecords:
    """The records of the slot table."""
    found = [slot for account in outcome.accounts for slot in account.slots]
    keys = [(slot.account, slot.slot) for slot in found]
    uses = {step.key: step.uses for step in outcome.steps.resting}
    signed = (step.signed.order for step in outcome.steps.orders if step.rests)
    rests = {(order.account, order.slot) for order in signed}
    return SlotRecords(
        account=column(s.account for s in found),
        slot=column(s.slot for s in found),
        generation=(
            column(s.before.generation for s in found),
            column(s.after.generation for s in found),
        ),
        resting=(
            _resting([s.before.order for s in found]),
            _resting([s.after.order for s in found]),
        ),
        last_ts=column(times.last(key) for key in keys),
        left=column(s.left for s in found),
        live=column(s.after.order is not None for s in found),
        rests=column(key in rests for key in keys),
        offers=column(key in uses for key in keys),
        uses=column(uses.get(key, 0) for key in keys),
        time=outcome.public.time,
        backstop=outcome.public.governance.backstop_account,
    )


def _resting(orders: Sequence[RestingOrder | None]) -> RestingRecords:
    rows = [_NOTHING if order is None else _of_order(order) for order in orders]
    numbers = np.array(rows, dtype=np.int64).reshape(len(rows), len(RESTING))
    return RestingRecords(**dict(zip(RESTING, numbers.T, strict=True)))
