"""Answers to owners: what an account holds, its live orders, and a page of its facts, as JSON.

docs/api.md describes the members. Orders and facts are rows, so that the largest answer still has
its one size.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollup.crypto.answer import ACTION_ANSWER_BYTES, answer_data_max
from rollup.private import Private
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.encoding import hex_digest
from rollup.protocol.question import Question
from sequencer.engine.core import CoreState
from sequencer.service.facts import (
    Accepted,
    Cancelled,
    CancelRefused,
    ChangedHands,
    Ended,
    Fact,
    Filled,
    Lives,
    Refused,
    Rested,
    Voided,
    Waiting,
)
from sequencer.service.history import History, Page
from sequencer.service.venue import Answer

ANSWER_VERSION: Final = 1
FACTS_MAX: Final = 128
"""Facts of one answer; the cursor leads to the next ones."""

_Row = list[int | str | bool]
_OfReceipt = (
    Accepted | Refused | Waiting | Rested | Filled | Ended | Cancelled | CancelRefused | Lives
)


@dataclass(frozen=True, slots=True, repr=False)
class Answered(Private):
    """A question that came to the venue: whom to answer, and with what."""

    response_key: bytes | None
    data: bytes


def refused() -> bytes:
    """The answer to whoever may not know: an unknown account, a wrong signature, no question."""
    return _json({"v": ANSWER_VERSION, "ok": False})


def answer(core: CoreState, history: History, question: Question, run: str) -> bytes:
    """The answer to an owner. `run` names this run of the venue: its cursors begin at 0."""
    holder = core.ledger.holders[question.account]
    page = history.since(question.account, question.cursor, FACTS_MAX)
    record = {
        "v": ANSWER_VERSION,
        "ok": True,
        "run": run,
        "time": core.clock,
        "account": question.account,
        "cash": str(holder.holding.cash),
        "positions": [str(size) for size in holder.holding.positions],
        "orders": _orders(core, question.account),
        "facts": _page(page),
    }
    return _json(record)


def action_answer(told: Answer) -> bytes:
    """The answer to whoever sealed an action that opened: the rows that it brought, as far as they
    fit; why it went no further; the digest that was computed, where a signature does not hold."""
    record: dict[str, object] = {"v": ANSWER_VERSION, "more": False}
    if told.reason is not None:
        record["reason"] = told.reason.value
    if told.digest is not None:
        record["digest"] = hex_digest(told.digest)
    rows = [_row(fact) for fact in told.facts]
    room = answer_data_max(ACTION_ANSWER_BYTES) - len(_json({**record, "rows": []}))
    fitting = _fitting(rows, room)
    return _json({**record, "more": fitting < len(rows), "rows": rows[:fitting]})


def _fitting(rows: Sequence[_Row], room: int) -> int:
    """How many of the first rows take at most `room` bytes, each with a comma."""
    for place, row in enumerate(rows):
        room -= len(_json(row)) + 1
        if room < 0:
            return place
    return len(rows)


def _orders(core: CoreState, account: int) -> list[_Row]:
    """Rows of slot, generation, market, side, price, size, remaining, expiry."""
    rows: list[_Row] = []
    for slot in range(1 << SLOT_BITS):
        live = core.live.get((account, slot))
        if live is not None:
            order = live.order
            what = (order.market, int(order.side), order.price, order.size)
            rows.append([slot, order.generation, *what, live.remaining, order.expiry])
    return rows


def _page(page: Page) -> dict[str, object]:
    rows = [_row(fact) for fact in page.facts]
    return {"first": page.first, "next": page.next, "more": page.has_more, "rows": rows}


def _row(fact: Fact) -> _Row:
    """What happened, then the receipt, slot and generation, then what belongs to it."""
    match fact:
        case Voided(number):
            return ["voided", number]
        case ChangedHands():
            raise TypeError("that an account changed hands is told to nobody")
    what, rest = _members(fact)
    return [what, fact.receipt, *fact.key, *rest]


def _members(fact: _OfReceipt) -> tuple[str, _Row]:
    found: tuple[str, _Row]
    match fact:
        case Accepted():
            found = "accepted", []
        case Refused(reason=reason):
            found = "refused", [reason.value]
        case Waiting():
            found = "waiting", []
        case Rested(remaining=remaining):
            found = "rested", [remaining]
        case Filled():
            terms: _Row = [fact.batch, fact.market, fact.price, fact.size, fact.is_maker]
            found = "filled", terms
        case Ended(reason=reason, remaining=remaining):
            found = "ended", [reason.value, remaining]
        case Cancelled():
            found = "cancelled", []
        case CancelRefused(reason=reason):
            found = "cancel-refused", [reason.value]
        case Lives(remaining=remaining):
            found = "lives", [remaining]
    return found


def _json(record: object) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii")
