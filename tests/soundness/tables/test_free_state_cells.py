"""Free-cell probe of the state tables: each column of an honest row is changed in a row of its own.

Rows do not see each other here, so one trace holds all changes. Noticed means: a constraint breaks,
a value leaves its range, or a message on a bus other than RANGE changes. What may be free, and why,
is said beside each case.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.air import check
from circuits.air.bus import RANGE
from circuits.air.circuit import Circuit
from circuits.air.evaluate import filled, messages
from circuits.air.graph import MODULUS
from circuits.air.table import Table
from circuits.gadgets.buses import BUSES
from circuits.statement.inputs import PUBLICS
from circuits.statement.witness import account_tables
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.header.air import TABLE as HEADER
from circuits.tables.header.trace import build as build_header
from circuits.tables.market.air import TABLE as MARKET
from circuits.tables.market.trace import build as build_market
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.records import HeaderRecords, SlotRecords, TreeRecords
from circuits.tables.slot.air import TABLE as SLOT
from circuits.tables.slot.trace import build as build_slot
from circuits.tables.total.air import TABLE as TOTAL
from circuits.tables.tree.air import TABLE as TREE
from circuits.tables.tree.trace import build as build_tree
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.margin import Holding
from rollup.protocol.terms import batch_terms
from tests.differential.test_margin import Parts, records_of
from tests.helpers.venue import BTC_PRICE, ETH_PRICE, GOVERNANCE, held

CHANGES = (1, 4096)

TERMS = batch_terms(GOVERNANCE, (BTC_PRICE, ETH_PRICE))
HEIGHTS = {"account": 4, "position": 4, "total": 4}


def publics() -> tuple[int, ...]:
    """Nothing public is read by these tables, but whose account the backstop is."""
    values: dict[str, Any] = {name: (0,) * size if size > 1 else 0 for name, size in PUBLICS.sizes}
    values["backstop_account"] = BACKSTOP_ACCOUNT
    return PUBLICS.flatten(values)


def rows_of(parts: Parts) -> dict[str, Any]:
    """The first row of account, position and total."""
    return {name: trace[0] for name, trace in account_tables(*parts, HEIGHTS, 0).items()}


def unnoticed(table: Table, honest: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the columns of which some change goes unnoticed."""
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    names = table.columns.names()
    tried = [(index, change) for index in range(len(names)) for change in CHANGES]
    height = 1 << len(tried).bit_length()
    trace = np.tile(honest, (height, 1))
    for row, (index, change) in enumerate(tried, start=1):
        trace[row, index] = (int(honest[index]) + change) % MODULUS
    circuit = Circuit.build([(table, height)], PUBLICS, BUSES)
    noticed = rows_noticed(filled(circuit.tables[0], trace))
    assert 0 not in noticed, "the honest row itself is refused"
    return {names[index] for row, (index, _) in enumerate(tried, start=1) if row not in noticed}


def rows_noticed(table: Any) -> set[int]:
    """Rows that break something, or say something else than row 0."""
    known = publics()
    rows = {failure.row for failure in check.check_constraints(table, known)}
    for said in messages(table, known, [bus.identifier for bus in BUSES]):
        if said.interaction.bus == RANGE.identifier:
            rows |= set(said.rows[said.payload[:, 1] >= 1 << said.payload[:, 0]].tolist())
            continue
        tuples = zip(said.payload.tolist(), said.counts.tolist(), strict=True)
        spoken = dict(zip(said.rows.tolist(), tuples, strict=True))
        rows |= {row for row in range(table.active) if spoken.get(row) != spoken.get(0)}
    return rows


def free_limbs(name: str, count: int) -> set[str]:
    return {f"{name}.{place}" for place in range(count)}


SLACK = {name for name in ACCOUNT.columns.names() if name.startswith("slack")}
"""What is left over an inequality: two clauses are a sign instead."""

NO_SHARE = {"requirement_inverse"}
"""Asked of the clause "healthier" only."""

NO_TAKER = {"backstop_inverse"}
"""Asked of a liquidated account only."""

INVERSE = NO_SHARE | NO_TAKER

UNHASHED = {
    *free_limbs("before.salt", 4),
    *free_limbs("before.with_slots", 8),
}
"""An account that is being registered has no old leaf to hash."""

LONG, HALF = held(1000, -500), held(500, -250)

ACCOUNTS: dict[str, tuple[Holding, Holding, int, set[str]]] = {
    "unchanged": (Holding(5, LONG), Holding(6, LONG), 0, INVERSE),
    "initial": (Holding(0, LONG), Holding(10**9, HALF), 1, INVERSE | SLACK),
    "maintenance": (Holding(0, LONG), Holding(-210_000_000, HALF), 2, INVERSE | SLACK),
    "healthier": (Holding(-470_000_000, LONG), Holding(-235_000_000, HALF), 3, NO_TAKER),
    "under water": (Holding(-605_000_000, LONG), Holding(-301_000_000, HALF), 3, NO_TAKER),
    "liquidated": (Holding(-470_000_000, LONG), Holding(-235_000_000, HALF), 4, NO_SHARE),
    "exhausted": (Holding(-470_000_000, LONG), Holding(-237_500_000, HALF), 5, NO_SHARE),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_every_cell_of_an_account_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, clause, free = ACCOUNTS[case]
    row = rows_of(records_of([(before, after)], [clause], TERMS))["account"]
    assert unnoticed(ACCOUNT, row, monkeypatch) == free


def test_every_cell_of_a_new_account_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, positions, markets = records_of(
        [(Holding(0, held()), Holding(7, held()))], [0], TERMS
    )
    new = replace(accounts, existed=np.zeros(1, dtype=np.int64), opened=accounts.exists)
    row = rows_of((new, positions, markets))["account"]
    assert unnoticed(ACCOUNT, row, monkeypatch) == INVERSE | UNHASHED


ROOM = free_limbs("shrink_room", 3)
"""How much a position shrank, in the clauses that do not ask."""

POSITIONS: dict[str, tuple[Holding, Holding, int, set[str]]] = {
    "long": (Holding(0, held(2**40 - 1)), Holding(0, held(2**26)), 2, set()),
    "short": (Holding(0, held(-(2**40))), Holding(0, held(-(2**26))), 2, set()),
    "kept": (Holding(0, held(-77)), Holding(1, held(-77)), 0, ROOM),
    "flipped": (Holding(0, held(-77)), Holding(2**40, held(78)), 1, ROOM),
    "opened": (
        Holding(0, held()),
        Holding(2**40, held(5)),
        1,
        ROOM | {*free_limbs("old_hash", 8), "before.inverse"},
    ),
    "closed": (
        Holding(0, held(5)),
        Holding(2**40, held()),
        1,
        ROOM | {*free_limbs("new_hash", 8), "after.inverse"},
    ),
}
"""What is empty has no block to hash and no inverse."""


@pytest.mark.parametrize("case", POSITIONS)
def test_every_cell_of_a_position_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, clause, free = POSITIONS[case]
    row = rows_of(records_of([(before, after)], [clause], TERMS))["position"]
    assert unnoticed(POSITION, row, monkeypatch) == free


@pytest.mark.parametrize("case", ACCOUNTS)
def test_every_cell_of_a_total_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, clause, _ = ACCOUNTS[case]
    row = rows_of(records_of([(before, after)], [clause], TERMS))["total"]
    assert unnoticed(TOTAL, row, monkeypatch) == set()


def test_every_cell_of_a_header_row_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    one = np.ones(1, dtype=np.int64)
    records = HeaderRecords(
        account=one * 5,
        created=one,
        owner=np.arange(6)[None, :],
        key=np.arange(14, dtype=np.uint32)[None, :],
        viewing=np.arange(8)[None, :],
        key_uses=one * 3,
    )
    assert unnoticed(HEADER, build_header(records, 4, 0)[0], monkeypatch) == set()


def test_every_cell_of_a_market_row_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    _, positions, markets = records_of([(Holding(0, LONG), Holding(6, LONG))], [0], TERMS)
    traded = replace(markets, trade_uses=np.ones(2, dtype=np.int64))
    row = build_market(traded, positions, 4, 0)[0]
    assert unnoticed(MARKET, row, monkeypatch) == set()


def test_every_cell_of_a_slot_row_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    one = np.ones(1, dtype=np.int64)
    records = SlotRecords(
        account=one * 5,
        slot=one * 3,
        generation=(one, one * 2),
        filled=(one * 2**30, one),
        last_ts=one * 70,
    )
    assert unnoticed(SLOT, build_slot(records, 4, 0)[0], monkeypatch) == set()


@pytest.mark.parametrize(("left", "right"), [(1, 0), (0, 1), (1, 1)])
def test_every_cell_of_a_tree_row_is_held(
    left: int, right: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = np.ones(1, dtype=np.int64)
    digest = np.arange(8, dtype=np.uint32)[None, :]
    records = TreeRecords(
        tree=one,
        depth=one,
        index=one,
        left=(digest, digest + left),
        right=(digest, digest + right),
        node=(digest, digest + 5),
        left_touched=one * left,
        right_touched=one * right,
    )
    assert unnoticed(TREE, build_tree(records, 4, 0)[0], monkeypatch) == set()
