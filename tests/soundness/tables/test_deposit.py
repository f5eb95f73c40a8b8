"""Queue entries: each outcome provable in its own case only, each lie refused by its claim."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.gadgets.buses import DEPOSIT, MEMORY, REGISTER, ROTATION
from circuits.gadgets.buses import OWNER as OWNERS
from circuits.tables.deposit.air import TABLE
from circuits.tables.deposit.trace import build
from circuits.tables.records import CashAccess, DepositRecords
from rollup.crypto import curve
from rollup.field.koalabear import P
from rollup.protocol.constants import CASH_LIMIT
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.encoding import owner_words, packed
from tests.helpers.isolation import Isolated

FIRST = 40
"""Queue index of the batch's first entry."""

TABLE_ALONE = Isolated(TABLE, {"deposits_before": FIRST})
HEIGHT = 8
OWNER = bytes(range(20))
STRANGER = bytes(range(1, 21))
KEY = (*curve.GENERATOR.x, *curve.GENERATOR.y)
OFF_CURVE = (*curve.GENERATOR.x, *curve.LADDER_START.y)
NON_CANONICAL = (KEY[0] + P, *KEY[1:])
VIEWING = (9, 8, 7, 6, 5, 4, 3, 2)


def register(key: tuple[int, ...] = KEY, amount: int = 10**9) -> QueueEntry:
    return QueueEntry(FIRST, EntryKind.REGISTER, 5, OWNER, key, VIEWING, amount)


def credit(amount: int = 10**9) -> QueueEntry:
    return QueueEntry(FIRST, EntryKind.CREDIT, 5, OWNER, (0,) * 14, (0,) * 8, amount)


def rotate(key: tuple[int, ...] = KEY, amount: int = 10**9, sender: bytes = OWNER) -> QueueEntry:
    return QueueEntry(FIRST, EntryKind.ROTATE, 5, sender, key, VIEWING, amount)


def judged(entry: QueueEntry, cash: int | None) -> DepositOutcome:
    """What the rules say of an entry where OWNER has the account."""
    return judge(entry, cash, None if cash is None else OWNER)


def records(entry: QueueEntry, cash: int | None, claimed: DepositOutcome) -> DepositRecords:
    """One entry with a claimed outcome, carried out as claimed."""
    before = 0 if cash is None else cash
    paid = claimed is DepositOutcome.CREDITED
    after = before + entry.amount * paid
    there = int(cash is not None)
    one = np.ones(1, dtype=np.int64)
    access = CashAccess(
        account=one * entry.account,
        previous_ts=one * 0,
        before=np.array([before + CASH_LIMIT], dtype=np.uint64),
        after=np.array([(after + CASH_LIMIT) % 2**64], dtype=np.uint64),
        existed=one * there,
        exists=one * (there or int(paid)),
    )
    return DepositRecords(
        index=one * entry.index,
        kind=one * int(entry.kind),
        amount=one * entry.amount,
        owner=np.array([owner_words(entry.owner)]),
        key_words=np.array([entry.key_words]),
        viewing=np.array([entry.viewing_words]),
        outcome=one * int(claimed),
        holder=np.array([owner_words(OWNER if _asks(entry, claimed) else bytes(20))]),
        cash=access,
    )


def _asks(entry: QueueEntry, claimed: DepositOutcome) -> bool:
    decided = (DepositOutcome.CREDITED, DepositOutcome.CASH_OVERFLOW, DepositOutcome.NOT_OWNER)
    return entry.kind is EntryKind.ROTATE and claimed in decided


def trace(entry: QueueEntry, cash: int | None, claimed: DepositOutcome) -> Any:
    return build(records(entry, cash, claimed), HEIGHT, 0)


def message(entry: QueueEntry, outcome: DepositOutcome) -> tuple[int, ...]:
    """What the verifier sends for an entry."""
    words = (*(word % P for word in entry.key_words), *entry.viewing_words)
    head = (entry.index, int(entry.kind), entry.account, *packed(entry.amount, 62))
    return (*head, *owner_words(entry.owner), *words, int(entry.is_canonical), int(outcome))


CASES: Mapping[str, tuple[QueueEntry, int | None]] = {
    "registration": (register(), None),
    "registration of nothing": (register(amount=0), None),
    "non-canonical key": (register(NON_CANONICAL), None),
    "non-canonical key of an account": (register(NON_CANONICAL), 7),
    "key off the curve": (register(OFF_CURVE), None),
    "key off the curve of an account": (register(OFF_CURVE), 7),
    "account exists": (register(), -3),
    "credit": (credit(), -(10**15)),
    "credit of nothing": (credit(0), 5),
    "credit to the last quantum": (credit(10), CASH_LIMIT - 11),
    "credit past the last quantum": (credit(10), CASH_LIMIT - 10),
    "largest credit": (credit(2**62 - 1), CASH_LIMIT - 1),
    "missing account": (credit(), None),
    "rotation": (rotate(), -(10**15)),
    "rotation by a stranger": (rotate(sender=STRANGER), 7),
    "rotation of a missing account": (rotate(), None),
    "rotation of a stranger's missing account": (rotate(sender=STRANGER), None),
    "rotation to a non-canonical key": (rotate(NON_CANONICAL), 7),
    "rotation to a key off the curve": (rotate(OFF_CURVE, sender=STRANGER), 7),
    "rotation past the last quantum": (rotate(amount=10), CASH_LIMIT - 10),
    "a stranger's past the last quantum": (rotate(amount=10, sender=STRANGER), CASH_LIMIT - 10),
}


@pytest.mark.parametrize("claimed", DepositOutcome)
@pytest.mark.parametrize("case", CASES)
def test_an_outcome_is_provable_exactly_where_the_rules_give_it(
    case: str, claimed: DepositOutcome
) -> None:
    """The verifier's message has the claimed outcome, so its balance is part of the question."""
    entry, cash = CASES[case]
    matrix = trace(entry, cash, claimed)
    heard = TABLE_ALONE.messages(matrix, DEPOSIT) == {message(entry, claimed): -1}
    provable = heard and TABLE_ALONE.failed(matrix) == set()
    assert provable == (judged(entry, cash) is claimed)


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**62 - 1))
def test_credit_and_overflow_are_told_apart_for_all_numbers(cash: int, amount: int) -> None:
    entry = credit(amount)
    outcome = judged(entry, cash)
    assert TABLE_ALONE.failed(trace(entry, cash, outcome)) == set()
    other = DepositOutcome.CREDITED if outcome else DepositOutcome.CASH_OVERFLOW
    assert TABLE_ALONE.failed(trace(entry, cash, other)) == {"deposit.cash"}


def test_padding_says_nothing() -> None:
    empty = trace(credit(), 5, DepositOutcome.CREDITED)[1:]
    matrix = np.concatenate([empty, empty[:1]])
    assert TABLE_ALONE.failed(matrix) == set()
    for bus in (DEPOSIT, MEMORY, REGISTER, OWNERS, ROTATION):
        assert TABLE_ALONE.messages(matrix, bus) == {}


def test_memory_is_moved_by_the_amount_or_not_at_all() -> None:
    before = packed(7 + CASH_LIMIT, 64)
    after = packed(7 + 10**9 + CASH_LIMIT, 64)
    said = TABLE_ALONE.messages(trace(credit(), 7, DepositOutcome.CREDITED), MEMORY)
    assert said == {(5, 0, 0, *before, 1): -1, (5, 0, 1, *after, 1): 1}
    said = TABLE_ALONE.messages(trace(register(), 7, DepositOutcome.ACCOUNT_EXISTS), MEMORY)
    assert said == {(5, 0, 0, *before, 1): -1, (5, 0, 1, *before, 1): 1}
    said = TABLE_ALONE.messages(trace(register(), None, DepositOutcome.CREDITED), MEMORY)
    paid = packed(10**9 + CASH_LIMIT, 64)
    assert said == {(5, 0, 0, *packed(CASH_LIMIT, 64), 0): -1, (5, 0, 1, *paid, 1): 1}


def test_a_new_account_has_the_words_of_its_entry() -> None:
    said = TABLE_ALONE.messages(trace(register(), None, DepositOutcome.CREDITED), REGISTER)
    assert said == {(5, *owner_words(OWNER), *KEY, *VIEWING): 1}
    said = TABLE_ALONE.messages(trace(credit(), 7, DepositOutcome.CREDITED), REGISTER)
    assert said == {}


def test_another_key_is_that_of_the_entry_by_the_owner_in_the_header() -> None:
    matrix = trace(rotate(), 7, DepositOutcome.CREDITED)
    said = TABLE_ALONE.messages(matrix, ROTATION)
    assert said == {(5, *owner_words(OWNER), *KEY, *VIEWING): 1}
    assert TABLE_ALONE.messages(matrix, OWNERS) == {(5, *owner_words(OWNER)): -1}
    matrix = trace(rotate(sender=STRANGER), 7, DepositOutcome.NOT_OWNER)
    assert TABLE_ALONE.messages(matrix, ROTATION) == {}
    assert TABLE_ALONE.messages(matrix, OWNERS) == {(5, *owner_words(OWNER)): -1}


def forged(column: str, value: int, case: str = "credit") -> Any:
    entry, cash = CASES[case]
    return TABLE_ALONE.forge(trace(entry, cash, judged(entry, cash)), 0, column, value)


@pytest.mark.parametrize(
    ("column", "value", "case", "claim"),
    [
        ("credited", 2, "credit", "deposit.one-outcome"),
        ("account_exists", 1, "credit", "deposit.one-outcome"),
        ("existed", 0, "credit", "deposit.account"),
        ("existed", 1, "registration", "deposit.account"),
        ("existed", 2, "non-canonical key", "deposit.account"),
        ("cash_sum.0", 1, "credit", "deposit.cash"),
        ("cash_sum.4", 4096, "credit", "deposit.bounds"),
        ("amount.0", 2**20, "credit", "deposit.cash"),
        ("cash_before.1", 1, "credit", "deposit.cash"),
        ("x_squared.3", 1, "registration", "deposit.curve-square"),
        ("key_y.2", 1, "registration", "deposit.key-on-curve"),
        ("key_y.2", 1, "account exists", "deposit.key-on-curve"),
        ("off_curve_proof.0", 0, "key off the curve", "deposit.key-off-curve"),
        ("previous_ts", 1, "credit", "deposit.access"),
        ("rotates", 0, "rotation", "deposit.kind"),
        ("rotates", 1, "credit", "deposit.kind"),
        ("kind", 1, "rotation", "deposit.kind"),
        ("kind", 1, "rotation by a stranger", "deposit.kind"),
        ("keyed", 0, "rotation", "deposit.keyed"),
        ("key_y.2", 1, "rotation", "deposit.key-on-curve"),
        ("key_y.2", 1, "rotation by a stranger", "deposit.key-on-curve"),
        ("existed", 0, "rotation", "deposit.account"),
        ("existed", 0, "rotation by a stranger", "deposit.account"),
        ("asks", 0, "rotation", "deposit.asks"),
        ("asks", 0, "rotation by a stranger", "deposit.asks"),
        ("holder.2", 1, "rotation", "deposit.is-owner"),
        ("holder.2", 1, "rotation past the last quantum", "deposit.is-owner"),
        ("stranger_proof.0", 0, "rotation by a stranger", "deposit.is-not-owner"),
        ("entry", FIRST - 1, "credit", "deposit.access"),
    ],
)
def test_a_changed_cell_breaks_its_claim(column: str, value: int, case: str, claim: str) -> None:
    assert claim in TABLE_ALONE.failed(forged(column, value, case))


@pytest.mark.parametrize("column", ["entry", "account", "owner.3", "viewing.7", "amount.2"])
def test_what_l1_enqueued_cannot_be_changed(column: str) -> None:
    """No constraint sees these, so the message no longer meets the verifier's."""
    matrix = forged(column, 123, "missing account")
    entry, cash = CASES["missing account"]
    assert TABLE_ALONE.messages(matrix, DEPOSIT) != {message(entry, judged(entry, cash)): -1}


def test_deposits_follow_the_queue_whatever_the_rows() -> None:
    """The timestamp is the entry's place in the batch, so rows may come in any order."""
    matrix = forged("entry", FIRST + 9)
    times = {payload[2] for payload, count in _memory(matrix) if count > 0}
    assert times == {10}


def _memory(matrix: Any) -> list[tuple[tuple[int, ...], int]]:
    return list(TABLE_ALONE.messages(matrix, MEMORY).items())
