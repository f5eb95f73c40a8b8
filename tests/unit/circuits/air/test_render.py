"""The listing says what the graph computes: its formulas are evaluated as text."""

import re

import numpy as np
import pytest

from circuits.air.circuit import Circuit, Placed
from circuits.air.cost import table_cost
from circuits.air.evaluate import evaluate_block, filled
from circuits.air.graph import MODULUS
from circuits.air.publics import PublicLayout
from circuits.air.render import Listing, render
from circuits.air.table import Table
from circuits.gadgets.buses import BUSES
from circuits.tables.deposit.air import TABLE as DEPOSIT
from circuits.tables.fill.air import table as fill_table
from circuits.tables.poseidon.air import TABLE as POSEIDON
from circuits.tables.slot.air import TABLE as SLOT

PUBLICS = PublicLayout(
    (
        *((name, 1) for name in ("deposits_before", "redo", "begins_open", "closed")),
        *((name, 8) for name in ("band_low", "band_high")),
        *((name, 4) for name in ("taker_fee", "maker_fee", "time")),
    )
)


def python(text: str) -> str:
    """A formula of the listing as a Python expression over `v`."""
    text = re.sub(r"\b(\d+) (?=[a-z(])", r"\1 * ", text)
    return re.sub(r"[a-z][a-z_.0-9]*(\[\d+\])?'?", lambda name: f'v["{name[0]}"]', text)


@pytest.mark.parametrize(
    "table", [DEPOSIT, fill_table(2), POSEIDON, SLOT], ids=lambda table: table.name
)
def test_formulas_have_the_values_of_their_nodes(table: Table) -> None:
    placed = Placed(table, table.trace_graph(PUBLICS), 2)
    rng = np.random.default_rng(7)
    main = rng.integers(0, MODULUS, (2, placed.width), dtype=np.uint32)
    publics = [int(value) for value in rng.integers(0, MODULUS, PUBLICS.width)]
    rows = filled(placed, main)
    listing = Listing(placed, PUBLICS, BUSES)
    values = {"is_first": 1, "is_last": 0, "row_number": 0}
    values |= {f"fixed.{name}": 1 for name in table.fixed.names()}
    values |= {f"public.{name}": v for name, v in zip(listing.publics, publics, strict=True)}
    for k, name in enumerate(table.columns.names()):
        values |= {name: int(main[0, k]), f"{name}'": int(main[1, k])}
    _, *lines = listing.lines()
    for line in lines[: len(listing.shared)]:
        name, formula = line.split(" = ")
        values[name] = eval(python(formula), {"v": values}) % MODULUS
    nodes = [constraint.node for constraint in placed.graph.constraints]
    found = evaluate_block(rows, nodes, publics, 0, 1)
    for line, node in zip(lines[len(listing.shared) :], nodes, strict=False):
        formula = line.split(": ")[1].removesuffix(" = 0")
        assert eval(python(formula), {"v": values}) % MODULUS == int(found[node][0]), line


def test_a_listing_names_every_claim_and_every_bus_message() -> None:
    circuit = Circuit.build([(SLOT, 8), (DEPOSIT, 8)], PUBLICS, BUSES)
    text = render(circuit)
    assert circuit.digest.hex() in text
    for placed in circuit.tables:
        graph = placed.graph
        for part in (*graph.constraints, *graph.interactions):
            assert f"\n{part.claim}: " in text or f"\n{part.claim} (" in text
    assert "send MEMORY(account, slot + 131072, 0, generation, left.0, left.1, 0) x active" in text


def test_costs_are_counts_of_the_graph() -> None:
    cost = table_cost(Placed(SLOT, SLOT.trace_graph(PUBLICS), 16))
    assert (cost.columns, cost.fixed_columns, cost.degree) == (52, 3, 3)
    assert cost.lookup_columns == 8
    assert cost.cells == 16 * (52 + 5 * 8)
