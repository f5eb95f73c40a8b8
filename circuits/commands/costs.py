"""What a batch costs in committed cells, by transaction type and by table of each shape class; and
what a proof costs in bytes, by table and by part.

A transaction's cells are the rows that it fills, times the columns of their tables: main ones, and
half a lookup column for each message. What padding, blinding, running sums, masks and the fixed
tables take comes on top: a table has its height whatever a batch holds.

Cells are what proving costs; bytes are what L1 pays for. A column of a table that is s times
shorter than the tallest stands in a stack with s - 1 others: of a query's word it takes one part in
s, and then its opened values. So how wide a table is weighs much less in bytes than in cells, and a
short one less than a tall one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from circuits.stark.lowered import TablePlace
from circuits.stark.parameters import CHUNKS, Parameters
from circuits.stark.proof import (
    FIBRE_WIDTH,
    NONCE_BYTES,
    VERSION_BYTES,
    encoded_length,
    top_log2,
    tree_depth,
)
from circuits.stark.report import report_for
from circuits.stark.shape import RUNNING_SUM, Group, Shape, shape_of
from circuits.stark.stacks import ELEMENT_BYTES, TRACE_PHASES, WORD_BYTES, Phase
from circuits.statement.circuit import circuit
from circuits.tables.account.columns import LEAF_BLOCKS
from circuits.tables.header.air import HEADER_BLOCKS
from circuits.tables.order.air import MESSAGE_BLOCKS
from circuits.tables.schedule import LADDER_ROWS
from circuits.tables.signature.air import CHALLENGE_BLOCKS
from rollup.protocol.constants import ACCOUNT_BITS, SLOT_BITS, TRIGGER_BITS
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass

NODE_ROWS = {"tree": 1, "poseidon": 2}
"""A touched inner node: one row, hashed before and after."""

PUBLISHED_HASHES = 1 + 2 * (LEAF_BLOCKS - 1) + 1
"""Of what is published of a leaf: its digest, a pad and the words of each block but the header's,
and its place in the commitment."""

ACCOUNT_HASHES = 1 + 2 * (LEAF_BLOCKS - 1) + PUBLISHED_HASHES

ROWS: Mapping[str, Mapping[str, int]] = {
    "a signature": {"ladder": LADDER_ROWS, "signature": 1, "poseidon": CHALLENGE_BLOCKS},
    "an order": {"order": 1, "poseidon": MESSAGE_BLOCKS},
    "a bundle's root": {"poseidon": 1},
    "a node of a bundle": {"tree": 1, "poseidon": 1},
    "a fill": {"fill": 1},
    "a takeover": {"takeover": 1},
    "an outflow": {"outflow": 1, "order": 1, "poseidon": MESSAGE_BLOCKS},
    "a touched account": {"account": 1, "total": 1, "poseidon": ACCOUNT_HASHES},
    "its header": {"header": 1, "poseidon": HEADER_BLOCKS + 1},
    "a position of it": {"position": 1, "poseidon": 4},
    "a leaf of triggers": {"trigger": 1, "poseidon": 2},
    "a refresh": {
        "account": 1,
        "header": 1,
        "total": 1,
        "position": 1,
        "poseidon": ACCOUNT_HASHES - 1 + HEADER_BLOCKS + 1 + 4,
    },
    "8 swept buckets": {"trigger": 1, "tree": 1, "poseidon": 2},
    "a touched slot": {"slot": 1, "poseidon": 2},
    "a deposit": {"deposit": 1},
    "a path to an account": {name: ACCOUNT_BITS * rows for name, rows in NODE_ROWS.items()},
    "a path to a slot": {name: SLOT_BITS * rows for name, rows in NODE_ROWS.items()},
    "a path to triggers": {name: TRIGGER_BITS * rows for name, rows in NODE_ROWS.items()},
}
"""Rows by table. Of an account's leaf the block of the header is hashed once, the others before and
after, and what is published of it on top; every account has its header opened, with the commitment
to its viewing key. Every eighth position of an account takes one more row of `total`. A refresh, of
one position, leaves header and slots as they were, so that their blocks are hashed once; its
trigger leaves one leaf and takes another. A node of a bundle is the same before and after, and so
hashed once. What is
swept and else untouched is hashed once, and neighbours share all nodes but one each. Paths are
whole: where paths meet, batches share their upper nodes."""


@dataclass(frozen=True, slots=True)
class ClassCosts:
    """Committed cells of a proof of one class, by table; `shared` and `quotient` are no table's."""

    shape_class: ShapeClass
    tables: Mapping[str, int]
    shared: int
    quotient: int

    @property
    def parts(self) -> dict[str, int]:
        """Cells by table, then what is no table's."""
        return {**self.tables, "sums and masks": self.shared, "quotient": self.quotient}

    @property
    def cells(self) -> int:
        """All of them."""
        return sum(self.parts.values())

    @property
    def cells_per_trade(self) -> int:
        """Of a full batch."""
        return self.cells // self.shape_class.trades


def transaction_cells(shape: Shape) -> dict[str, dict[str, int]]:
    """Cells of each transaction type, by table."""
    tables = {table.name: table for table in report_for(shape).tables}
    return {
        kind: {name: tables[name].cells(rows) for name, rows in needed.items()}
        for kind, needed in ROWS.items()
    }


def class_costs(parameters: Parameters) -> tuple[ClassCosts, ...]:
    """The costs of every shape class."""
    found = []
    for shape_class in SHAPE_CLASSES.values():
        report = report_for(shape_of(circuit(shape_class), parameters))
        tables = {table.name: table.cells(table.height) for table in report.tables}
        found.append(ClassCosts(shape_class, tables, report.shared_cells, report.quotient_cells))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ClassBytes:
    """Bytes of a proof of one class, by table: what queries show of its stacks, and opened values.

    `shared` are running sums, masks, fixed columns, and halves of lookup columns without a second
    message; `rest` are paths, salts, folds and all that no column adds to.
    """

    shape_class: ShapeClass
    tables: Mapping[str, int]
    shared: int
    quotient: int
    rest: int

    @property
    def parts(self) -> dict[str, int]:
        """Bytes by table, then what is no table's."""
        own = {"sums, masks, fixed": self.shared, "quotient": self.quotient}
        return {**self.tables, **own, "paths, folds, rest": self.rest}

    @property
    def bytes(self) -> int:
        """The whole proof."""
        return sum(self.parts.values())


def class_bytes(parameters: Parameters) -> tuple[ClassBytes, ...]:
    """The bytes of a proof of every shape class."""
    return tuple(
        proof_bytes(shape_class, shape_of(circuit(shape_class), parameters))
        for shape_class in SHAPE_CLASSES.values()
    )


def proof_bytes(shape_class: ShapeClass, shape: Shape) -> ClassBytes:
    """Bytes of a proof of this shape, by table; a part of a byte is no table's."""
    columns = _column_bytes(shape)
    placed = [(table.number, group, table) for group in shape.groups for table in group.tables]
    tables = {
        table.name: int(_table_bytes(group, table, columns))
        for _, group, table in sorted(placed, key=itemgetter(0))
    }
    row = WORD_BYTES * shape.parameters.queries
    quotient = row * shape.row_width(Phase.QUOTIENT) + ELEMENT_BYTES * CHUNKS
    trace = sum(round(sum(each)) for each in columns.values())
    rest = encoded_length(shape) - quotient - trace
    return ClassBytes(shape_class, tables, trace - sum(tables.values()), quotient, rest)


def _column_bytes(shape: Shape) -> dict[tuple[Phase, int], list[float]]:
    """Bytes of each column, by phase and group: its share of its stack's words, once a query, and
    the values that it is opened to. Together they are whole for each phase and group."""
    found = {
        (phase, group.number): [0.0] * group.columns(phase)
        for phase in TRACE_PHASES
        for group in shape.groups
    }
    for stack in shape.stacks:
        row = WORD_BYTES * shape.parameters.queries * stack.words / len(stack.columns)
        for column in stack.columns:
            opened = ELEMENT_BYTES * (1 + stack.below)
            found[stack.phase, stack.group][column] = row + opened
    return found


def _table_bytes(
    group: Group, table: TablePlace, columns: Mapping[tuple[Phase, int], Sequence[float]]
) -> float:
    """Its main columns, and half a fraction column, an average one, for each message."""
    main = columns[Phase.MAIN, group.number][table.start : table.stop]
    fractions = columns[Phase.LOOKUP, group.number][RUNNING_SUM + 1 :]
    each = sum(fractions) / len(fractions) if fractions else 0.0
    return sum(main) + each * table.messages / 2


def proof_parts(shape: Shape) -> dict[str, int]:
    """Bytes of every proof of a shape, by part; together the encoded length."""
    queries, layers = shape.parameters.queries, range(shape.folds)
    trees: list[int | None] = [None] * len(Phase) + list(layers)
    rows = {
        f"rows of the {phase.name.lower()} tree": queries * WORD_BYTES * shape.row_width(phase)
        for phase in Phase
    }
    below_tops = sum(tree_depth(shape, tree) - top_log2(shape, tree) for tree in trees)
    salted = sum(shape.salted(phase) for phase in Phase)
    digest_bytes = shape.parameters.digest_bytes
    roots = digest_bytes * (len(Phase) - 1 + len(layers))
    opened = shape.opened_here + shape.opened_below + CHUNKS
    return {
        "version": len(VERSION_BYTES),
        "opened values": ELEMENT_BYTES * opened,
        **rows,
        "fibres of the folds": queries * len(layers) * 4 * FIBRE_WIDTH,
        "salts": queries * salted * shape.parameters.salt_bytes,
        "paths": queries * below_tops * digest_bytes,
        "whole layers of the trees": digest_bytes * sum(1 << top_log2(shape, t) for t in trees),
        "roots and nonces": roots + NONCE_BYTES * (2 + len(layers)),
        "terminals and final polynomial": ELEMENT_BYTES
        * (len(shape.groups) + shape.final_coefficients),
    }
