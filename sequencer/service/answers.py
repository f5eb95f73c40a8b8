"""Answers to owners: what an account holds, its live orders, and a page of its facts, as JSON.

docs/api.md describes the members. Orders and facts are rows, so that the largest answer still has
its one size.
"""

import json
from dataclasses import dataclass
from typing import Final

from rollup.private import Private
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.question import Question
from sequencer.engine.core import CoreState
from sequencer.service import facts
from sequencer.service.history import History, Page

ANSWER_VERSION: Final = 1
FACTS_MAX: Final = 128
"""Facts of one answer; the cursor leads to the next ones."""

_Row = list[int | str | bool]


@dataclass(frozen=True, slots=True, repr=False)
class Answered(Private):
    """A question that came to the venue: whom to answer, and with what."""

    response_key: bytes | None
    data: bytes


def refused() -> bytes:
    """The answer to whoever may not know: an unknown account, a wrong signature, no question."""
    return _json({"v": ANSWER_VERSION, "ok": False})


def answer(core: CoreState, history: History, question: Question, run: str) -> bytes:
    """The answer to an owner. `run` names the numbering of facts: cursors of another mean
    nothing."""
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


def _row(fact: facts.Fact) -> _Row:
    """What happened, then slot and generation, then what belongs to it."""
    row: _Row
    match fact:
        case facts.Accepted(key):
            row = ["accepted", *key]
        case facts.Refused(key, reason):
            row = ["refused", *key, reason.value]
        case facts.Waiting(key):
            row = ["waiting", *key]
        case facts.Rested(key, remaining):
            row = ["rested", *key, remaining]
        case facts.Filled(key, batch, market, price, size, is_maker):
            row = ["filled", *key, batch, market, price, size, is_maker]
        case facts.Ended(key, reason, remaining):
            row = ["ended", *key, reason.value, remaining]
        case facts.CancelRefused(key, reason):
            row = ["cancel-refused", *key, reason.value]
        case facts.Voided(number):
            row = ["voided", number]
        case facts.Lives(key, remaining):
            row = ["lives", *key, remaining]
    return row


def _json(record: dict[str, object]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii")
