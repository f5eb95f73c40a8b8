"""Tables of one height as one: side by side in one matrix, with one running sum for all messages.

Each keeps its columns and constraints; the selectors, which follow from the height, are kept once,
and messages of different tables may share a lookup column.
"""

from collections.abc import Sequence
from dataclasses import replace

from circuits.air.finish import pair_interactions
from circuits.air.graph import Constraint, Graph, Interaction, Node, Op, Section
from circuits.air.table import Selectors

SELECTORS = Selectors.width()
"""Fixed columns at the start of every table: equal in all tables of one height."""


def merge_graphs(graphs: Sequence[Graph]) -> Graph:
    """The graph of all these tables, in this order; one alone stays what it is."""
    if len(graphs) == 1:
        return graphs[0]
    nodes: list[Node] = []
    constraints: list[Constraint] = []
    messages: list[Interaction] = []
    width, own_fixed = 0, 0
    for graph in graphs:
        offset = len(nodes)
        nodes += [_moved(node, offset, width, own_fixed) for node in graph.nodes]
        constraints += [replace(c, node=c.node + offset) for c in graph.constraints]
        messages += [
            replace(m, payload=tuple(n + offset for n in m.payload), count=m.count + offset)
            for m in graph.interactions
        ]
        width += graph.width
        own_fixed += graph.fixed_width - SELECTORS
    degrees = tuple(degree for graph in graphs for degree in graph.degrees)
    return Graph(
        table="+".join(graph.table for graph in graphs),
        width=width,
        fixed_width=SELECTORS + own_fixed,
        nodes=tuple(nodes),
        degrees=degrees,
        constraints=tuple(constraints),
        interactions=tuple(messages),
        fractions=pair_interactions(messages, degrees),
    )


def _moved(node: Node, offset: int, width: int, own_fixed: int) -> Node:
    """A node of a table whose columns come after so many others."""
    if node.op is Op.COLUMN:
        section, index, shift = node.args
        if section == Section.MAIN:
            index += width
        elif index >= SELECTORS:
            index += own_fixed
        return Node(Op.COLUMN, (section, index, shift))
    if node.op is Op.LINEAR:
        return Node(node.op, tuple(n for c, i in node.terms for n in (c, i + offset)))
    if node.operands:
        return Node(node.op, tuple(i + offset for i in node.args))
    return node
