"""One table alone: its constraints and range checks hold or not; its other buses stay open.

table = Isolated(TABLE, publics)
table.failed(matrix)            # claims broken
table.messages(matrix, BUS)     # what it says there, net: sent counts positive
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from circuits.air.builder import Builder
from circuits.air.bus import RANGE, Bus
from circuits.air.check import Failure, check_constraints
from circuits.air.circuit import Placed
from circuits.air.evaluate import U32, Filled, filled, messages
from circuits.air.graph import MODULUS, Graph
from circuits.air.layout import Layout
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.air.trace import Trace

Publics = Mapping[str, int | Sequence[int]]


class Isolated:
    """A table with the public values it reads."""

    def __init__(self, table: Table, publics: Publics | None = None) -> None:
        values = publics or {}
        sizes = [(n, 1 if isinstance(v, int) else len(v)) for n, v in values.items()]
        self.table = table
        self.layout = PublicLayout(tuple(sizes))
        self.values = self.layout.flatten(values)
        self.graph: Graph = table.trace_graph(self.layout)

    def filled(self, matrix: U32, blinded: int = 0) -> Filled:
        return filled(Placed(self.table, self.graph, len(matrix)), matrix, blinded)

    def failures(self, matrix: U32, blinded: int = 0) -> list[Failure]:
        """Broken constraints, and values out of their range."""
        table = self.filled(matrix, blinded)
        return check_constraints(table, self.values) + list(self._out_of_range(table))

    def failed(self, matrix: U32, blinded: int = 0) -> set[str]:
        return {failure.claim for failure in self.failures(matrix, blinded)}

    def _out_of_range(self, table: Filled) -> list[Failure]:
        found = []
        for said in messages(table, self.values, [RANGE.identifier]):
            for row, (bits, value) in zip(said.rows, said.payload, strict=True):
                if value >= 1 << bits:
                    detail = f"{value} is not below 2^{bits}"
                    found.append(Failure(table.name, int(row), said.interaction.claim, detail))
        return found

    def messages(self, matrix: U32, bus: Bus) -> Counter[tuple[int, ...]]:
        """Net counts of the tuples on a bus."""
        net: Counter[tuple[int, ...]] = Counter()
        for said in messages(self.filled(matrix), self.values, [bus.identifier]):
            for payload, count in zip(said.payload, said.counts, strict=True):
                signed = int(count) - MODULUS if count > MODULUS // 2 else int(count)
                net[tuple(int(value) for value in payload)] += signed
        return Counter({payload: count for payload, count in net.items() if count})

    def cell(self, matrix: U32, row: int, column: str) -> int:
        """One cell of a trace."""
        return int(matrix[row, self.table.columns.names().index(column)])

    def forge(self, matrix: U32, row: int, column: str, value: int) -> U32:
        """A copy of a trace with one cell changed."""
        forged = matrix.copy()
        forged[row, self.table.columns.names().index(column)] = value % MODULUS
        return forged


def toy(
    columns: type[Layout],
    constraints: Callable[..., None],
    fill: Callable[[Any], None],
    height: int = 4,
    publics: Publics | None = None,
) -> set[str]:
    """The claims that a table made up for a test breaks, filled by `fill`. It is named "toy"."""
    trace = Trace(columns, height)
    fill(trace.row)
    trace.fill_rest()
    return Isolated(Table("toy", columns, constraints), publics).failed(trace.finish())


def column(values: Any, height: int = 4) -> Any:
    """A value, or a few, as a column of int64."""
    return np.resize(np.array(values, dtype=np.int64), height)


__all__ = ["Builder", "Isolated", "column", "toy"]
