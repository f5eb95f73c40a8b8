"""Tapes as bytes: what the contract's interpreter runs in the place of a tape's instructions.

Every value is a word of memory, named by its place in words (a *slot*). A tape's sums and products
become sums of signed products and terms as long as intermediate values have one reader each; a
constraint's value and a fraction's defect go to slots of their own, in the order of their powers of
the challenge, where one weighted sum takes them up. So nothing is left of ACCUMULATE and FRACTION.

Instructions begin with the code, 1 byte; slots have 2 bytes, factors 2 (signed), counts 1:

    MUL, ADD, SUB   target, left, right
    SUM             terms, target; terms
    PRODUCT         terms, target, left, right; terms            left right + the terms
    PRODUCTS        terms, products, target; terms; (factor, left, right) each
    WEIGHTED        terms, products, target; terms; (weight's slot, value) each
    LARGE           terms, target; (factor of 4 bytes, value) each
    END

A term is (factor, value). Terms are padded to four, but for those of LARGE; their count is of
fours. A weight's slot is the first of four in a table of split powers (`WEIGHT_WORDS`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from circuits.air.tape import Code, Instruction, Tape
from rollup.field.koalabear import P

WEIGHT_WORDS: Final = 4
"""A power in a table: its lowest 11 bits, the next 10, the highest 10, and the power itself."""

PRODUCTS_MAX: Final = 32
"""Factors of the products of one sum, together, at most: what 51 bits of a lane hold."""

FACTORS_MAX: Final = 1 << 15
"""Factors of the terms of one sum, together, are below this."""

LARGE_TERMS_MAX: Final = 15
"""Terms of LARGE: 2^31 2^16 each, in 51 bits."""

SLOTS_MAX: Final = 1 << 16


class Op(IntEnum):
    """Codes of instructions."""

    END = 0
    PRODUCT = 1
    MUL = 2
    SUM = 3
    PRODUCTS = 4
    WEIGHTED = 5
    SUB = 6
    ADD = 7
    LARGE = 8


@dataclass(slots=True)
class _Node:
    """A value to compute. Operands are slots, or -1 - (number of a node)."""

    terms: Counter[int] = field(default_factory=Counter)
    products: list[tuple[int, int, int]] = field(default_factory=list)
    weighted: list[tuple[int, int]] = field(default_factory=list)
    target: int | None = None

    def operands(self) -> Iterator[int]:
        """Every operand, as often as it is read."""
        yield from self.terms
        for _, left, right in self.products:
            yield from (left, right)
        for _, value in self.weighted:
            yield value

    @property
    def small(self) -> bool:
        """Whether one instruction of small factors computes it."""
        products = sum(abs(factor) for factor, _, _ in self.products)
        return self.has_small_terms and max(products, len(self.weighted)) <= PRODUCTS_MAX

    @property
    def has_small_terms(self) -> bool:
        """Whether its terms are such that 51 bits of a lane hold their sum."""
        return sum(map(abs, self.terms.values())) < FACTORS_MAX

    @property
    def fits(self) -> bool:
        """Whether one instruction computes it."""
        bare = not self.products and not self.weighted
        return self.small or (bare and len(self.terms) <= LARGE_TERMS_MAX)


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a group's values stand. `operands` gives the slot of every operand that is not a
    register; `answers` the first slot of constraints by place, `powers` the place of each, `column`
    that of the first fraction's value, `fingerprints` the table of beta's powers with their signs
    turned, `buses` the slot of the denominator of each bus's message of zeros."""

    operands: Mapping[int, int]
    constants: Mapping[int, int]
    answers: int
    powers: Sequence[int]
    column: int
    fingerprints: int
    buses: Mapping[int, int]
    registers: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """Instructions without END, and the first slot after the registers that they use."""

    instructions: tuple[bytes, ...]
    end: int


def compile_tape(tape: Tape, memory: Memory) -> Compiled:
    """The instructions that leave every constraint and fraction of a tape among the answers."""
    nodes = _Reader(tape, memory).read()
    _fuse(nodes)
    return _Writer(_cut(_live(nodes)), memory.registers).write()


class _Reader:
    """Takes a tape apart into nodes, in an order in which they can be computed."""

    def __init__(self, tape: Tape, memory: Memory) -> None:
        self._tape = tape
        self._memory = memory
        self._values: dict[int, int] = {}
        self._nodes: list[_Node] = []

    def read(self) -> list[_Node]:
        """All nodes."""
        for instruction in self._tape.instructions:
            match instruction.code:
                case Code.ACCUMULATE:
                    number, _, operand = instruction.args
                    self._answer(number, self._value(operand))
                case Code.FRACTION:
                    column = instruction.args[0]
                    self._answer(self._tape.constraints + column, self._defect(column))
                case _:
                    self._values[2 * instruction.target] = self._add(self._sum(instruction))
        return self._nodes

    def _value(self, operand: int) -> int:
        if operand in self._values:
            return self._values[operand]
        return self._memory.operands[operand]

    def _add(self, node: _Node) -> int:
        self._nodes.append(node)
        return -len(self._nodes)

    def _sum(self, instruction: Instruction) -> _Node:
        args, node = instruction.args, _Node()
        match instruction.code:
            case Code.MUL:
                node.products.append((1, self._value(args[0]), self._value(args[1])))
            case Code.ADD | Code.SUB:
                node.terms[self._value(args[0])] += 1
                node.terms[self._value(args[1])] += 1 if instruction.code is Code.ADD else -1
            case _:
                for factor, operand in zip(args[0::2], args[1::2], strict=True):
                    node.terms[self._value(operand)] += _centred(factor)
        return node

    def _answer(self, number: int, value: int) -> None:
        place = self._memory.answers + self._memory.powers[number]
        if value < 0 and self._nodes[-1 - value].target is None:
            self._nodes[-1 - value].target = place
        else:
            self._add(_Node(Counter({value: 1}), target=place))

    def _defect(self, column: int) -> int:
        """U f - V of one or two messages: (d_1 f - c_1), or d_1 (d_2 f - c_2) - c_1 d_2."""
        messages = [self._tape.messages[place] for place in self._tape.fractions[column]]
        value = self._memory.column + column
        counts = [(each.sign, self._value(each.count)) for each in messages]
        denominators = [self._denominator(place) for place in self._tape.fractions[column]]
        sign, count = counts[-1]
        last = self._add(_Node(Counter({count: -sign}), [(1, denominators[-1], value)]))
        if len(messages) == 1:
            return last
        sign, count = counts[0]
        products = [(1, denominators[0], last), (-sign, count, denominators[1])]
        return self._add(_Node(Counter(), products))

    def _denominator(self, place: int) -> int:
        message = self._tape.messages[place]
        node = _Node(Counter({self._memory.buses[message.bus]: 1}))
        for k, operand in enumerate(message.payload):
            weight = self._memory.fingerprints + WEIGHT_WORDS * k
            constant = self._memory.constants.get(operand)
            if constant is not None and abs(_centred(constant)) < FACTORS_MAX // PRODUCTS_MAX:
                node.terms[weight + WEIGHT_WORDS - 1] += _centred(constant)
            else:
                node.weighted.append((weight, self._value(operand)))
        return self._add(node)


def _centred(factor: int) -> int:
    return factor if factor <= P // 2 else factor - P


def _fuse(nodes: list[_Node]) -> None:
    """Take up into each sum the terms that nobody else reads, as far as one instruction holds."""
    readers = Counter(operand for node in nodes for operand in node.operands())
    for node in nodes:
        for operand, factor in list(node.terms.items()):
            if operand >= 0 or readers[operand] != 1:
                continue
            inner = nodes[-1 - operand]
            if inner.target is not None or inner.weighted or node.weighted:
                continue
            merged = _merged(node, operand, factor, inner)
            if merged.small:
                node.terms, node.products = merged.terms, merged.products
                inner.target = _GONE


_GONE: Final = -1
"""Target of a node that another has taken up."""


def _merged(node: _Node, operand: int, factor: int, inner: _Node) -> _Node:
    terms = Counter(node.terms)
    del terms[operand]
    for each, inner_factor in inner.terms.items():
        terms[each] += factor * inner_factor
    products = [(factor * each, left, right) for each, left, right in inner.products]
    return _Node(terms, [*node.products, *products])


def _live(nodes: list[_Node]) -> list[tuple[int, _Node]]:
    """What is still computed, with the operand by which others name it."""
    kept = [(-1 - number, node) for number, node in enumerate(nodes) if node.target != _GONE]
    for _, node in kept:
        node.terms = Counter({each: factor for each, factor in node.terms.items() if factor % P})
    return kept


def _cut(nodes: list[tuple[int, _Node]]) -> list[tuple[int, _Node]]:
    """Sums that are too long for one instruction, as several."""
    cut: list[tuple[int, _Node]] = []
    spare = min((name for name, _ in nodes), default=0) - 1
    for name, node in nodes:
        rest = node
        while not rest.fits:
            part, rest = _parted(rest, spare)
            cut.append((spare, part))
            spare -= 1
        cut.append((name, rest))
    return cut


def _parted(node: _Node, name: int) -> tuple[_Node, _Node]:
    """What one instruction holds of a sum, and the rest with that, by its name, as a term."""
    if not node.has_small_terms:
        terms = sorted(node.terms.items(), key=lambda term: -abs(term[1]))
        part, kept = _Node(Counter(dict(terms[:LARGE_TERMS_MAX]))), terms[LARGE_TERMS_MAX:]
        rest = _Node(Counter(dict(kept)), node.products, node.weighted, node.target)
    else:
        most = PRODUCTS_MAX // _factor_max(node)
        part = _Node(Counter(), node.products[:most], node.weighted[:most])
        rest = _Node(node.terms, node.products[most:], node.weighted[most:], node.target)
    rest.terms[name] += 1
    return part, rest


def _factor_max(node: _Node) -> int:
    return max((abs(factor) for factor, _, _ in node.products), default=1)


class _Writer:
    """Gives values registers and writes the instructions."""

    def __init__(self, nodes: list[tuple[int, _Node]], registers: int) -> None:
        self._nodes = nodes
        self._slots: dict[int, int] = {}
        self._pinned = {name for name, node in nodes if node.target is not None}
        self._free: list[int] = []
        self._end = registers
        self._last = {
            operand: step for step, (_, node) in enumerate(nodes) for operand in node.operands()
        }

    def write(self) -> Compiled:
        """All of them."""
        written = []
        for step, (name, node) in enumerate(self._nodes):
            read = [each for each in dict.fromkeys(node.operands()) if each < 0]
            arguments = _Arguments(node, self._slots)
            # Operands are read before the target is written: one may give way to it.
            self._free += [
                self._slots[each]
                for each in read
                if self._last[each] == step and each not in self._pinned
            ]
            self._slots[name] = self._take() if node.target is None else node.target
            written.append(arguments.encode(self._slots[name]))
        if self._end > SLOTS_MAX:
            raise ValueError("a tape's values do not fit into memory")
        return Compiled(tuple(written), self._end)

    def _take(self) -> int:
        if self._free:
            return self._free.pop()
        self._end += 1
        return self._end - 1


class _Arguments:
    """A node with slots in the place of operands."""

    def __init__(self, node: _Node, slots: Mapping[int, int]) -> None:
        def slot(operand: int) -> int:
            return operand if operand >= 0 else slots[operand]

        self.terms = [(factor, slot(operand)) for operand, factor in node.terms.items()]
        self.products = [(f, slot(left), slot(right)) for f, left, right in node.products]
        self.weighted = [(weight, slot(value)) for weight, value in node.weighted]
        self._small = node.has_small_terms

    def encode(self, target: int) -> bytes:
        """The instruction."""
        at = _slot(target)
        if self.weighted:
            body = b"".join(_slot(weight) + _slot(value) for weight, value in self.weighted)
            return self._long(Op.WEIGHTED, len(self.weighted), at, body)
        if not self.products:
            return self._sum(at)
        if len(self.products) == 1 and self.products[0][0] == 1:
            _, left, right = self.products[0]
            operands = _slot(left) + _slot(right)
            if not self.terms:
                return bytes([Op.MUL]) + at + operands
            return self._short(Op.PRODUCT, at + operands)
        body = b"".join(_factor(f) + _slot(a) + _slot(b) for f, a, b in self.products)
        return self._long(Op.PRODUCTS, len(self.products), at, body)

    def _sum(self, at: bytes) -> bytes:
        if not self._small:
            body = b"".join((f % P).to_bytes(4, "big") + _slot(value) for f, value in self.terms)
            return bytes([Op.LARGE, len(self.terms)]) + at + body
        factors = sorted(self.terms, reverse=True)
        if [factor for factor, _ in factors] in ([1, 1], [1, -1]):
            op = Op.ADD if factors[1][0] == 1 else Op.SUB
            return bytes([op]) + at + _slot(factors[0][1]) + _slot(factors[1][1])
        return self._short(Op.SUM, at)

    def _short(self, op: Op, middle: bytes) -> bytes:
        return bytes([op, self._fours]) + middle + self._padded

    def _long(self, op: Op, count: int, at: bytes, body: bytes) -> bytes:
        return bytes([op, self._fours, count]) + at + self._padded + body

    @property
    def _fours(self) -> int:
        return -(-len(self.terms) // 4)

    @property
    def _padded(self) -> bytes:
        padding = [(0, 0)] * (4 * self._fours - len(self.terms))
        return b"".join(_factor(f) + _slot(value) for f, value in [*self.terms, *padding])


def _slot(place: int) -> bytes:
    return place.to_bytes(2, "big")


def _factor(value: int) -> bytes:
    return value.to_bytes(2, "big", signed=True)
