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
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.account.trace import build as build_account
from circuits.tables.records import SlotRecords, TreeRecords
from circuits.tables.slot.air import TABLE as SLOT
from circuits.tables.slot.trace import build as build_slot
from circuits.tables.tree.air import TABLE as TREE
from circuits.tables.tree.trace import build as build_tree
from rollup.protocol.encoding import limbs
from rollup.protocol.margin import Holding
from rollup.protocol.market import MarketTerms
from tests.differential.test_margin import records_of

CHANGES = (1, 4096)

TERMS = tuple(
    MarketTerms(
        price=price,
        band_low=1,
        band_high=0,
        initial_fraction=1000,
        maintenance_fraction=500,
        taker_fee=0,
        maker_fee=0,
    )
    for price in (600_000, 250_000, 1, 1)
)


def publics() -> tuple[int, ...]:
    """The terms of the margin rule; nothing else is read by these tables."""
    values: dict[str, Any] = {name: (0,) * size if size > 1 else 0 for name, size in PUBLICS.sizes}
    values["price_limbs"] = [x for t in TERMS for x in limbs(t.price, 30)]
    values["initial_limbs"] = [x for t in TERMS for x in limbs(t.price * t.initial_fraction, 44)]
    values["maintenance_limbs"] = [
        x for t in TERMS for x in limbs(t.price * t.maintenance_fraction, 44)
    ]
    return PUBLICS.flatten(values)


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


def market_columns(*names: str) -> set[str]:
    return {f"shrink.{market}.{name}" for market in range(4) for name in names}


SHRINK = market_columns("low.0", "low.1", "low.2", "high.0", "high.1", "borrow")
"""How much risk shrank is asked in the clauses that need it only."""

INVERSE = {"requirement_inverse"}
"""Asked of the clause "healthier, improved" only."""

UNHASHED = {
    *free_limbs("before.salt", 4),
    *free_limbs("before.with_cash", 8),
    *free_limbs("before.with_positions", 8),
}
"""An account that is being registered has no old leaf to hash."""

LONG = (1000, 0, -500, 0)
HALF = (500, 0, -250, 0)

ACCOUNTS: dict[str, tuple[Holding, Holding, int, set[str]]] = {
    "unchanged": (Holding(5, LONG), Holding(6, LONG), 0, SHRINK | INVERSE),
    "initial": (Holding(0, LONG), Holding(10**9, HALF), 1, SHRINK | INVERSE),
    "maintenance": (Holding(0, LONG), Holding(-280_000_000, HALF), 2, INVERSE),
    "healthier": (Holding(-595_000_000, LONG), Holding(-295_000_000, HALF), 3, INVERSE),
    "improved": (Holding(-605_000_000, LONG), Holding(-301_000_000, HALF), 3, set()),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_every_cell_of_an_account_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, clause, free = ACCOUNTS[case]
    records = records_of([(before, after)], [clause], TERMS)
    honest = build_account(records, 4, 0)[0]
    assert unnoticed(ACCOUNT, honest, monkeypatch) == free


def test_every_cell_of_a_new_account_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = (0, 0, 0, 0)
    records = records_of([(Holding(0, flat), Holding(7, flat))], [0], TERMS)
    new = replace(records, existed=np.zeros(1, dtype=np.int64))
    honest = build_account(new, 4, 0)[0]
    assert unnoticed(ACCOUNT, honest, monkeypatch) == SHRINK | INVERSE | UNHASHED


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
