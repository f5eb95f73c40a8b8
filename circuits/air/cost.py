"""What a table costs, from its graph alone: columns, nodes, constraints, messages, degree."""

from dataclasses import dataclass

from circuits.air.circuit import Placed

EXTENSION_DEGREE = 5
"""Base columns of a lookup column."""


@dataclass(frozen=True, slots=True)
class TableCost:
    """Counts of one table. `cells` are the committed base-field cells of witness and lookups;
    the engine adds a few to every table (masks, running sum)."""

    name: str
    height: int
    columns: int
    fixed_columns: int
    lookup_columns: int
    constraints: int
    interactions: int
    nodes: int
    degree: int

    @property
    def cells(self) -> int:
        """Committed cells."""
        return self.height * (self.columns + EXTENSION_DEGREE * self.lookup_columns)


def table_cost(placed: Placed) -> TableCost:
    """The counts of one table."""
    graph = placed.graph
    return TableCost(
        name=placed.name,
        height=placed.height,
        columns=graph.width,
        fixed_columns=graph.fixed_width,
        lookup_columns=len(graph.fractions),
        constraints=len(graph.constraints),
        interactions=len(graph.interactions),
        nodes=len(graph.nodes),
        degree=max((graph.degrees[c.node] for c in graph.constraints), default=0),
    )
