"""The tape: one table's graph as straight-line code over few registers.

Every reader of a circuit runs the same tape: the quotient kernel on blocks of rows, the plain
verifier at one point of the extension, the cost report. A tape computes base-field values; two of
its instructions hand values on: ACCUMULATE (a constraint, to be folded with its own power of the
constraint challenge) and FRACTION (the operands of one lookup column are now all in place).

Operands. A slot holds one value a row. Slots are numbered: main columns, fixed columns, constants,
public values, registers. An operand is 2 * slot + shift; shift 1, for columns only, is the row
below.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from circuits.air.graph import Graph, Node, Op, Section


class Code(IntEnum):
    """Instructions of a tape; the comment gives `args`."""

    ADD = 0  # (left, right)
    SUB = 1  # (left, right)
    MUL = 2  # (left, right)
    LINEAR = 3  # (coefficient, operand, coefficient, operand, ...)
    ACCUMULATE = 4  # (constraint, scope, operand)
    FRACTION = 5  # (lookup column,)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step. `target` is the slot written, -1 where nothing is."""

    code: Code
    target: int
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """An interaction with operands in the place of nodes; valid when its FRACTION comes up."""

    bus: int
    sign: int
    payload: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Tape:
    """Code of one table. `fractions[c]` lists the messages that share lookup column c."""

    table: str
    main_width: int
    fixed_width: int
    constants: tuple[int, ...]
    publics: tuple[int, ...]
    registers: int
    instructions: tuple[Instruction, ...]
    constraints: int
    messages: tuple[Message, ...]
    fractions: tuple[tuple[int, ...], ...]

    @property
    def first_constant(self) -> int:
        """Slot of the first constant."""
        return self.main_width + self.fixed_width

    @property
    def first_register(self) -> int:
        """Slot of the first register."""
        return self.first_constant + len(self.constants) + len(self.publics)

    @property
    def slots(self) -> int:
        """Number of slots."""
        return self.first_register + self.registers

    def operands(self) -> Iterator[int]:
        """Every operand that an instruction or a message reads, as often as it is read."""
        for step in self.instructions:
            match step.code:
                case Code.ADD | Code.SUB | Code.MUL:
                    yield from step.args
                case Code.LINEAR:
                    yield from step.args[1::2]
                case Code.ACCUMULATE:
                    yield step.args[2]
        for message in self.messages:
            yield from (*message.payload, message.count)

    def read_below(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The fixed and the main columns that are read in the row below, ascending."""
        slots = {operand // 2 for operand in self.operands() if operand % 2}
        main = sorted(slot for slot in slots if slot < self.main_width)
        fixed = sorted(slot - self.main_width for slot in slots if slot >= self.main_width)
        return tuple(fixed), tuple(main)

    def scopes(self) -> tuple[int, ...]:
        """The scope of each constraint."""
        found = [0] * self.constraints
        for step in self.instructions:
            if step.code is Code.ACCUMULATE:
                found[step.args[0]] = step.args[1]
        return tuple(found)


_CODES = {Op.ADD: Code.ADD, Op.SUB: Code.SUB, Op.MUL: Code.MUL, Op.LINEAR: Code.LINEAR}


@dataclass(frozen=True, slots=True)
class _Root:
    """A constraint or a fraction: the nodes it reads, and the instruction that consumes them."""

    code: Code
    number: int
    nodes: tuple[int, ...]


def lower(graph: Graph, *, messages_only: bool = False) -> Tape:
    """The tape of a graph. The same graph always gives the same tape.

    Constraints come in their order, then fractions; a node is computed just before the first root
    that needs it, and its register is free again after its last use. `messages_only` leaves the
    constraints out: it is the tape by which a prover fills the lookup columns.
    """
    roots = _roots(graph)
    if messages_only:
        roots = [root for root in roots if root.code is Code.FRACTION]
    schedule = list(_schedule(graph, roots))
    slots = _fixed_slots(graph)
    last_use = _last_uses(graph, schedule, slots)
    emitter = _Emitter(graph, slots, last_use)
    for step, item in enumerate(schedule):
        emitter.emit(step, item)
    return emitter.tape()


def _roots(graph: Graph) -> list[_Root]:
    roots = [
        _Root(Code.ACCUMULATE, number, (constraint.node,))
        for number, constraint in enumerate(graph.constraints)
    ]
    for column, group in enumerate(graph.fractions):
        messages = [graph.interactions[i] for i in group]
        nodes = tuple(node for m in messages for node in (*m.payload, m.count))
        roots.append(_Root(Code.FRACTION, column, nodes))
    return roots


def _schedule(graph: Graph, roots: list[_Root]) -> Iterator[int | _Root]:
    """Nodes (by position) and roots in execution order: depth first, operands before users."""
    done = [node.op not in _CODES for node in graph.nodes]
    for root in roots:
        stack = list(reversed(root.nodes))
        while stack:
            node = stack[-1]
            waiting = [] if done[node] else [o for o in graph.nodes[node].operands if not done[o]]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            stack.pop()
            if not done[node]:
                done[node] = True
                yield node
        yield root


@dataclass(frozen=True, slots=True)
class _Slots:
    """Operands of the nodes that are never computed, and the values behind them."""

    operands: dict[int, int]
    constants: tuple[int, ...]
    publics: tuple[int, ...]


def _fixed_slots(graph: Graph) -> _Slots:
    constants = sorted({n.args[0] for n in graph.nodes if n.op is Op.CONST})
    publics = sorted({n.args[0] for n in graph.nodes if n.op is Op.PUBLIC})
    first_constant = graph.width + graph.fixed_width
    first_public = first_constant + len(constants)
    constant_slot = {value: first_constant + i for i, value in enumerate(constants)}
    public_slot = {index: first_public + i for i, index in enumerate(publics)}

    def operand(node: Node) -> int:
        if node.op is Op.CONST:
            return 2 * constant_slot[node.args[0]]
        if node.op is Op.PUBLIC:
            return 2 * public_slot[node.args[0]]
        section, index, shift = node.args
        return 2 * (index + (graph.width if section == Section.FIXED else 0)) + shift

    operands = {i: operand(node) for i, node in enumerate(graph.nodes) if node.op not in _CODES}
    return _Slots(operands, tuple(constants), tuple(publics))


def _last_uses(graph: Graph, schedule: list[int | _Root], slots: _Slots) -> dict[int, int]:
    """For every computed node, the last step that reads it."""
    last: dict[int, int] = {}
    for step, item in enumerate(schedule):
        read = item.nodes if isinstance(item, _Root) else graph.nodes[item].operands
        last.update((node, step) for node in read if node not in slots.operands)
    return last


class _Emitter:
    """Linear scan: gives computed nodes registers and writes the instructions."""

    def __init__(self, graph: Graph, slots: _Slots, last_use: dict[int, int]) -> None:
        self._graph = graph
        self._slots = slots
        self._last_use = last_use
        self._operands = dict(slots.operands)
        self._free: list[int] = []
        self._registers = 0
        self._instructions: list[Instruction] = []
        self._messages: dict[int, Message] = {}
        first_constant = graph.width + graph.fixed_width
        self._first_register = first_constant + len(slots.constants) + len(slots.publics)

    def emit(self, step: int, item: int | _Root) -> None:
        """One node or root. A target is never among the operands: kernels rely on it."""
        if isinstance(item, _Root):
            self._emit_root(item)
            self._release(step, item.nodes)
            return
        node = self._graph.nodes[item]
        if node.op is Op.LINEAR:
            args = tuple(n for c, o in node.terms for n in (c, self._operands[o]))
        else:
            args = tuple(self._operands[o] for o in node.operands)
        self._operands[item] = 2 * self._take()
        self._release(step, node.operands)
        self._instructions.append(Instruction(_CODES[node.op], self._operands[item] // 2, args))

    def _emit_root(self, root: _Root) -> None:
        args: tuple[int, ...]
        if root.code is Code.ACCUMULATE:
            scope = self._graph.constraints[root.number].scope
            args = (root.number, int(scope), self._operands[root.nodes[0]])
        else:
            args = (root.number,)
            for position in self._graph.fractions[root.number]:
                message = self._graph.interactions[position]
                payload = tuple(self._operands[node] for node in message.payload)
                count = self._operands[message.count]
                self._messages[position] = Message(message.bus, message.sign, payload, count)
        self._instructions.append(Instruction(root.code, -1, args))

    def _take(self) -> int:
        if self._free:
            return self._free.pop()
        self._registers += 1
        return self._first_register + self._registers - 1

    def _release(self, step: int, nodes: tuple[int, ...]) -> None:
        for node in dict.fromkeys(nodes):
            if node not in self._slots.operands and self._last_use[node] == step:
                self._free.append(self._operands[node] // 2)

    def tape(self) -> Tape:
        """The finished tape."""
        graph = self._graph
        return Tape(
            table=graph.table,
            main_width=graph.width,
            fixed_width=graph.fixed_width,
            constants=self._slots.constants,
            publics=self._slots.publics,
            registers=self._registers,
            instructions=tuple(self._instructions),
            constraints=len(graph.constraints),
            messages=tuple(self._messages[i] for i in range(len(graph.interactions))),
            fractions=graph.fractions,
        )
