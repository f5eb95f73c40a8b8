"""From a recorder to a graph: merge sums into LINEAR nodes, drop dead nodes, pair messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from circuits.air.expr import Recorder
from circuits.air.graph import (
    COLUMN_DEGREE_MAX,
    LINEAR_TERMS_MAX,
    MODULUS,
    Constraint,
    Graph,
    Interaction,
    Node,
    Op,
)

_SUMS = (Op.ADD, Op.SUB, Op.LINEAR)
_MINUS_ONE = MODULUS - 1


def count_uses(nodes: Sequence[Node], roots: Sequence[int]) -> dict[int, int]:
    """How many live nodes read each live node; a node that no root needs is absent."""
    uses = dict.fromkeys(roots, 0)
    stack = list(uses)
    while stack:
        for operand in nodes[stack.pop()].operands:
            if operand not in uses:
                uses[operand] = 0
                stack.append(operand)
            uses[operand] += 1
    return uses


@dataclass(slots=True)
class _Sum:
    """A sum not written down yet: coefficients of nodes of the new recorder, and a constant."""

    terms: dict[int, int] = field(default_factory=dict)
    constant: int = 0

    def add(self, coefficient: int, other: "_Sum") -> None:
        for node, factor in other.terms.items():
            self.terms[node] = (self.terms.get(node, 0) + coefficient * factor) % MODULUS
        self.constant = (self.constant + coefficient * other.constant) % MODULUS


class _Merger:
    """Writes one recorder into another, each sum as one node. `moved[i]` is where node i went."""

    def __init__(self, old: Recorder, roots: Sequence[int]) -> None:
        self.old = old
        self.new = Recorder()
        self.moved: dict[int, int] = {}
        self._pending: dict[int, _Sum] = {}
        self._uses = count_uses(old.nodes, roots)
        self._absorbed = self._absorbable(set(roots))

    def _absorbable(self, roots: set[int]) -> set[int]:
        """Sums that one other sum alone reads: they need no node of their own."""
        found: set[int] = set()
        for position in self._uses:
            node = self.old.nodes[position]
            if node.op in _SUMS:
                alone = {i for i in node.operands if self._uses[i] == 1 and i not in roots}
                found |= {i for i in alone if self.old.nodes[i].op in _SUMS}
        return found

    def run(self) -> None:
        """Move every live node."""
        for position, node in enumerate(self.old.nodes):
            if position in self._uses:
                self._move(position, node)

    def _move(self, position: int, node: Node) -> None:
        if node.op in _SUMS:
            total = self._sum_of(node)
            if position in self._absorbed:
                self._pending[position] = total
            else:
                self.moved[position] = self._write(total)
        elif node.op is Op.MUL:
            left, right = (self.new.at(self._place(i)) for i in node.args)
            self.moved[position] = self.new.multiply(left, right).node
        else:
            self.moved[position] = self.new.record(node.op, *node.args).node

    def _place(self, position: int) -> int:
        """Where a node is in the new recorder; a pending sum is written now."""
        if position not in self.moved:
            self.moved[position] = self._write(self._pending[position])
        return self.moved[position]

    def _as_sum(self, position: int) -> _Sum:
        node = self.old.nodes[position]
        if node.op is Op.CONST:
            return _Sum(constant=node.args[0])
        if position not in self.moved:
            return self._pending[position]
        return _Sum({self.moved[position]: 1})

    def _sum_of(self, node: Node) -> _Sum:
        """A node as a sum; operands are written down first if the sum would be too long."""
        if node.op is Op.LINEAR:
            parts = list(node.terms)
        else:
            sign = 1 if node.op is Op.ADD else _MINUS_ONE
            parts = [(1, node.args[0]), (sign, node.args[1])]
        total = _Sum()
        for coefficient, operand in parts:
            total.add(coefficient, self._as_sum(operand))
        if len(total.terms) <= LINEAR_TERMS_MAX:
            return total
        total = _Sum()
        for coefficient, operand in parts:
            if self.old.nodes[operand].op is not Op.CONST:
                self._place(operand)
            total.add(coefficient, self._as_sum(operand))
        return total

    def _write(self, total: _Sum) -> int:
        """ADD or SUB where two plain terms do, else LINEAR; the constant is added last."""
        pairs = sorted(((c, node) for node, c in total.terms.items() if c), key=lambda p: p[0])
        new = self.new
        constant = new.constant(total.constant)
        terms = [(c, new.at(node)) for c, node in pairs]
        coefficients = [c for c, _ in terms]
        if coefficients == [_MINUS_ONE]:
            return new.subtract(constant, terms[0][1]).node
        if coefficients == [1, 1]:
            head = new.add(terms[0][1], terms[1][1])
        elif coefficients == [1, _MINUS_ONE]:
            head = new.subtract(terms[0][1], terms[1][1])
        else:
            head = new.linear(terms) if terms else new.constant(0)
        return new.add(head, constant).node


def _without_dead(
    recorder: Recorder, roots: Sequence[int]
) -> tuple[list[Node], list[int], dict[int, int]]:
    """Nodes and degrees in the same order, less those that no root needs, and where each went."""
    alive = sorted(count_uses(recorder.nodes, roots))
    places = {position: place for place, position in enumerate(alive)}
    nodes: list[Node] = []
    for position in alive:
        node = recorder.nodes[position]
        if node.op is Op.LINEAR:
            node = Node(node.op, tuple(n for c, i in node.terms for n in (c, places[i])))
        elif node.operands:
            node = Node(node.op, tuple(places[i] for i in node.args))
        nodes.append(node)
    return nodes, [recorder.degrees[position] for position in alive], places


def pair_interactions(
    interactions: Sequence[Interaction], degrees: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Two messages a lookup column where U f = V keeps degree 3; the others have one alone.

    With payloads of degree 1, U = d1 d2 has degree 2 and V = m1 d2 + m2 d1 is cubic at most if
    both counts have degree 2 or less.
    """
    alone: list[int] = []
    pairable: list[int] = []
    for index, message in enumerate(interactions):
        payload = max(degrees[node] for node in message.payload)
        fits = payload <= 1 and degrees[message.count] + 1 <= COLUMN_DEGREE_MAX
        (pairable if fits else alone).append(index)
    pairs = [tuple(pairable[i : i + 2]) for i in range(0, len(pairable), 2)]
    return (*pairs, *((index,) for index in alone))


def finish_graph(
    table: str,
    widths: tuple[int, int],
    recorder: Recorder,
    constraints: Sequence[Constraint],
    interactions: Sequence[Interaction],
) -> Graph:
    """The graph of a table of `widths` (witness, fixed) columns, from what was recorded."""

    def roots(places: Mapping[int, int]) -> list[int]:
        found = [places[c.node] for c in constraints]
        for message in interactions:
            found += [places[node] for node in (*message.payload, message.count)]
        return found

    merger = _Merger(recorder, roots({i: i for i in range(len(recorder.nodes))}))
    merger.run()
    nodes, degrees, places = _without_dead(merger.new, roots(merger.moved))
    moved = {old: places[new] for old, new in merger.moved.items() if new in places}
    messages = tuple(
        replace(m, payload=tuple(moved[n] for n in m.payload), count=moved[m.count])
        for m in interactions
    )
    return Graph(
        table=table,
        width=widths[0],
        fixed_width=widths[1],
        nodes=tuple(nodes),
        degrees=tuple(degrees),
        constraints=tuple(Constraint(moved[c.node], c.scope, c.claim) for c in constraints),
        interactions=messages,
        fractions=pair_interactions(messages, degrees),
    )
