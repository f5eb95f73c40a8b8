"""The graph: simplified without changing what it computes, and pinned by its digest."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.circuit import Circuit, Placed
from circuits.air.evaluate import evaluate_block, filled
from circuits.air.expr import Recorder, linear
from circuits.air.graph import LINEAR_TERMS_MAX, MODULUS, Graph, Op
from circuits.air.layout import Layout, cells
from circuits.air.publics import PublicLayout
from circuits.air.table import Table

COLUMNS = 4


class Plain(Layout):
    x = cells(COLUMNS)


Tree = Any
leaves = st.one_of(st.integers(0, COLUMNS - 1).map(lambda i: ("x", i)), st.integers(-5, 5))
trees = st.recursive(
    leaves,
    lambda inner: st.tuples(st.sampled_from("+-*n"), inner, inner),
    max_leaves=40,
)


def apply(tree: Tree, cells: Any) -> Any:
    """The value of a tree over cells of any kind. Products are kept at degree one or two."""
    if isinstance(tree, int):
        return tree
    if tree[0] == "x":
        return cells[tree[1]]
    left, right = apply(tree[1], cells), apply(tree[2], cells)
    if tree[0] == "+":
        return left + right
    if tree[0] == "-":
        return left - right
    return left * 3 - right if tree[0] == "n" else 5 * left + right


def graph_of(*bodies: Any) -> Graph:
    def constraints(air: Builder, row: Any) -> None:
        for body in bodies:
            value = air.recorder.lift(body(row.x))
            air.require_zero(value + row.x[0] * row.x[1], "toy.value")

    return Table("toy", Plain, constraints).trace_graph()


@settings(max_examples=150)
@given(trees, trees, st.lists(st.integers(0, MODULUS - 1), min_size=4, max_size=4))
def test_simplification_keeps_the_value(one: Tree, two: Tree, point: list[int]) -> None:
    bodies = [lambda x, t=tree: apply(t, x) for tree in (one, two)]
    bodies.append(lambda x: apply(one, x) * apply(two, x))
    table = Table("toy", Plain, lambda air, row: None)
    graph = graph_of(*bodies)
    main = np.array([point, point], dtype=np.uint32)
    placed = Placed(table, graph, 2)
    roots = [constraint.node for constraint in graph.constraints]
    values = evaluate_block(filled(placed, main), roots, (), 0, 2)
    product = point[0] * point[1]
    wanted = [(body(point) + product) % MODULUS for body in bodies]
    assert [int(values[root][0]) for root in roots] == wanted


def test_nodes_are_in_order_and_sums_are_short() -> None:
    graph = graph_of(lambda x: sum((x[i % 4] * (i + 2) for i in range(40)), x[0] * x[3]))
    for position, node in enumerate(graph.nodes):
        assert all(operand < position for operand in node.operands)
        assert node.op is not Op.LINEAR or len(node.terms) <= LINEAR_TERMS_MAX


def test_a_sum_of_products_with_constants_is_one_node() -> None:
    graph = graph_of(lambda x: x[0] + x[1] * 2**13 + (x[2] + x[3] * 7) * 2**26)
    linears = [node for node in graph.nodes if node.op is Op.LINEAR]
    assert len(linears) == 1
    assert [node.op for node in graph.nodes].count(Op.ADD) == 0


def test_a_long_sum_is_cut_into_nodes_of_sixteen_terms() -> None:
    recorder = Recorder()
    cells = [recorder.column(0, i, 0) for i in range(40)]  # type: ignore[arg-type]
    total = linear((i + 2, x) for i, x in enumerate(cells))
    assert total.degree == 1
    lengths = [len(node.terms) for node in recorder.nodes if node.op is Op.LINEAR]
    assert sorted(lengths) == [8, 16, 16]


def test_constants_fold_and_equal_nodes_are_shared() -> None:
    graph = graph_of(lambda x: (x[2] + 3 - 3) * 1 + 0 * x[3], lambda x: x[2] + (2 - 2))
    assert graph.constraints[0].node == graph.constraints[1].node
    assert not any(node.op is Op.COLUMN and node.args[1] == 3 for node in graph.nodes)


BUS = Bus("PAIR", 1, ("a", "b"))


def circuit(factor: int = 2, height: int = 8, claim: str = "toy.sum", public: str = "p") -> Circuit:
    def constraints(air: Builder, row: Any) -> None:
        air.require_equal(row.x[0] * factor, row.x[1] + air.public(public), claim)
        air.send(BUS, (row.x[2], row.x[3]), claim="toy.pair")

    table = Table("toy", Plain, constraints)
    return Circuit.build([(table, height)], PublicLayout(((public, 1),)), [BUS])


def test_a_table_taller_than_its_bounds_assume_is_refused() -> None:
    table = Table("toy", Plain, lambda air, row: None, height_max=8)
    Circuit.build([(table, 8)], PublicLayout(()), [])
    with pytest.raises(ValueError, match="toy: height 16 is above 8, which its bounds assume"):
        Circuit.build([(table, 16)], PublicLayout(()), [])


def test_the_digest_pins_constraints_heights_claims_and_publics() -> None:
    digests = {
        circuit().digest,
        circuit(factor=3).digest,
        circuit(height=16).digest,
        circuit(claim="toy.other").digest,
        circuit(public="q").digest,
    }
    assert len(digests) == 5
    assert circuit().digest == circuit().digest
