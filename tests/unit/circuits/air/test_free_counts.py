"""Free counts stand on one side of a bus, alone: any field element could take back what is said."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.circuit import Circuit
from circuits.air.expr import TracingError
from circuits.air.graph import Graph, Op, Section
from circuits.air.layout import Layout, bit, cell
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.air.trace import fixed_matrix
from circuits.statement.circuit import circuit
from circuits.tables.base.trace import with_kernel

BUS = Bus("ANSWERS", 1, ("value",))


class Row(Layout):
    value = cell()
    count = cell()
    one = bit()
    two = bit()


def built(*bodies: Callable[[Builder, Any], None]) -> Circuit:
    """A circuit of a table for each body; the bits of its rows are constrained."""

    def constraints(body: Callable[[Builder, Any], None]) -> Callable[[Builder, Any], None]:
        def all_of_it(air: Builder, row: Any) -> None:
            body(air, row)
            for value in (row.one, row.two):
                air.require_bit(value, f"{air.table}.bit")

        return all_of_it

    tables = [(Table(f"t{i}", Row, constraints(body)), 8) for i, body in enumerate(bodies)]
    return Circuit.build(tables, PublicLayout(()), (BUS,))


def says(verb: str, count: Callable[[Any], Any]) -> Callable[[Builder, Any], None]:
    """A body that sends or receives one message with this count."""

    def body(air: Builder, row: Any) -> None:
        getattr(air, verb)(BUS, [row.value], count(row), claim=f"{air.table}.{verb}")

    return body


FREE = says("send", lambda row: row.count)
ASKED = says("receive", lambda row: row.one * row.two)


def test_a_lookup_has_free_counts_on_one_side() -> None:
    circuit = built(FREE, FREE, ASKED)
    assert [p.graph.interactions[0].free for p in circuit.tables] == [True, True, False]


def test_free_counts_on_both_sides_are_refused() -> None:
    with pytest.raises(ValueError, match=r"free counts on both sides, t0\.send and t1\.receive"):
        built(FREE, says("receive", lambda row: row.count))


@pytest.mark.parametrize("count", [lambda row: 2, lambda row: row.one + row.two])
def test_more_than_a_bit_is_free(count: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="both sides"):
        built(FREE, says("receive", count))


@pytest.mark.parametrize("count", [lambda row: 1, lambda row: row.two])
def test_a_free_count_beside_one_that_must_be_received_is_refused(
    count: Callable[[Any], Any],
) -> None:
    with pytest.raises(ValueError, match="could take it back"):
        built(FREE, says("send", count), ASKED)


def test_a_bit_that_follows_from_others_needs_a_reason() -> None:
    def body(reason: str) -> Callable[[Builder, Any], None]:
        def told(air: Builder, row: Any) -> None:
            air.require_zero(row.one * row.two, f"{air.table}.exclusive")
            air.bit_elsewhere(row.one + row.two, reason)
            air.receive(BUS, [row.value], row.one + row.two, claim=f"{air.table}.receive")

        return told

    assert not built(FREE, body("exclusive bits")).tables[1].graph.interactions[0].free
    with pytest.raises(TracingError, match="needs a reason"):
        built(FREE, body(""))


def fixed_counts(graph: Graph) -> set[int]:
    """The fixed columns that are a count, or a factor of one."""
    found, stack = set(), [message.count for message in graph.interactions if not message.free]
    while stack:
        node = graph.nodes[stack.pop()]
        if node.op is Op.COLUMN and node.args[0] == Section.FIXED:
            found.add(node.args[1])
        stack += node.operands if node.op is Op.MUL else ()
    return found


def test_fixed_columns_that_count_are_selectors() -> None:
    seen = 0
    for placed in with_kernel(circuit()).tables:
        values = fixed_matrix(placed.table, placed.height, 186)
        for column in fixed_counts(placed.graph):
            assert np.isin(values[:, column], (0, 1)).all(), (placed.name, column)
            seen += 1
    assert seen > 5
