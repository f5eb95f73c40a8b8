"""Cells forged without a proof, a sample; `make soundness` forges in every table."""

import re
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell
from circuits.air.table import Selectors, Table
from circuits.statement.witness import fill_lookups
from tests.helpers.honest import busy_witness
from tests.helpers.isolation import Isolated
from tests.helpers.rows import ANSWERERS, Source, source_of
from tests.helpers.statement import denied, small_circuit
from tests.soundness.cells import Cells, Changes, judged, searched
from tests.soundness.free import FREE, PADDING, entry_of, holds

TABLES = {placed.name: placed.table for placed in small_circuit().tables}

SEARCHED = ("batch", "deposit", "header", "outflow", "slot", "takeover")
"""Small tables, which are searched whole."""

COMPARED = ("account", "deposit", "fill", "header", "market", "position", "tree", "trigger")


@pytest.mark.parametrize("name", SEARCHED)
def test_what_is_accepted_is_excused_and_what_is_excused_is_accepted(name: str) -> None:
    found = searched(name, seed=30)
    assert found.tried > found.accepted > 0
    assert (found.holes, found.broad) == ((), ())


@pytest.mark.parametrize("name", COMPARED)
def test_the_search_agrees_with_the_check_of_the_whole_witness(name: str) -> None:
    """Forgeries that it accepts and that it refuses, as many of each."""
    forger, random = Cells(source_of(busy_witness(), name)), Random(f"31 {name}")
    columns = random.sample(range(len(forger.source.names)), 8)
    changes = forger.forged(forger.kinds(random), columns, random)
    accepted = forger.accepted(changes)
    triples = set(_triples(accepted))
    refused = [triple for triple in _triples(changes) if triple not in triples]
    assert triples and refused
    for triple in random.sample(sorted(triples), 2):
        assert not _denied(name, *triple), triple
    for triple in random.sample(refused, 2):
        assert _denied(name, *triple), triple


def _triples(changes: Changes) -> list[tuple[int, int, int]]:
    columns = (changes.rows, changes.columns, changes.values)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _denied(name: str, row: int, column: int, value: int) -> set[str]:
    """Claims that the whole witness breaks with one cell forged, its lookups counted again."""
    witness = busy_witness()
    traces = {table: trace for table, trace in witness.traces.items() if table not in ANSWERERS}
    traces[name] = traces[name].copy()
    traces[name][row, column] = value
    try:
        fill_lookups(traces, witness.publics, witness.circuit, witness.blinded)
    except (ValueError, IndexError):
        return {"lookups.false"}
    return denied(replace(witness, traces=traces).failures())


@pytest.mark.parametrize(
    ("name", "claim", "column"),
    [
        ("header", "header.owner", "owner_uses"),
        ("outflow", "outflow.distinct-accounts", "accounts_inverse"),
        ("deposit", "deposit.is-not-owner", "stranger_proof.0"),
        ("batch", "batch.progress-enough", "spent_room.0"),
        ("account", "account.exempt", "ordinary"),
        ("position", "position.zone", "zone"),
    ],
)
def test_a_constraint_or_message_that_is_missing_leaves_a_hole(
    name: str, claim: str, column: str
) -> None:
    source = source_of(busy_witness(), name)
    found = judged(_without(source, claim), Random(32))
    assert f"{name}.{column} " in " ".join(found.holes)
    assert not judged(source, Random(32)).holes


def _without(source: Source, claim: str) -> Source:
    """The same trace in a table that does not claim so."""
    graph = source.graph
    constraints = tuple(item for item in graph.constraints if item.claim != claim)
    interactions = tuple(item for item in graph.interactions if item.claim != claim)
    dropped = replace(graph, constraints=constraints, interactions=interactions)
    assert dropped != graph
    return replace(source, graph=dropped)


class Roots(Layout):
    """A cell with two honest values, and one that nobody reads."""

    either = cell()
    unread = cell()


def test_a_value_that_only_a_product_allows_is_found() -> None:
    """Of a cell in a quadratic constraint the other root, wherever it is."""

    def constraints(air: Builder, row: Roots) -> None:
        air.require_zero((row.either - 5) * (row.either - 987_654_321), "roots.either")

    alone = Isolated(Table("roots", Roots, constraints))
    matrix = np.full((4, 2), 5, dtype=np.uint32)
    forger = Cells(Source(alone.table, alone.graph, matrix, alone.values))
    accepted = forger.accepted(forger.forged([1, 2], [0], Random(33)))
    assert set(_triples(accepted)) == {(1, 0, 987_654_321), (2, 0, 987_654_321)}
    changes = forger.forged([1, 2], [1], Random(33))
    assert len(forger.accepted(changes)) == len(changes) > 0


def test_the_row_above_sees_a_change_and_rows_at_the_ends_are_none() -> None:
    def constraints(air: Builder, row: Roots, below: Roots) -> None:
        with air.transition():
            air.require_equal(row.either, below.unread, "roots.below")

    alone = Isolated(Table("roots", Roots, constraints))
    matrix = np.full((4, 2), 7, dtype=np.uint32)
    forger = Cells(Source(alone.table, alone.graph, matrix, alone.values, blinded=1))
    accepted = forger.accepted(forger.forged([0, 1, 2], [0, 1], Random(34)))
    assert {(row, column) for row, column, _ in _triples(accepted)} == {(0, 1), (2, 0)}


def test_every_excuse_names_columns_and_cells_that_there_are() -> None:
    derived = {"deposit": {f"off_curve.{part}" for part in range(7)}}
    for pattern, where, why in FREE:
        name = pattern.split("\\.")[0]
        names = {*_cells_of(name), *derived.get(name, ())}
        columns = [c for c in TABLES[name].columns.names() if re.fullmatch(pattern, f"{name}.{c}")]
        assert columns, pattern
        assert why and where, pattern
        assert names >= {*where, *(each for each in where.values() if isinstance(each, str))}
    for name, (where, why) in PADDING.items():
        assert why and _cells_of(name) >= set(where)


def _cells_of(name: str) -> set[str]:
    table = TABLES[name]
    fixed = (*Selectors.names(), *table.fixed.names())
    return {*table.columns.names(), *(f"fixed.{each}" for each in fixed)}


def test_an_excuse_holds_on_its_rows_alone() -> None:
    source = source_of(busy_witness(), "header")
    renewed = source.names.index("renewed")
    rows = range(int(source.matrix[:, source.names.index("active")].sum()))
    excused = [entry_of("header", "with_header.0", source.cells(row)) is not None for row in rows]
    assert excused == [source.matrix[row, renewed] == 0 for row in rows]
    assert True in excused and False in excused
    assert not entry_of("header", "owner.0", source.cells(0))
    assert entry_of("header", "owner.0", source.cells(len(source.matrix) - 2))


def test_a_condition_compares_cells_with_numbers_and_with_each_other() -> None:
    cells = {"a": 1, "b": 1, "c": 2}
    assert holds({"a": 1}, cells) and holds({"a": "b"}, cells) and holds({}, cells)
    assert not holds({"a": 2}, cells) and not holds({"a": "c"}, cells)
