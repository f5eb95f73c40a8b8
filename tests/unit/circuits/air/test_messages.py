"""The graph of a table's messages says what the whole graph says, and demands nothing."""

import json

import numpy as np

from circuits.air.circuit import PackagedTable
from circuits.air.evaluate import filled, messages
from circuits.air.messages import graph_of, graph_value, message_graph
from tests.helpers.circuits import NOTE, PUBLICS, SQUARE, small_instance

INSTANCE = small_instance(256, 512, 36)
STEPS = INSTANCE.circuit.table("steps")
PACKAGED = PackagedTable(STEPS.table, STEPS.height, message_graph(STEPS.graph), PUBLICS)


def test_it_has_the_nodes_of_messages_alone() -> None:
    graph = PACKAGED.messages
    assert graph.constraints == ()
    assert (graph.width, graph.fixed_width) == (STEPS.width, STEPS.fixed_width)
    assert graph.fractions == STEPS.graph.fractions
    read = {node for m in graph.interactions for node in (*m.payload, m.count)}
    operands = {node for each in graph.nodes for node in each.operands}
    assert read | operands == set(range(len(graph.nodes))) and len(graph.nodes) < len(
        STEPS.graph.nodes
    )


def test_it_says_the_same() -> None:
    buses = (SQUARE.identifier, NOTE.identifier)
    whole, only = (
        messages(
            filled(placed, INSTANCE.traces[0], 36, only_messages=flag), INSTANCE.publics, buses
        )
        for placed, flag in ((STEPS, False), (PACKAGED, True))
    )
    assert len(whole) == len(only) == 2
    for left, right in zip(whole, only, strict=True):
        assert left.interaction.claim == right.interaction.claim
        assert np.array_equal(left.payload, right.payload)
        assert np.array_equal(left.counts, right.counts)
    assert "graph" not in PACKAGED.__dict__, "traced though nobody asked for constraints"


def test_it_is_packaged_as_it_is() -> None:
    assert graph_of(json.loads(json.dumps(graph_value(PACKAGED.messages)))) == PACKAGED.messages


def test_constraints_are_traced_for_whoever_asks() -> None:
    table = PackagedTable(STEPS.table, STEPS.height, message_graph(STEPS.graph), PUBLICS)
    assert table.graph == STEPS.graph
    assert table.messages == message_graph(STEPS.graph)
