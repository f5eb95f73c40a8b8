"""What a prover takes from the package is what it would trace, for every class."""

import pytest

from circuits.air.merge import merge_graphs
from circuits.air.messages import message_graph
from circuits.stark.lowered import lower_circuit
from circuits.stark.masks import with_masks
from circuits.statement.circuit import circuit
from circuits.statement.proving import proving_circuit
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES, ShapeClass


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_the_packaged_circuit_is_the_traced_one(shape_class: ShapeClass) -> None:
    packaged, traced = proving_circuit(shape_class), circuit(shape_class)
    assert packaged.digest == traced.digest
    assert packaged.publics == traced.publics and packaged.buses == traced.buses
    assert [p.name for p in packaged.tables] == [t.name for t in traced.tables]
    assert [p.height for p in packaged.tables] == [t.height for t in traced.tables]
    for ours, theirs in zip(packaged.tables, traced.tables, strict=True):
        assert ours.messages == message_graph(theirs.graph)


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_it_is_lowered_to_the_same(shape_class: ShapeClass) -> None:
    ours, theirs = lower_circuit(proving_circuit(shape_class)), lower_circuit(circuit(shape_class))
    assert (ours.digest, ours.heights) == (theirs.digest, theirs.heights)
    assert ours.tapes == theirs.tapes and ours.tables == theirs.tables
    assert ours.bus_widths == theirs.bus_widths
    widths = (ours.public_width, ours.payload_width)
    assert widths == (theirs.public_width, theirs.payload_width)
    for graph, tape in zip(ours.graphs, theirs.tapes, strict=True):
        assert graph.fractions == tape.fractions
        assert (graph.width, graph.fixed_width) == (tape.main_width, tape.fixed_width)


def test_nothing_is_traced_until_constraints_are_asked_for() -> None:
    packaged, traced = proving_circuit.__wrapped__(CLASS_S), circuit(CLASS_S)
    table = packaged.table("slot")
    lower_circuit(packaged)
    others = [placed for placed in packaged.tables if placed is not table]
    assert all("graph" not in placed.__dict__ for placed in others)
    assert table.graph == traced.table("slot").graph


def test_messages_of_a_height_are_those_of_its_merged_graph() -> None:
    traced, ours = circuit(CLASS_S), lower_circuit(proving_circuit(CLASS_S))
    for number, height in enumerate(ours.heights):
        merged = merge_graphs([p.graph for p in traced.tables if p.height == height])
        whole = with_masks(merged, number, len(ours.heights))
        assert message_graph(ours.graphs[number]) == message_graph(whole)
