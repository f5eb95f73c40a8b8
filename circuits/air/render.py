"""A readable listing of a table: its constraints and messages as formulas in its columns' names.

For auditors, who read what the engine proves and not what Python said. Shared subterms that are
long and used more than once get a name, in the order in which they are needed.
"""

from collections.abc import Sequence

from circuits.air.bus import Bus
from circuits.air.circuit import Circuit, Placed
from circuits.air.finish import count_uses
from circuits.air.graph import MODULUS, Node, Op, Scope, Section
from circuits.air.publics import PublicLayout
from circuits.air.table import Selectors

_LONG = 24
"""Characters from which on a shared term is worth a name."""

_SCOPES = {
    Scope.ALL: "",
    Scope.TRANSITION: " (but the last row)",
    Scope.FIRST: " (first row)",
    Scope.LAST: " (last row)",
}


class Listing:
    """The text of one table."""

    def __init__(self, placed: Placed, publics: PublicLayout, buses: Sequence[Bus]) -> None:
        self.placed = placed
        self.graph = placed.graph
        self.publics = [
            f"{name}[{i}]" if size > 1 else name
            for name, size in publics.sizes
            for i in range(size)
        ]
        self.buses = {bus.identifier: bus.name for bus in buses}
        table = placed.table
        self.names = {
            Section.MAIN: table.columns.names(),
            Section.FIXED: (*Selectors.names(), *(f"fixed.{n}" for n in table.fixed.names())),
        }
        self.terms: list[str] = []
        self.shared: list[str] = []
        self._write_terms()

    def _write_terms(self) -> None:
        """The text of every node; shared long ones are replaced by t0, t1, ..."""
        roots = [constraint.node for constraint in self.graph.constraints]
        for message in self.graph.interactions:
            roots += [*message.payload, message.count]
        uses = count_uses(self.graph.nodes, roots)
        for position, node in enumerate(self.graph.nodes):
            text = self._term(node)
            if uses[position] > 1 and len(text) > _LONG:
                self.shared.append(f"t{len(self.shared)} = {text}")
                text = f"t{len(self.shared) - 1}"
            self.terms.append(text)

    def _term(self, node: Node) -> str:
        if node.op is Op.CONST:
            return str(_signed(node.args[0]))
        if node.op is Op.PUBLIC:
            return f"public.{self.publics[node.args[0]]}"
        if node.op is Op.COLUMN:
            section, index, shift = node.args
            return self.names[Section(section)][index] + "'" * shift
        if node.op is Op.LINEAR:
            return _sum([(_signed(c), self.terms[i]) for c, i in node.terms])
        left, right = (self.terms[i] for i in node.args)
        if node.op is Op.MUL:
            return f"{_factor(left)} * {_factor(right)}"
        return _sum([(1, left), (1 if node.op is Op.ADD else -1, right)])

    def lines(self) -> list[str]:
        """Header, shared terms, constraints, messages."""
        head = f"table {self.placed.name}: {self.placed.height} rows, {self.graph.width} columns"
        constraints = [
            f"{c.claim}{_SCOPES[c.scope]}: {self.terms[c.node]} = 0" for c in self.graph.constraints
        ]
        messages = []
        for message in self.graph.interactions:
            verb = "send" if message.sign == 1 else "receive"
            payload = ", ".join(self.terms[node] for node in message.payload)
            bus, count = self.buses[message.bus], self.terms[message.count]
            messages.append(f"{message.claim}: {verb} {bus}({payload}) x {count}")
        return [head, *self.shared, *constraints, *messages]


def _signed(value: int) -> int:
    return value - MODULUS if value > MODULUS // 2 else value


def _is_sum(text: str) -> bool:
    return " + " in text or " - " in text or text.startswith("- ")


def _factor(text: str) -> str:
    return f"({text})" if _is_sum(text) else text


def _sum(terms: Sequence[tuple[int, str]]) -> str:
    """Signs outside; a sum keeps its parentheses unless it is simply added."""
    parts = []
    for factor, text in terms:
        if factor == 1 and text.startswith("-"):
            parts.append(text if _is_sum(text) else f"- {text.removeprefix('-')}")
            continue
        inner = text if factor == 1 else _factor(text)
        size = "" if abs(factor) == 1 else f"{abs(factor)} "
        parts.append(f"{'-' if factor < 0 else '+'} {size}{inner}")
    first, *rest = parts
    return " ".join([first.removeprefix("+ "), *rest])


def render(circuit: Circuit) -> str:
    """The listing of a whole circuit."""
    parts = [f"circuit {circuit.digest.hex()}"]
    for placed in circuit.tables:
        parts.append("\n".join(Listing(placed, circuit.publics, circuit.buses).lines()))
    return "\n\n".join(parts) + "\n"
