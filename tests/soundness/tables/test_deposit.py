"""Queue entries: each outcome provable in its own case only, each lie refused by its claim."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.gadgets.buses import DEPOSIT, MEMORY, REGISTER, ROTATION
from circuits.gadgets.buses import OWNER as OWNERS
from circuits.tables.deposit.air import TABLE
from circuits.tables.deposit.trace import build
from circuits.tables.records import CashAccess, DepositRecords, PositionAccess
from rollup.crypto import curve
from rollup.field.koalabear import P
from rollup.protocol.assets import USDC
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.encoding import owner_words, packed
from rollup.protocol.holding import Holding
from rollup.protocol.positions import NO_POSITIONS
from tests.helpers.assets import ASSET_GOVERNANCE
from tests.helpers.isolation import Isolated

FIRST = 40
"""Queue index of the batch's first entry."""

TABLE_ALONE = Isolated(TABLE, {"deposits_before": FIRST, "closed": 1, "begins_open": 0})
HEIGHT = 8
OWNER = bytes(range(20))
STRANGER = bytes(range(1, 21))
KEY = (*curve.GENERATOR.x, *curve.GENERATOR.y)
OFF_CURVE = (*curve.GENERATOR.x, *curve.FREE_POINT.y)
NON_CANONICAL = (KEY[0] + P, *KEY[1:])
VIEWING = (9, 8, 7, 6, 5, 4, 3, 2)


MARK = 3
"""An asset that the governance of the tests lists; PERP and ABSENT name none."""

PERP, ABSENT = 1, 60


class Held(NamedTuple):
    """What the account of an entry holds: cash, and lots of the asset that the entry is of."""

    cash: int
    lots: int = 0


def register(key: tuple[int, ...] = KEY, amount: int = 10**9, asset: int = USDC) -> QueueEntry:
    return QueueEntry(FIRST, EntryKind.REGISTER, 5, OWNER, key, VIEWING, amount, asset)


def credit(amount: int = 10**9, asset: int = USDC) -> QueueEntry:
    return QueueEntry(FIRST, EntryKind.CREDIT, 5, OWNER, (0,) * 14, (0,) * 8, amount, asset)


def rotate(key: tuple[int, ...] = KEY, amount: int = 10**9, sender: bytes = OWNER) -> QueueEntry:
    return QueueEntry(FIRST, EntryKind.ROTATE, 5, sender, key, VIEWING, amount)


def judged(entry: QueueEntry, held: Held | None) -> DepositOutcome:
    """What the rules say of an entry where OWNER has the account."""
    if held is None:
        return judge(entry, None, None, ASSET_GOVERNANCE)
    positions = (
        NO_POSITIONS if entry.asset == USDC else NO_POSITIONS.put(entry.asset - 1, held.lots)
    )
    return judge(entry, Holding(held.cash, positions), OWNER, ASSET_GOVERNANCE)


def records(entry: QueueEntry, held: Held | None, claimed: DepositOutcome) -> DepositRecords:
    """One entry with a claimed outcome, carried out as claimed."""
    before = Held(0) if held is None else held
    paid = claimed is DepositOutcome.CREDITED
    after = before.cash + entry.amount * (paid and entry.asset == USDC)
    lots_after = before.lots + entry.amount * (paid and entry.asset != USDC)
    there = int(held is not None)
    one = np.ones(1, dtype=np.int64)
    access = CashAccess(
        account=one * entry.account,
        previous_ts=one * 0,
        before=np.array([before.cash + CASH_LIMIT], dtype=np.uint64),
        after=np.array([(after + CASH_LIMIT) % 2**64], dtype=np.uint64),
        existed=one * there,
        exists=one * (there or int(paid)),
    )
    lots = (n + POSITION_LIMIT for n in (before.lots, lots_after))
    return DepositRecords(
        index=one * entry.index,
        kind=one * int(entry.kind),
        asset=one * entry.asset,
        amount=one * entry.amount,
        owner=np.array([owner_words(entry.owner)]),
        key_words=np.array([entry.key_words]),
        viewing=np.array([entry.viewing_words]),
        outcome=one * int(claimed),
        holder=np.array([owner_words(OWNER if _asks(entry, claimed) else bytes(20))]),
        cash=access,
        position=PositionAccess(one * 0, *(one * number for number in lots)),
    )


def _asks(entry: QueueEntry, claimed: DepositOutcome) -> bool:
    decided = (DepositOutcome.CREDITED, DepositOutcome.CASH_OVERFLOW, DepositOutcome.NOT_OWNER)
    return entry.kind is EntryKind.ROTATE and claimed in decided


def trace(entry: QueueEntry, held: Held | None, claimed: DepositOutcome) -> Any:
    return build(records(entry, held, claimed), HEIGHT, 0)


def message(entry: QueueEntry, outcome: DepositOutcome) -> tuple[int, ...]:
    """What the verifier sends for an entry."""
    words = (*(word % P for word in entry.key_words), *entry.viewing_words)
    what = (entry.asset, int(entry.asset != USDC), *packed(entry.amount, 62))
    head = (entry.index, int(entry.kind), entry.account, *what, *owner_words(entry.owner))
    known = entry.asset in (USDC, MARK)
    return (*head, *words, int(known), int(entry.is_canonical or not known), int(outcome))


CASES: Mapping[str, tuple[QueueEntry, Held | None]] = {
    "registration": (register(), None),
    "registration of nothing": (register(amount=0), None),
    "non-canonical key": (register(NON_CANONICAL), None),
    "non-canonical key of an account": (register(NON_CANONICAL), Held(7)),
    "key off the curve": (register(OFF_CURVE), None),
    "key off the curve of an account": (register(OFF_CURVE), Held(7)),
    "account exists": (register(), Held(-3)),
    "credit": (credit(), Held(-(10**15))),
    "credit of nothing": (credit(0), Held(5)),
    "credit to the last quantum": (credit(10), Held(CASH_LIMIT - 11)),
    "credit past the last quantum": (credit(10), Held(CASH_LIMIT - 10)),
    "largest credit": (credit(2**62 - 1), Held(CASH_LIMIT - 1)),
    "missing account": (credit(), None),
    "registration with an asset": (register(amount=7, asset=MARK), None),
    "registration with the most lots": (register(amount=2**40 - 1, asset=MARK), None),
    "asset of an account that is there": (register(amount=7, asset=MARK), Held(-3, 5)),
    "asset": (credit(7, MARK), Held(-3, 5)),
    "asset to the last lot": (credit(7, MARK), Held(1, POSITION_LIMIT - 8)),
    "asset past the last lot": (credit(7, MARK), Held(1, POSITION_LIMIT - 7)),
    "asset to a missing account": (credit(7, MARK), None),
    "asset that is a perpetual": (credit(7, PERP), Held(1, 5)),
    "asset that is not there": (credit(7, ABSENT), None),
    "registration with no asset": (register(NON_CANONICAL, 7, ABSENT), None),
    "rotation": (rotate(), Held(-(10**15))),
    "rotation by a stranger": (rotate(sender=STRANGER), Held(7)),
    "rotation of a missing account": (rotate(), None),
    "rotation of a stranger's missing account": (rotate(sender=STRANGER), None),
    "rotation to a non-canonical key": (rotate(NON_CANONICAL), Held(7)),
    "rotation to a key off the curve": (rotate(OFF_CURVE, sender=STRANGER), Held(7)),
    "rotation past the last quantum": (rotate(amount=10), Held(CASH_LIMIT - 10)),
    "a stranger's past the last quantum": (
        rotate(amount=10, sender=STRANGER),
        Held(CASH_LIMIT - 10),
    ),
}


@pytest.mark.parametrize("claimed", DepositOutcome)
@pytest.mark.parametrize("case", CASES)
def test_an_outcome_is_provable_exactly_where_the_rules_give_it(
    case: str, claimed: DepositOutcome
) -> None:
    """The verifier's message has the claimed outcome, so its balance is part of the question."""
    entry, held = CASES[case]
    matrix = trace(entry, held, claimed)
    heard = TABLE_ALONE.messages(matrix, DEPOSIT) == {message(entry, claimed): -1}
    provable = heard and TABLE_ALONE.failed(matrix) == set()
    assert provable == (judged(entry, held) is claimed)


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**62 - 1))
def test_credit_and_overflow_are_told_apart_for_all_numbers(cash: int, amount: int) -> None:
    entry = credit(amount)
    outcome = judged(entry, Held(cash))
    assert TABLE_ALONE.failed(trace(entry, Held(cash), outcome)) == set()
    other = DepositOutcome.CREDITED if outcome else DepositOutcome.CASH_OVERFLOW
    assert TABLE_ALONE.failed(trace(entry, Held(cash), other)) == {"deposit.cash"}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40 - 1), st.integers(0, 2**40 - 1))
def test_lots_and_their_overflow_are_told_apart_for_all_numbers(lots: int, amount: int) -> None:
    entry, held = credit(amount, MARK), Held(9, lots)
    outcome = judged(entry, held)
    assert TABLE_ALONE.failed(trace(entry, held, outcome)) == set()
    other = DepositOutcome.CREDITED if outcome else DepositOutcome.ASSET_OVERFLOW
    assert "deposit.cash" in TABLE_ALONE.failed(trace(entry, held, other))


def test_lots_come_to_the_position_and_cash_stays() -> None:
    said = TABLE_ALONE.messages(trace(credit(7, MARK), Held(5, 9), DepositOutcome.CREDITED), MEMORY)
    cash = packed(5 + CASH_LIMIT, 64)
    before, after = (packed(n + POSITION_LIMIT, 41) for n in (9, 16))
    assert said == {
        (5, 0, 0, *cash, 1): -1,
        (5, 0, 1, *cash, 1): 1,
        (5, MARK, 0, *before, 0, 0): -1,
        (5, MARK, 1, *after, 0, 0): 1,
    }


@pytest.mark.parametrize(
    ("column", "value", "claim"),
    [
        ("cash_paid", 1, "deposit.of-asset"),
        ("looked", 0, "deposit.of-asset"),
        ("of_asset", 0, "deposit.of-asset"),
        ("sum.4", 4094, "deposit.lots"),
        ("unknown_credit", 1, "deposit.kind"),
        ("position_ts", 9000, "deposit.lots-access"),
    ],
)
def test_a_forged_cell_of_an_asset(column: str, value: int, claim: str) -> None:
    assert claim in TABLE_ALONE.failed(forged(column, value, "asset"))


def test_padding_says_nothing() -> None:
    empty = trace(credit(), Held(5), DepositOutcome.CREDITED)[1:]
    matrix = np.concatenate([empty, empty[:1]])
    assert TABLE_ALONE.failed(matrix) == set()
    for bus in (DEPOSIT, MEMORY, REGISTER, OWNERS, ROTATION):
        assert TABLE_ALONE.messages(matrix, bus) == {}


def test_memory_is_moved_by_the_amount_or_not_at_all() -> None:
    before = packed(7 + CASH_LIMIT, 64)
    after = packed(7 + 10**9 + CASH_LIMIT, 64)
    said = TABLE_ALONE.messages(trace(credit(), Held(7), DepositOutcome.CREDITED), MEMORY)
    assert said == {(5, 0, 0, *before, 1): -1, (5, 0, 1, *after, 1): 1}
    said = TABLE_ALONE.messages(trace(register(), Held(7), DepositOutcome.ACCOUNT_EXISTS), MEMORY)
    assert said == {(5, 0, 0, *before, 1): -1, (5, 0, 1, *before, 1): 1}
    said = TABLE_ALONE.messages(trace(register(), None, DepositOutcome.CREDITED), MEMORY)
    paid = packed(10**9 + CASH_LIMIT, 64)
    assert said == {(5, 0, 0, *packed(CASH_LIMIT, 64), 0): -1, (5, 0, 1, *paid, 1): 1}


def test_a_new_account_has_the_words_of_its_entry() -> None:
    said = TABLE_ALONE.messages(trace(register(), None, DepositOutcome.CREDITED), REGISTER)
    assert said == {(5, *owner_words(OWNER), *KEY, *VIEWING): 1}
    said = TABLE_ALONE.messages(trace(credit(), Held(7), DepositOutcome.CREDITED), REGISTER)
    assert said == {}


def test_another_key_is_that_of_the_entry_by_the_owner_in_the_header() -> None:
    matrix = trace(rotate(), Held(7), DepositOutcome.CREDITED)
    said = TABLE_ALONE.messages(matrix, ROTATION)
    assert said == {(5, *owner_words(OWNER), *KEY, *VIEWING): 1}
    assert TABLE_ALONE.messages(matrix, OWNERS) == {(5, *owner_words(OWNER)): -1}
    matrix = trace(rotate(sender=STRANGER), Held(7), DepositOutcome.NOT_OWNER)
    assert TABLE_ALONE.messages(matrix, ROTATION) == {}
    assert TABLE_ALONE.messages(matrix, OWNERS) == {(5, *owner_words(OWNER)): -1}


def forged(column: str, value: int, case: str = "credit") -> Any:
    entry, held = CASES[case]
    return TABLE_ALONE.forge(trace(entry, held, judged(entry, held)), 0, column, value)


@pytest.mark.parametrize(
    ("column", "value", "case", "claim"),
    [
        ("credited", 2, "credit", "deposit.one-outcome"),
        ("account_exists", 1, "credit", "deposit.one-outcome"),
        ("existed", 0, "credit", "deposit.account"),
        ("existed", 1, "registration", "deposit.account"),
        ("existed", 2, "non-canonical key", "deposit.account"),
        ("sum.0", 1, "credit", "deposit.cash"),
        ("sum.4", 4096, "credit", "deposit.bounds"),
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
    entry, held = CASES["missing account"]
    assert TABLE_ALONE.messages(matrix, DEPOSIT) != {message(entry, judged(entry, held)): -1}


def test_deposits_follow_the_queue_whatever_the_rows() -> None:
    """The timestamp is the entry's place in the batch, so rows may come in any order."""
    matrix = forged("entry", FIRST + 9)
    times = {payload[2] for payload, count in _memory(matrix) if count > 0}
    assert times == {10}


def _memory(matrix: Any) -> list[tuple[tuple[int, ...], int]]:
    return list(TABLE_ALONE.messages(matrix, MEMORY).items())
