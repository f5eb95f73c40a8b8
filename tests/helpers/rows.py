"""Rows of one table under forgery: what notices when cells of a few rows are changed.

The *items* of a table are its constraints and its messages, in the order of its graph. Many
candidates are evaluated side by side: a candidate is a window of rows (one row; or some rows that
are the forger's, between their neighbours, where the table reads the row below). An item notices a
candidate where

* it is a constraint that is not zero, or
* it is a message on a bus whose truth is known (RANGE, HASH, BASE) and it asks for a falsehood.

Messages on other buses can be matched by whatever the other tables say; `said` tells which of them
differ from the honest window's. The tables that answer RANGE, HASH and BASE speak there freely.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from circuits.air.bus import RANGE
from circuits.air.evaluate import _operation
from circuits.air.graph import MODULUS, Constraint, Graph, Op, Scope
from circuits.air.table import Selectors, Table
from circuits.air.trace import fixed_matrix
from circuits.gadgets.buses import BASE, HASH
from circuits.statement.witness import Witness
from circuits.tables.base.air import TABLE as BASE_TABLE
from rollup.hash.constants import DIGEST_WIDTH, WIDTH
from rollup.hash.kernels import compress_many

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

ANSWERERS = {"poseidon": HASH.identifier, "range": RANGE.identifier, "base": BASE.identifier}


@cache
def base_entries() -> frozenset[tuple[int, ...]]:
    """Every tuple that BASE may carry."""
    values = BASE_TABLE.fixed_values(2**13)
    names = ["window", "byte", *(f"x.{k}" for k in range(7)), *(f"y.{k}" for k in range(7))]
    return frozenset(zip(*(values[name] for name in names), strict=True))


@dataclass(frozen=True)
class Source:
    """Honest rows of a table: a filled trace, and the public values it was made for."""

    table: Table
    graph: Graph
    matrix: NDArray[np.uint32]
    publics: tuple[int, ...]
    blinded: int = 0

    @cached_property
    def fixed(self) -> NDArray[np.uint32]:
        """Its fixed columns."""
        return fixed_matrix(self.table, len(self.matrix), self.blinded)

    @property
    def active(self) -> int:
        """Rows that constraints hold on."""
        return len(self.matrix) - self.blinded

    @cached_property
    def reads_below(self) -> bool:
        """Whether any constraint reads the row below."""
        return any(node.op is Op.COLUMN and node.args[2] for node in self.graph.nodes)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return self.table.columns.names()

    def cells(self, row: int) -> dict[str, int]:
        """What the columns of a row hold, by name; fixed ones with `fixed.` before theirs."""
        fixed = (f"fixed.{name}" for name in (*Selectors.names(), *self.table.fixed.names()))
        values = (*self.matrix[row].tolist(), *self.fixed[row].tolist())
        return dict(zip((*self.names, *fixed), values, strict=True))

    @property
    def items(self) -> int:
        """Constraints and messages."""
        return len(self.graph.constraints) + len(self.graph.interactions)

    def claim(self, item: int) -> str:
        """The claim of an item."""
        return (*self.graph.constraints, *self.graph.interactions)[item].claim


def source_of(witness: Witness, name: str) -> Source:
    """A table of a witness."""
    placed, trace = witness.circuit.table(name), witness.traces[name]
    return Source(placed.table, placed.graph, trace, witness.publics, witness.blinded)


@dataclass(frozen=True)
class Verdicts:
    """Of each candidate: which items notice (candidates, items), which other messages differ."""

    noticed: Flags
    said: Flags


@dataclass
class Window:
    """One place of an honest trace, and forgeries there: candidates are (n, rows, columns)."""

    source: Source
    row: int
    span: int = 2

    def __post_init__(self) -> None:
        below = self.source.reads_below
        self.rows = self.span + 2 if below else 1
        start = self.row - below
        self.places = [start + i for i in range(self.rows)]
        height = len(self.source.matrix)
        self.honest = self.source.matrix[[p % height for p in self.places]].astype(np.int64)
        self.fixed = self.source.fixed[[p % height for p in self.places]].astype(np.int64)
        own = range(1, self.rows - 1) if below else [0]
        self.own = [row for row in own if self.places[row] < self.source.active]

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(row of the window, column) of every cell that a forger may change."""
        return [(r, c) for r in self.own for c in range(self.source.graph.width)]

    def values(self, candidates: I64, row: int) -> list[I64]:
        """Every node of the graph at one row of the window."""
        count = len(candidates)
        below = min(row + 1, self.rows - 1)
        found: list[I64] = []
        lookup: dict[int, I64] = {}
        for place, node in enumerate(self.source.graph.nodes):
            if node.op is Op.COLUMN:
                section, index, shift = node.args
                at = below if shift else row
                value = (
                    np.full(count, self.fixed[at, index])
                    if section
                    else candidates[:, at, index].copy()
                )
            elif node.op is Op.CONST:
                value = np.full(count, node.args[0], dtype=np.int64)
            elif node.op is Op.PUBLIC:
                value = np.full(count, self.source.publics[node.args[0]], dtype=np.int64)
            else:
                value = _operation(node, lookup)
            lookup[place] = value
            found.append(value)
        return found

    def applies(self, constraint: Constraint, row: int) -> bool:
        """Whether a constraint holds at a row of the window."""
        place, active = self.places[row], self.source.active
        return 0 <= place < {
            Scope.ALL: active,
            Scope.TRANSITION: active - 1,
            Scope.FIRST: min(1, active),
            Scope.LAST: active,
        }[constraint.scope] and (constraint.scope is not Scope.LAST or place == active - 1)

    def residuals(self, candidates: I64) -> I64:
        """Values of the constraints at every row they hold on: (n, rows read, constraints)."""
        rows = self.rows_read
        graph = self.source.graph
        out = np.zeros((len(candidates), len(rows), len(graph.constraints)), dtype=np.int64)
        for place, row in enumerate(rows):
            values = self.values(candidates, row)
            for number, constraint in enumerate(graph.constraints):
                if self.applies(constraint, row):
                    out[:, place, number] = values[constraint.node]
        return out

    @property
    def rows_read(self) -> list[int]:
        """Rows at which a change of the window's own cells can be seen."""
        return [0, *self.own] if self.source.reads_below else self.own

    def verdicts(self, candidates: I64) -> Verdicts:
        """Who notices each candidate."""
        graph = self.source.graph
        noticed = np.zeros((len(candidates), self.source.items), dtype=bool)
        said = np.zeros((len(candidates), self.source.items), dtype=bool)
        first = len(graph.constraints)
        for row in self.rows_read:
            values = self.values(candidates, row)
            for number, constraint in enumerate(graph.constraints):
                if self.applies(constraint, row):
                    noticed[:, number] |= values[constraint.node] != 0
            if row not in self.own:
                continue
            honest = self._messages(self.values(self.honest[None], row))
            for number, (payload, count) in enumerate(self._messages(values), start=first):
                message = graph.interactions[number - first]
                was, was_count = honest[number - first]
                differs = ((payload != was).any(axis=1) & (count != 0)) | (count != was_count)
                false = self._false(message.bus, payload, (count != 0) & differs)
                if false is None:
                    said[:, number] |= differs
                else:
                    noticed[:, number] |= false
        return Verdicts(noticed, said)

    def _messages(self, values: Sequence[I64]) -> list[tuple[I64, I64]]:
        return [
            (np.stack([values[node] for node in message.payload], axis=1), values[message.count])
            for message in self.source.graph.interactions
        ]

    def _false(self, bus: int, payload: I64, asked: Flags) -> Flags | None:
        """Which payloads are false; None on a bus whose truth lies with other tables."""
        if ANSWERERS.get(self.source.table.name) == bus:
            return None
        false = np.zeros(len(payload), dtype=bool)
        if bus == RANGE.identifier:
            return asked & (payload[:, 1] >= 1 << payload[:, 0].clip(0, 30))
        places = np.flatnonzero(asked)
        if bus == HASH.identifier:
            words = payload[places].astype(np.uint32)
            left, right = words[:, :DIGEST_WIDTH], words[:, DIGEST_WIDTH:WIDTH]
            if len(places):
                answer = compress_many(np.ascontiguousarray(left), np.ascontiguousarray(right))
                false[places] = (answer != words[:, WIDTH:]).any(axis=1)
            return false
        if bus == BASE.identifier:
            known = base_entries()
            false[places] = [tuple(entry) not in known for entry in payload[places].tolist()]
            return false
        return None

    def with_cells(self, changes: Iterable[dict[tuple[int, int], int]]) -> I64:
        """Candidates: the honest window with some cells set."""
        listed = list(changes)
        out = np.repeat(self.honest[None], len(listed), axis=0)
        for candidate, cells in zip(out, listed, strict=True):
            for (row, column), value in cells.items():
                candidate[row, column] = value % MODULUS
        return out
