"""The ring of masks: what hides the terminals, as two more messages of every group.

A group's terminal is a function of its rows and the public challenges: shown bare, it would let
anyone test guesses about the rows. So group i holds, in its first row, five random cells (its mask)
and a copy of the mask of group i - 1; it sends (i, mask i) and receives (i - 1, mask i - 1) on a
bus of their own. Around the ring these cancel. The fraction of a uniform mask is uniform on E but
for zero, so all terminals but one are uniform, and the last is what they and the public sum leave.
The count is the fixed selector of the first row. The argument: docs/soundness/zero-knowledge.md.
"""

from dataclasses import replace

from circuits.air.graph import Graph, Interaction, Node, Op, Section
from circuits.air.table import Selectors
from rollup.field.extension import DEGREE

MASK_BUS = 0
"""Identifier of the bus of the masks; circuits number theirs from 1."""

MASK_COLUMNS = 2 * DEGREE
"""Main columns added to a group, after its own: its mask, then its predecessor's."""

MASK_PAYLOAD = 1 + DEGREE
"""A mask message is (number of the group, five cells)."""

FIRST_COLUMN = Selectors.names().index("is_first")
"""Fixed column that is 1 on the first row and 0 on all others."""


def with_masks(graph: Graph, number: int, groups: int) -> Graph:
    """The graph of group `number` of `groups`, with mask columns and messages added at its end."""
    nodes = list(graph.nodes)

    def node(op: Op, *args: int) -> int:
        nodes.append(Node(op, args))
        return len(nodes) - 1

    first = node(Op.COLUMN, int(Section.FIXED), FIRST_COLUMN, 0)
    messages = []
    for place, (sign, owner) in enumerate(((1, number), (-1, (number - 1) % groups))):
        columns = range(graph.width + place * DEGREE, graph.width + (place + 1) * DEGREE)
        cells = (node(Op.COLUMN, int(Section.MAIN), column, 0) for column in columns)
        payload = (node(Op.CONST, owner), *cells)
        messages.append(Interaction(MASK_BUS, sign, payload, first, f"{graph.table}.mask"))
    degrees = [*graph.degrees]
    degrees += [0 if added.op is Op.CONST else 1 for added in nodes[len(degrees) :]]
    count = len(graph.interactions)
    return replace(
        graph,
        width=graph.width + MASK_COLUMNS,
        nodes=tuple(nodes),
        degrees=tuple(degrees),
        interactions=(*graph.interactions, *messages),
        fractions=(*graph.fractions, (count, count + 1)),
    )
