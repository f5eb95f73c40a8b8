"""Expr: a value that is not there yet. Arithmetic on it records nodes.

Nodes are shared (the same operation on the same operands is recorded once) and constants are
folded while recording.
"""

from collections.abc import Iterable
from typing import NoReturn, Union

from circuits.air.graph import LINEAR_TERMS_MAX, MODULUS, Node, Op, Section, degree_of

Operand = Union["Expr", int]


class TracingError(Exception):
    """The description of a table breaks a rule of the builder: a mistake in code, never in data."""


class Recorder:
    """The growing list of nodes of one table; `below` are those that read the row below."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.degrees: list[int] = []
        self.below: set[int] = set()
        self._positions: dict[Node, int] = {}

    def record(self, op: Op, *args: int) -> "Expr":
        """The node (op, args), new or already there."""
        node = Node(op, args)
        position = self._positions.get(node)
        if position is None:
            position = self._positions[node] = len(self.nodes)
            self.nodes.append(node)
            self.degrees.append(degree_of(node, self.degrees))
            if not self.below.isdisjoint(node.operands) or (op is Op.COLUMN and args[2] == 1):
                self.below.add(position)
        return Expr(self, position)

    def constant(self, value: int) -> "Expr":
        """A constant, reduced."""
        return self.record(Op.CONST, value % MODULUS)

    def column(self, section: Section, index: int, shift: int) -> "Expr":
        """A cell of this row (shift 0) or of the row below (shift 1)."""
        return self.record(Op.COLUMN, int(section), index, shift)

    def public(self, index: int) -> "Expr":
        """One element of the public vector."""
        return self.record(Op.PUBLIC, index)

    def at(self, position: int) -> "Expr":
        """The expression at a position."""
        return Expr(self, position)

    def lift(self, value: Operand) -> "Expr":
        """An operand as an expression of this recorder."""
        if isinstance(value, Expr):
            if value.recorder is not self:
                raise TracingError("an expression of one table was used in another")
            return value
        if isinstance(value, int):
            return self.constant(value)
        raise TracingError(f"wanted an expression or an int, got {type(value).__name__}")

    def known(self, position: int) -> int | None:
        """The value of a constant node, else None."""
        node = self.nodes[position]
        return node.args[0] if node.op is Op.CONST else None

    def add(self, left: "Expr", right: "Expr") -> "Expr":
        """left + right."""
        a, b = self.known(left.node), self.known(right.node)
        if a is not None and b is not None:
            return self.constant(a + b)
        if a == 0:
            return right
        if b == 0:
            return left
        if a is not None or (b is None and left.node > right.node):
            left, right = right, left
        return self.record(Op.ADD, left.node, right.node)

    def subtract(self, left: "Expr", right: "Expr") -> "Expr":
        """left - right."""
        a, b = self.known(left.node), self.known(right.node)
        if b is not None:
            return self.add(left, self.constant(-b))
        if left.node == right.node:
            return self.constant(0)
        if a == 0:
            return self.linear([(-1, right)])
        return self.record(Op.SUB, left.node, right.node)

    def multiply(self, left: "Expr", right: "Expr") -> "Expr":
        """left * right; a product with a constant becomes LINEAR."""
        a, b = self.known(left.node), self.known(right.node)
        if a is not None:
            return self.linear([(a, right)])
        if b is not None:
            return self.linear([(b, left)])
        first, second = sorted((left.node, right.node))
        return self.record(Op.MUL, first, second)

    def linear(self, terms: Iterable[tuple[int, "Expr"]]) -> "Expr":
        """Sum of coefficient * expression; sums of more than 16 terms take several nodes."""
        collected: dict[int, int] = {}
        constant = 0
        for coefficient, term in terms:
            value = self.known(term.node)
            if value is not None:
                constant += coefficient * value
            else:
                collected[term.node] = (collected.get(term.node, 0) + coefficient) % MODULUS
        pairs = [(c, node) for node, c in collected.items() if c]
        total = self.constant(0)
        for start in range(0, len(pairs), LINEAR_TERMS_MAX):
            total = self.add(total, self._linear_node(pairs[start : start + LINEAR_TERMS_MAX]))
        return self.add(total, self.constant(constant))

    def _linear_node(self, pairs: list[tuple[int, int]]) -> "Expr":
        if len(pairs) == 1 and pairs[0][0] == 1:
            return Expr(self, pairs[0][1])
        return self.record(Op.LINEAR, *(number for pair in pairs for number in pair))


class Expr:
    """A polynomial in the cells of one or two rows. Immutable; has no truth value and no order."""

    __slots__ = ("node", "recorder")

    def __init__(self, recorder: Recorder, node: int) -> None:
        self.recorder = recorder
        self.node = node

    @property
    def degree(self) -> int:
        """Degree in the columns."""
        return self.recorder.degrees[self.node]

    @property
    def reads_next_row(self) -> bool:
        """True if a cell of the row below takes part."""
        return self.node in self.recorder.below

    def __add__(self, other: Operand) -> "Expr":
        return self.recorder.add(self, self.recorder.lift(other))

    __radd__ = __add__

    def __sub__(self, other: Operand) -> "Expr":
        return self.recorder.subtract(self, self.recorder.lift(other))

    def __rsub__(self, other: Operand) -> "Expr":
        return self.recorder.subtract(self.recorder.lift(other), self)

    def __mul__(self, other: Operand) -> "Expr":
        return self.recorder.multiply(self, self.recorder.lift(other))

    __rmul__ = __mul__

    def __neg__(self) -> "Expr":
        return self.recorder.linear([(-1, self)])

    def _refuse(self, *_: object) -> NoReturn:
        raise TracingError(
            "a cell has no value while tracing: use air.when or a constraint, no `if`"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __index__ = __int__ = _refuse
    __eq__ = __ne__ = _refuse
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Expr(node {self.node}, degree {self.degree})"


def linear(terms: Iterable[tuple[int, Expr]]) -> Expr:
    """Sum of small constant * expression as one LINEAR node: the way to write a matrix product."""
    pairs = list(terms)
    if not pairs:
        raise TracingError("a linear sum needs at least one term")
    return pairs[0][1].recorder.linear(pairs)
