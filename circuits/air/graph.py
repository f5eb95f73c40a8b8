"""The graph of a table: what its constraints and messages are, as data.

This is what the engine lowers to a tape, what `check` evaluates and what the circuit digest commits
to. Plain Python: no numpy here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256

MODULUS = P
"""Every constant and coefficient of a graph is canonical: 0 <= value < MODULUS."""

LINEAR_TERMS_MAX = 16
"""Terms of one LINEAR node: the width of the Poseidon state, the longest sum that matters."""

COLUMN_DEGREE_MAX = 3
"""Degree of a constraint and of a lookup fraction: what three quotient chunks hold."""


class Op(IntEnum):
    """What a node computes; the comment gives its `args`."""

    CONST = 0  # (value,)
    COLUMN = 1  # (section, index, shift): shift 1 reads the row below
    PUBLIC = 2  # (index,) into the flat public vector of the circuit
    ADD = 3  # (left, right)
    SUB = 4  # (left, right)
    MUL = 5  # (left, right)
    LINEAR = 6  # (coefficient, node, coefficient, node, ...): at most LINEAR_TERMS_MAX pairs


class Section(IntEnum):
    """Which matrix a COLUMN node reads."""

    MAIN = 0
    FIXED = 1


class Scope(IntEnum):
    """On which active rows a constraint holds. TRANSITION leaves out the last active row."""

    ALL = 0
    TRANSITION = 1
    FIRST = 2
    LAST = 3


DEGREE_MAX = {Scope.ALL: 3, Scope.TRANSITION: 3, Scope.FIRST: 2, Scope.LAST: 2}
"""A cubic constraint on one row would not fit the quotient chunks, since the zerofier of one row
takes off one degree only."""


class Node(NamedTuple):
    """One operation. Operands are positions of earlier nodes."""

    op: Op
    args: tuple[int, ...]

    @property
    def terms(self) -> tuple[tuple[int, int], ...]:
        """(coefficient, node) pairs of a LINEAR node."""
        return tuple(zip(self.args[0::2], self.args[1::2], strict=True))

    @property
    def operands(self) -> tuple[int, ...]:
        """Positions of the nodes it reads."""
        if self.op in (Op.CONST, Op.COLUMN, Op.PUBLIC):
            return ()
        return self.args[1::2] if self.op is Op.LINEAR else self.args


@dataclass(frozen=True, slots=True)
class Constraint:
    """`node` is zero on every row of `scope`; if not, `claim` is broken."""

    node: int
    scope: Scope
    claim: str


@dataclass(frozen=True, slots=True)
class Interaction:
    """On every active row, `count` copies of `payload` go out (sign 1) or come in (sign -1).

    `free`: the constraints leave the count more values than 0 and 1. It follows from them, so it is
    no part of the encoding.
    """

    bus: int
    sign: int
    payload: tuple[int, ...]
    count: int
    claim: str
    free: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """All of one table. `nodes` are in topological order; `degrees[i]` is that of node i."""

    table: str
    width: int
    fixed_width: int
    nodes: tuple[Node, ...]
    degrees: tuple[int, ...]
    constraints: tuple[Constraint, ...]
    interactions: tuple[Interaction, ...]
    fractions: tuple[tuple[int, ...], ...]
    """Interactions grouped by lookup column, one or two each, so that U f = V has degree <= 3."""

    def encode(self) -> bytes:
        """Canonical bytes: every number as 8 little-endian bytes, lists after their length."""
        out = _Encoder()
        out.text(self.table)
        out.numbers((self.width, self.fixed_width, len(self.nodes)))
        for node in self.nodes:
            out.numbers((int(node.op), len(node.args), *node.args))
        out.numbers((len(self.constraints),))
        for constraint in self.constraints:
            out.numbers((constraint.node, int(constraint.scope)))
            out.text(constraint.claim)
        out.numbers((len(self.interactions),))
        for message in self.interactions:
            out.numbers(
                (
                    message.bus,
                    message.sign % MODULUS,
                    message.count,
                    len(message.payload),
                    *message.payload,
                )
            )
            out.text(message.claim)
        out.numbers((len(self.fractions),))
        for group in self.fractions:
            out.numbers((len(group), *group))
        return bytes(out.data)

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes: the identity of the table."""
        return keccak256(self.encode())


class _Encoder:
    """Appends numbers and texts in one unambiguous form."""

    def __init__(self) -> None:
        self.data = bytearray()

    def numbers(self, values: Sequence[int]) -> None:
        for value in values:
            self.data += value.to_bytes(8, "little")

    def text(self, value: str) -> None:
        raw = value.encode("ascii")
        self.numbers((len(raw),))
        self.data += raw


def degree_of(node: Node, degrees: Sequence[int]) -> int:
    """Degree in the columns; constants and public values have degree 0."""
    if node.op in (Op.CONST, Op.PUBLIC):
        return 0
    if node.op is Op.COLUMN:
        return 1
    if node.op is Op.MUL:
        return degrees[node.args[0]] + degrees[node.args[1]]
    return max(degrees[operand] for operand in node.operands)
