"""The outflow row: its numbers, cash and receivers; each lie refused by its claim."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.gadgets.buses import ASSET, MEMORY, OUTFLOW, OWNER, PAYOUT, SIGNED_OUTFLOW
from circuits.gadgets.words import CASH_WORD
from circuits.tables.outflow.air import TABLE
from circuits.tables.outflow.trace import build
from circuits.tables.records import CashAccess, OutflowRecords
from rollup.protocol.constants import CASH_LIMIT, OUTFLOW_TIMESTAMP, POSITION_LIMIT
from rollup.protocol.encoding import outflow_words, owner_words, packed
from tests.helpers.isolation import Isolated

HEIGHT = 4
PLACES = 2
ACCOUNT, RECEIVER = 5, 2**30 - 2
AMOUNT = 2**52 + 2**27 + 77
CASH = (2**53, -(10**15))
OWNER_BYTES = bytes(range(1, 21))

PUBLICS = {"closed": 1, "begins_open": 0}
ALONE = Isolated(TABLE, PUBLICS)


def column(value: int, kind: Any = np.int64) -> Any:
    return np.array([value], dtype=kind)


def cash(account: int, before: int, after: int) -> CashAccess:
    old, new = (np.array([(c + CASH_LIMIT) % 2**64], dtype=np.uint64) for c in (before, after))
    return CashAccess(column(account), column(70), old, new, column(1), column(1))


def records(*, transfer: int = 1, amount: int = AMOUNT, asset: int = 0) -> OutflowRecords:
    """One honest outflow."""
    nobody = cash(0, -CASH_LIMIT, -CASH_LIMIT)
    none = replace(nobody, previous_ts=column(0), existed=column(0), exists=column(0))
    return OutflowRecords(
        transfer=column(transfer),
        account=column(ACCOUNT),
        receiver=column(RECEIVER if transfer else 0),
        asset=column(asset),
        amount=column(amount),
        owner=np.array([owner_words(OWNER_BYTES)], dtype=np.int64),
        payer=cash(ACCOUNT, CASH[0], CASH[0] - amount),
        payee=cash(RECEIVER, CASH[1], CASH[1] + amount) if transfer else none,
        counts=(np.zeros((1, 2), dtype=np.int64), np.zeros((1, 2), dtype=np.int64)),
    )


def trace(**terms: int) -> Any:
    return build(records(**terms), HEIGHT, 0)


HONEST = {
    "a transfer": {},
    "a withdrawal": {"transfer": 0},
    "a quantum": {"transfer": 0, "amount": 1},
    "the largest": {"amount": 2**53 - 1},
}


@pytest.mark.parametrize("terms", HONEST.values(), ids=HONEST.keys())
def test_an_honest_outflow_holds(terms: dict[str, int]) -> None:
    matrix, given = trace(**terms), records(**terms)
    assert ALONE.failed(matrix) == set()
    transfer, amount = int(given.transfer[0]), outflow_words(int(given.amount[0]))
    to = packed(int(given.receiver[0]), 30)
    assert ALONE.messages(matrix, SIGNED_OUTFLOW) == {(ACCOUNT, 0, transfer, *to, *amount): -1}
    assert ALONE.messages(matrix, OUTFLOW) == {(ACCOUNT, 1): -1}
    whose = owner_words(OWNER_BYTES)
    granted = {} if transfer else {(*whose, 0, *amount): -1}
    assert ALONE.messages(matrix, PAYOUT) == granted
    assert ALONE.messages(matrix, OWNER) == ({} if transfer else {(ACCOUNT, *whose): -1})


def test_cash_of_both_is_taken_and_put_back() -> None:
    said, now = ALONE.messages(trace(), MEMORY), OUTFLOW_TIMESTAMP
    assert len(said) == 4
    for account, before, direction in ((ACCOUNT, CASH[0], -1), (RECEIVER, CASH[1], 1)):
        old, new = (packed(c + CASH_LIMIT, 64) for c in (before, before + direction * AMOUNT))
        assert said[(account, CASH_WORD, 70, *old, 1)] == -1
        assert said[(account, CASH_WORD, now, *new, 1)] == 1
    assert len(ALONE.messages(trace(transfer=0), MEMORY)) == 2


SHARED = [*(f"payee.before.{k}" for k in range(2)), *(f"payee.after.{k}" for k in range(4))]
"""Cells of the payee, which hold the owner where there is no payee."""


@pytest.mark.parametrize("place", range(len(SHARED)))
def test_a_withdrawal_to_another_owner(place: int) -> None:
    """Any word of an owner, as large as it may be: no range of a payee's is asked for, and the
    account's header and L1 are told of the word."""
    matrix = trace(transfer=0)
    forged = ALONE.forge(matrix, 0, SHARED[place], 2**27 - 1)
    assert ALONE.failed(forged) == set()
    (owner,), (payout,) = ALONE.messages(forged, OWNER), ALONE.messages(forged, PAYOUT)
    assert owner[1 + place] == payout[place] == 2**27 - 1
    assert ALONE.messages(forged, MEMORY) == ALONE.messages(matrix, MEMORY)


@pytest.mark.parametrize("name", SHARED)
def test_a_transfer_to_other_cash(name: str) -> None:
    """No owner hides what is paid."""
    matrix = trace()
    old = ALONE.cell(matrix, 0, name)
    assert ALONE.failed(ALONE.forge(matrix, 0, name, old + 1)) == {"outflow.cash"}
    assert ALONE.messages(matrix, OWNER) == ALONE.messages(matrix, PAYOUT) == {}


MARK = 37
LOTS = (900, 12)


def of_asset(*, transfer: int = 1, amount: int = 700) -> OutflowRecords:
    """An honest outflow of an asset."""

    def lots(access: CashAccess, before: int, after: int) -> CashAccess:
        old, new = (column(n + POSITION_LIMIT, np.uint64) for n in (before, after))
        return replace(access, before=old, after=new)

    given = records(transfer=transfer, amount=amount, asset=MARK)
    payee = lots(given.payee, LOTS[1], LOTS[1] + amount) if transfer else given.payee
    return replace(given, payer=lots(given.payer, LOTS[0], LOTS[0] - amount), payee=payee)


def test_cash_that_leaves_is_told_as_cash() -> None:
    assert ALONE.failed(ALONE.forge(trace(), 0, "with_cash", 0)) == {"outflow.cash-told"}
    lots = build(of_asset(), HEIGHT, 0)
    assert ALONE.messages(lots, OUTFLOW) == {(ACCOUNT, 0): -1}
    assert ALONE.failed(ALONE.forge(lots, 0, "with_cash", 1)) == set()


@pytest.mark.parametrize("transfer", [0, 1])
def test_an_asset_leaves_the_position_of_its_market(transfer: int) -> None:
    matrix = build(of_asset(transfer=transfer), HEIGHT, 0)
    assert ALONE.failed(matrix) == set()
    assert ALONE.messages(matrix, ASSET) == {(MARK,): -1}
    said, now = ALONE.messages(matrix, MEMORY), OUTFLOW_TIMESTAMP
    moved = ((ACCOUNT, LOTS[0], -1), (RECEIVER, LOTS[1], 1))[: 1 + transfer]
    for account, before, direction in moved:
        old, new = (packed(n + POSITION_LIMIT, 41) for n in (before, before + direction * 700))
        assert said[(account, MARK, 70, *old, 0, 0)] == -1
        assert said[(account, MARK, now, *new, 0, 0)] == 1
    if not transfer:
        (payout,) = ALONE.messages(matrix, PAYOUT)
        assert payout[6:] == (MARK, *outflow_words(700))


def test_an_asset_that_was_traded_in_the_batch_leaves_with_its_counts() -> None:
    """The position's word goes on with what orders of the account did."""
    counts = np.array([[3, 2]]), np.array([[0, 1]])
    matrix = build(replace(of_asset(), counts=counts), HEIGHT, 0)
    assert ALONE.failed(matrix) == set()
    said = {message[-2:] for message in ALONE.messages(matrix, MEMORY) if message[1] == MARK}
    assert said == {(3, 2), (0, 1)}


@pytest.mark.parametrize(
    ("build_", "column_"),
    [(of_asset, "payer.before.2"), (of_asset, "payer.after.4"), (trace, "payer.traded")],
)
def test_what_counts_for_orders_is_no_balance(build_: Any, column_: str) -> None:
    """An asset that lacks is borrowed of a count; cash is a count of orders."""
    given = build_()
    matrix = given if isinstance(given, np.ndarray) else build(given, HEIGHT, 0)
    assert "outflow.of-asset" in ALONE.failed(ALONE.forge(matrix, 0, column_, 1))


def test_cash_of_an_account_that_only_seems_to_exist() -> None:
    assert "outflow.of-asset" in ALONE.failed(ALONE.forge(trace(), 0, "payer.took", 1))


@pytest.mark.parametrize(
    ("column_", "value"), [("of_asset", 0), ("asset_inverse", 0), ("asset", 0)]
)
def test_an_asset_that_leaves_as_cash(column_: str, value: int) -> None:
    matrix = build(of_asset(), HEIGHT, 0)
    assert "outflow.of-asset" in ALONE.failed(ALONE.forge(matrix, 0, column_, value))


def test_cash_that_leaves_as_an_asset() -> None:
    """Then nothing would say that its account exists."""
    assert "outflow.of-asset" in ALONE.failed(ALONE.forge(trace(), 0, "of_asset", 1))


def test_padding_says_nothing() -> None:
    matrix = trace()
    matrix[0] = 0
    assert ALONE.failed(matrix) == set()
    for bus in (ASSET, MEMORY, OUTFLOW, OWNER, PAYOUT, SIGNED_OUTFLOW):
        assert not ALONE.messages(matrix, bus)


@pytest.mark.parametrize(
    ("column_", "change", "claims"),
    [
        ("active", 1, {"outflow.flags"}),
        ("active", -1, {"outflow.padding-is-silent"}),
        ("transfer", 1, {"outflow.flags"}),
        ("transfer", -1, {"outflow.no-receiver"}),
        ("receiver.0", 1, {"outflow.distinct-accounts"}),
        ("amount.0", 1, {"outflow.amount-positive", "outflow.cash"}),
        ("amount.1", 1, {"outflow.amount-positive", "outflow.cash"}),
        ("amount.2", 1, {"outflow.amount-positive", "outflow.cash"}),
        ("payer.after.0", 1, {"outflow.cash"}),
        ("payee.after.0", 1, {"outflow.cash"}),
        ("payer.after.4", 4096, {"outflow.bounds", "outflow.cash"}),
        ("payer.last_ts", 5000, {"outflow.cash-access"}),
        ("payee.last_ts", 5000, {"outflow.cash-access"}),
    ],
)
def test_a_changed_cell_breaks_its_claim(column_: str, change: int, claims: set[str]) -> None:
    matrix = trace()
    old = int(matrix[0, TABLE.columns.names().index(column_)])
    assert claims <= ALONE.failed(ALONE.forge(matrix, 0, column_, old + change))


@pytest.mark.parametrize(
    ("publics", "claim"),
    [
        ({"closed": 0}, "outflow.step-closed"),
        ({"begins_open": 1}, "outflow.step-begun"),
    ],
)
def test_in_a_batch_that_is_not_a_step_of_its_own(publics: dict[str, int], claim: str) -> None:
    table = Isolated(TABLE, {**PUBLICS, **publics})
    assert table.failed(trace()) == {claim}
    empty = trace()
    empty[0] = 0
    assert table.failed(empty) == set()


def test_an_outflow_below_the_rows_that_have_a_time() -> None:
    matrix = trace()
    matrix[PLACES] = matrix[0]
    matrix[0] = 0
    assert ALONE.failed(matrix) == {"outflow.place"}


def test_a_transfer_to_oneself_has_no_inverse() -> None:
    lie = replace(records(), receiver=column(ACCOUNT))
    assert ALONE.failed(build(lie, HEIGHT, 0)) == {"outflow.distinct-accounts"}


def test_a_withdrawal_names_nobody() -> None:
    lie = replace(records(transfer=0), receiver=column(RECEIVER))
    assert ALONE.failed(build(lie, HEIGHT, 0)) == {"outflow.no-receiver"}


def test_an_outflow_of_nothing_is_none() -> None:
    assert ALONE.failed(trace(amount=0)) == {"outflow.amount-positive"}


def test_cash_that_overflows_is_out_of_range() -> None:
    lie = replace(records(), payee=cash(RECEIVER, CASH_LIMIT - 1, CASH_LIMIT - 1 + AMOUNT))
    assert "outflow.cash" in ALONE.failed(build(lie, HEIGHT, 0))
