"""What a table says, without what it demands: its graph with messages only.

That is all a prover reads of a graph once its tapes are packaged: multiplicities of lookup tables
and lookup columns follow from messages. Packaged as lines of JSON, a table each.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.finish import count_uses
from circuits.air.graph import Graph, Interaction, Node, Op


def message_graph(graph: Graph) -> Graph:
    """The same columns and messages, the nodes that these read, and no constraint."""
    roots = [node for m in graph.interactions for node in (*m.payload, m.count)]
    kept = sorted(count_uses(graph.nodes, list(dict.fromkeys(roots))))
    place = {position: number for number, position in enumerate(kept)}
    return Graph(
        table=graph.table,
        width=graph.width,
        fixed_width=graph.fixed_width,
        nodes=tuple(_moved(graph.nodes[position], place) for position in kept),
        degrees=tuple(graph.degrees[position] for position in kept),
        constraints=(),
        interactions=tuple(
            Interaction(
                bus=m.bus,
                sign=m.sign,
                payload=tuple(place[node] for node in m.payload),
                count=place[m.count],
                claim=m.claim,
                free=m.free,
            )
            for m in graph.interactions
        ),
        fractions=graph.fractions,
    )


def _moved(node: Node, place: dict[int, int]) -> Node:
    """A node whose operands have other numbers."""
    if node.op is Op.LINEAR:
        return Node(node.op, tuple(n for c, i in node.terms for n in (c, place[i])))
    if node.operands:
        return Node(node.op, tuple(place[i] for i in node.args))
    return node


def graph_value(graph: Graph) -> Sequence[object]:
    """A graph of messages as lists of numbers and texts."""
    return (
        graph.table,
        (graph.width, graph.fixed_width),
        [(int(node.op), *node.args) for node in graph.nodes],
        graph.degrees,
        [(m.bus, m.sign, m.count, int(m.free), m.claim, *m.payload) for m in graph.interactions],
        graph.fractions,
    )


def graph_of(value: Sequence[Any]) -> Graph:
    """The graph that was written so."""
    table, (width, fixed_width), nodes, degrees, messages, fractions = value
    ops = tuple(Op)
    return Graph(
        table=table,
        width=width,
        fixed_width=fixed_width,
        nodes=tuple(Node(ops[op], tuple(args)) for op, *args in nodes),
        degrees=tuple(degrees),
        constraints=(),
        interactions=tuple(
            Interaction(bus, sign, tuple(payload), count, claim, bool(free))
            for bus, sign, count, free, claim, *payload in messages
        ),
        fractions=tuple(map(tuple, fractions)),
    )
