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
from rollup.protocol.account import Header
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.encoding import hex_digest
from rollup.protocol.order import PEG_BIAS
from rollup.protocol.question import Question
from sequencer.engine.core import CoreState
from sequencer.intake.admission import Asked
from sequencer.service.answer import Answer
from sequencer.service.facts import (
    Accepted,
    Cancelled,
    CancelRefused,
    ChangedHands,
    Deleveraged,
    Ended,
    Fact,
    Filled,
    Liquidated,
    Lives,
    OutflowAsked,
    OutflowPaid,
    OutflowRefused,
    Received,
    Refreshed,
    Refused,
    Rested,
    Settled,
    Voided,
    Waiting,
)
from sequencer.service.history import History, Page

ANSWER_VERSION: Final = 2
FACTS_MAX: Final = 104
"""Facts of one answer; the cursor leads to the next ones."""

Record = dict[str, object]
REFUSED: Final[Record] = {"v": ANSWER_VERSION, "ok": False}

_Row = list[int | str | bool]
_OfReceipt = (
    Accepted
    | Refused
    | Waiting
    | Rested
    | Filled
    | Ended
    | Cancelled
    | CancelRefused
    | OutflowAsked
    | OutflowPaid
    | OutflowRefused
    | Lives
)


@dataclass(frozen=True, slots=True, repr=False)
class Answered(Private):
    """A question that came to the venue: whom to answer, and with what."""

    response_key: bytes | None
    data: bytes


def refused() -> bytes:
    """The answer to whoever may not know: an unknown account, a wrong signature, no question."""
    return record_bytes(REFUSED)


@dataclass(frozen=True, slots=True, repr=False)
class Watch(Private):
    """Who watches an account: its number and the header that it had when its owner asked, or
    neither, for whoever may not know. Frames go to the response key, facts from the cursor on."""

    response_key: bytes | None
    account: int | None = None
    header: Header | None = None
    cursor: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Sight(Private):
    """What an owner may see now, as members of a record; `next` is the cursor to go on with."""

    head: Record
    holding: Record
    facts: Record
    next: int


def watch_of(core: CoreState, asked: Asked) -> Watch:
    """Who watches from now on, by the question that came."""
    question = asked.question
    if question is None:
        return Watch(asked.response_key)
    header = core.ledger.holders[question.account].header
    return Watch(asked.response_key, question.account, header, question.cursor)


def watched(core: CoreState, history: History, watch: Watch, cursor: int, run: str) -> Sight | None:
    """What a watcher may see now; nothing, once the account is somebody else's."""
    holder = None if watch.account is None else core.ledger.holders.get(watch.account)
    if holder is None or watch.account is None or holder.header != watch.header:
        return None
    return sight(core, history, watch.account, cursor, run)


def answer(core: CoreState, history: History, question: Question, run: str) -> bytes:
    """The answer to an owner. `run` names the numbering of facts: cursors of another mean
    nothing."""
    seen = sight(core, history, question.account, question.cursor, run)
    return record_bytes({**seen.head, **seen.holding, "facts": seen.facts})


def sight(core: CoreState, history: History, account: int, cursor: int, run: str) -> Sight:
    """What an account's owner may see: whoever calls knows that it is the owner who asks."""
    holder = core.ledger.holders[account]
    holding = holder.holding
    page = history.since(account, cursor, FACTS_MAX)
    head: Record = {
        "v": ANSWER_VERSION,
        "ok": True,
        "run": run,
        "time": core.clock,
        "account": account,
    }
    holds: Record = {
        "cash": str(holding.cash),
        "positions": [[market, str(size)] for market, size in holding.positions],
        "orders": _orders(core, account),
        "next_generation": _next_generation(core, account),
        "viewing_key": holder.viewing_key is not None,
    }
    return Sight(head, holds, _page(page), page.next)


def action_answer(told: Answer) -> bytes:
    """The answer to whoever sealed an action that opened: the rows that it brought, as far as they
    fit; why it went no further; the digest that was computed, where a signature does not hold."""
    record: Record = {"v": ANSWER_VERSION, "more": False}
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
    """Rows of slot, generation, market, side, price, size, remaining, expiry. The price of a pegged
    order is below zero: what it signed less twice PEG_BIAS."""
    rows: list[_Row] = []
    for slot in range(1 << SLOT_BITS):
        live = core.live.get((account, slot))
        if live is not None:
            order = live.order
            price = order.price - 2 * PEG_BIAS if order.pegged else order.price
            what = (order.market, int(order.side), price, order.size)
            rows.append([slot, order.generation, *what, live.remaining, order.expiry])
    return rows


def _next_generation(core: CoreState, account: int) -> int:
    """No slot of the account has used this generation, nor any from there on."""
    slots = core.ledger.holders[account].slots
    found = max((stored.generation for stored in slots.values()), default=0)
    for slot in range(1 << SLOT_BITS):
        live = core.live.get((account, slot))
        found = max(found, core.used.get((account, slot), 0))
        found = found if live is None else max(found, live.order.generation + 1)
    return found


def _page(page: Page) -> Record:
    rows = [_row(fact) for fact in page.facts]
    return {"first": page.first, "next": page.next, "more": page.has_more, "rows": rows}


def _row(fact: Fact) -> _Row:
    """What happened, then the receipt, slot and generation, then what belongs to it; of what comes
    of no envelope, only what belongs to it."""
    match fact:
        case Voided(number):
            return ["voided", number]
        case Liquidated():
            terms: _Row = [fact.batch, fact.market, fact.price, fact.size]
            return ["liquidated", *terms, int(fact.side), fact.fee, fact.time]
        case Deleveraged() | Settled():
            what = "settled" if isinstance(fact, Settled) else "deleveraged"
            terms = [fact.batch, fact.market, fact.price, fact.size]
            return [what, *terms, int(fact.side), 0, fact.time]
        case Received():
            return ["received", fact.batch, fact.asset, fact.amount, fact.time]
        case Refreshed():
            return ["refreshed", fact.batch, fact.fee, fact.time]
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
            found = "filled", [*terms, int(fact.side), fact.fee, fact.time]
        case Ended(reason=reason, remaining=remaining):
            found = "ended", [reason.value, remaining]
        case Cancelled():
            found = "cancelled", []
        case CancelRefused(reason=reason):
            found = "cancel-refused", [reason.value]
        case OutflowAsked():
            found = "outflow-asked", []
        case OutflowPaid():
            what: _Row = [fact.batch, int(fact.kind), fact.receiver]
            found = "outflow-paid", [*what, fact.asset, fact.amount, fact.time]
        case OutflowRefused(reason=reason):
            found = "outflow-refused", [reason.value]
        case Lives(remaining=remaining):
            found = "lives", [remaining]
    return found


def record_bytes(record: Record) -> bytes:
    """A record as it is sealed."""
    return _json(record)


def _json(record: object) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii")
