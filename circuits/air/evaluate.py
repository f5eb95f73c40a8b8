"""Columnar evaluation of a graph: every row of a trace at once. Never on a verifier's path.

Values are int64 and canonical. Rows are taken in blocks, so that a wide table fits the cache.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from circuits.air.circuit import Circuit, Placed
from circuits.air.finish import count_uses
from circuits.air.graph import MODULUS, Graph, Interaction, Node, Op
from circuits.air.trace import fixed_matrix
from rollup.private import Private

I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]

BLOCK_ROWS = 2048
"""Rows evaluated together: one node is 16 KiB."""

_SMALL = 1 << 27
"""Sixteen products of a coefficient below this and a field element stay below 2^63."""


@dataclass(frozen=True, slots=True, repr=False)
class Filled(Private):
    """A table with its columns, uint32 (height, width); only the first `active` rows count.

    With `only_messages` nobody asks for its constraints: a packaged table is then not traced.
    """

    placed: Placed
    main: U32
    fixed: U32
    active: int
    only_messages: bool = False

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.placed.name

    @property
    def graph(self) -> Graph:
        """Graph of the table."""
        return self.placed.messages if self.only_messages else self.placed.graph


def filled(placed: Placed, main: U32, blinded: int = 0, *, only_messages: bool = False) -> Filled:
    """A trace beside its fixed columns. ValueError on another shape or non-canonical values."""
    if main.shape != (placed.height, placed.width) or main.dtype != np.uint32:
        raise ValueError(
            f"{placed.name}: wanted uint32 {placed.height} x {placed.width}, "
            f"got {main.dtype} {main.shape}"
        )
    if main.max(initial=0) >= MODULUS:
        raise ValueError(f"{placed.name}: a cell is not canonical")
    fixed = fixed_matrix(placed.table, placed.height, blinded)
    return Filled(placed, main, fixed, placed.height - blinded, only_messages)


def evaluate_block(
    table: Filled, nodes: Iterable[int], publics: Sequence[int], start: int, stop: int
) -> dict[int, I64]:
    """Values of the given nodes, and of all they need, on rows start to stop."""
    graph = table.graph
    values: dict[int, I64] = {}
    for position in sorted(count_uses(graph.nodes, list(dict.fromkeys(nodes)))):
        node = graph.nodes[position]
        if node.op is Op.COLUMN:
            values[position] = _column(table, node, start, stop)
        elif node.op is Op.CONST:
            values[position] = np.full(stop - start, node.args[0], dtype=np.int64)
        elif node.op is Op.PUBLIC:
            values[position] = np.full(stop - start, publics[node.args[0]], dtype=np.int64)
        else:
            values[position] = _operation(node, values)
    return values


def _column(table: Filled, node: Node, start: int, stop: int) -> I64:
    section, index, shift = node.args
    matrix = table.fixed if section else table.main
    rows = (np.arange(start, stop) + shift) % len(matrix)
    column: I64 = matrix[rows, index].astype(np.int64)
    return column


def _operation(node: Node, values: Mapping[int, I64]) -> I64:
    if node.op is Op.LINEAR:
        return _linear(node, values)
    left, right = (values[i] for i in node.args)
    if node.op is Op.ADD:
        return (left + right) % MODULUS
    if node.op is Op.SUB:
        return (left - right) % MODULUS
    return left * right % MODULUS


def _linear(node: Node, values: Mapping[int, I64]) -> I64:
    total: I64 | None = None
    for coefficient, operand in node.terms:
        signed = coefficient - MODULUS if coefficient > MODULUS // 2 else coefficient
        term = values[operand] * signed
        if abs(signed) >= _SMALL:
            term %= MODULUS
        total = term if total is None else total + term
    if total is None:
        raise ValueError("a linear node without terms")
    return total % MODULUS


def blocks(table: Filled) -> Iterator[tuple[int, int]]:
    """The active rows in blocks."""
    for start in range(0, table.active, BLOCK_ROWS):
        yield start, min(start + BLOCK_ROWS, table.active)


@dataclass(frozen=True, slots=True, repr=False)
class Messages(Private):
    """What one interaction says on all rows where its count is not zero."""

    table: str
    interaction: Interaction
    rows: I64
    payload: I64  # (messages, width)
    counts: I64  # canonical, sign included


def messages(table: Filled, publics: Sequence[int], buses: Iterable[int]) -> list[Messages]:
    """All messages of a table on some buses."""
    wanted = set(buses)
    chosen = [m for m in table.graph.interactions if m.bus in wanted]
    nodes = [node for m in chosen for node in (*m.payload, m.count)]
    parts: list[list[tuple[I64, I64, I64]]] = [[] for _ in chosen]
    for start, stop in blocks(table):
        values = evaluate_block(table, nodes, publics, start, stop)
        for part, message in zip(parts, chosen, strict=True):
            count = values[message.count] * message.sign % MODULUS
            used = np.flatnonzero(count)
            payload = np.stack([values[node][used] for node in message.payload], axis=1)
            part.append((used + start, payload, count[used]))
    return [
        Messages(table.name, message, *(np.concatenate(piece) for piece in zip(*part, strict=True)))
        for message, part in zip(chosen, parts, strict=True)
    ]


def requests(
    tables: Iterable[Filled], publics: Sequence[int], bus: int, width: int
) -> tuple[U32, I64]:
    """Distinct tuples on a bus over several tables, with their net counts (sent less received).

    This is what a lookup table's multiplicities are made of. Counts lie around zero; tuples whose
    counts cancel are left out. Shapes (distinct, width) and (distinct,).
    """
    found = [m for table in tables for m in messages(table, publics, [bus])]
    if not found:
        return np.zeros((0, width), dtype=np.uint32), np.zeros(0, dtype=np.int64)
    payload = np.concatenate([m.payload for m in found]).astype(np.uint32)
    counts = np.concatenate([m.counts for m in found])
    distinct, place = distinct_rows(payload)
    net = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(net, place, np.where(counts > MODULUS // 2, counts - MODULUS, counts))
    return distinct[net != 0], net[net != 0]


def distinct_rows(matrix: U32) -> tuple[U32, I64]:
    """The different rows of a matrix, and for each row of it which of them it is."""
    if not len(matrix):
        return matrix, np.zeros(0, dtype=np.int64)
    packed = np.ascontiguousarray(matrix).view(np.dtype((np.void, 4 * matrix.shape[1]))).ravel()
    _, first, place = np.unique(packed, return_index=True, return_inverse=True)
    return matrix[first], place.reshape(-1)


def fill_circuit(
    circuit: Circuit, traces: Mapping[str, U32], blinded: int = 0
) -> tuple[Filled, ...]:
    """Every table of a circuit with its trace. ValueError if the names differ."""
    names = {placed.name for placed in circuit.tables}
    if set(traces) != names:
        raise ValueError(f"wanted traces of {sorted(names)}, got {sorted(traces)}")
    return tuple(filled(placed, traces[placed.name], blinded) for placed in circuit.tables)
