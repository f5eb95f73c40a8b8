"""Tapes as code that the contract's interpreter runs (`circuits.evm.interpreter`).

Every value is a word of memory, named by its place in words (a *slot*). A tape's sums and products
become sums of signed products and terms as long as intermediate values have one reader each; a
constraint's value and a fraction's defect go to slots of their own, in the order of their powers of
the challenge, where one weighted sum takes them up. So nothing is left of ACCUMULATE and FRACTION.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from circuits.air.tape import Code, Instruction, Tape
from circuits.evm.field_constants import FACTORS_MAX, PRODUCTS_MAX
from circuits.evm.interpreter import WEIGHT_WORDS, Step, encode
from rollup.field.koalabear import P

SLOTS_MAX: Final = 1 << 16


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
    def large(self) -> list[int]:
        """Operands whose factors are not small, or are not in what small ones may be together."""
        small, large = 0, []
        for operand, factor in sorted(self.terms.items(), key=lambda term: abs(term[1])):
            small += abs(factor)
            if small >= FACTORS_MAX:
                large.append(operand)
        return large

    @property
    def products_total(self) -> int:
        """What the accumulators hold PRODUCTS_MAX of."""
        factors = sum(abs(factor) for factor, _, _ in self.products)
        return factors + len(self.weighted) + len(self.large)

    @property
    def fits(self) -> bool:
        """Whether it is reduced once."""
        return self.products_total <= PRODUCTS_MAX


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
            if k == 0:
                # The first weight is -1.
                node.terms[self._value(operand)] -= 1
                continue
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
            if merged.fits and len(merged.large) <= len(node.large) + len(inner.large):
                node.terms, node.products = merged.terms, merged.products
                inner.target = _GONE


_GONE: Final = -1
"""Target of a node that another has taken up."""


def _merged(node: _Node, operand: int, factor: int, inner: _Node) -> _Node:
    terms = Counter(node.terms)
    del terms[operand]
    for each, inner_factor in inner.terms.items():
        terms[each] = _centred((terms[each] + factor * inner_factor) % P)
    products = [(factor * each, left, right) for each, left, right in inner.products]
    return _Node(terms, [*node.products, *products])


def _live(nodes: list[_Node]) -> list[tuple[int, _Node]]:
    """What is still computed, with the operand by which others name it."""
    kept = [(-1 - number, node) for number, node in enumerate(nodes) if node.target != _GONE]
    for _, node in kept:
        node.terms = Counter({each: factor for each, factor in node.terms.items() if factor % P})
    return kept


def _cut(nodes: list[tuple[int, _Node]]) -> list[tuple[int, _Node]]:
    """Sums that are too long to be reduced once, as several."""
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
    """As much of a sum as is reduced once, and the rest with that, by its name, as a term."""
    large = set(node.large[:PRODUCTS_MAX])
    if large:
        part = _Node(Counter({each: node.terms[each] for each in large}))
        kept = {each: factor for each, factor in node.terms.items() if each not in large}
        rest = _Node(Counter(kept), node.products, node.weighted, node.target)
    else:
        most = PRODUCTS_MAX // max((abs(factor) for factor, _, _ in node.products), default=1)
        part = _Node(Counter(), node.products[:most], node.weighted[:most])
        rest = _Node(node.terms, node.products[most:], node.weighted[most:], node.target)
    rest.terms[name] += 1
    return part, rest


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
            code = _Steps(node, self._slots)
            # Operands are read before the target is written: one may give way to it.
            self._free += [
                self._slots[each]
                for each in read
                if self._last[each] == step and each not in self._pinned
            ]
            self._slots[name] = self._take() if node.target is None else node.target
            written.append(code.into(self._slots[name]))
        if self._end > SLOTS_MAX:
            raise ValueError("a tape's values do not fit into memory")
        return Compiled(tuple(written), self._end)

    def _take(self) -> int:
        if self._free:
            return self._free.pop()
        self._end += 1
        return self._end - 1


class _Steps:
    """A node as steps of the interpreter."""

    def __init__(self, node: _Node, slots: Mapping[int, int]) -> None:
        def slot(operand: int) -> int:
            return operand if operand >= 0 else slots[operand]

        large = set(node.large)
        terms = node.terms.items()
        self._small = [(factor, slot(each)) for each, factor in terms if each not in large]
        self._large = [(factor % P, slot(each)) for each, factor in terms if each in large]
        self._products = [(f, slot(left), slot(right)) for f, left, right in node.products]
        self._weighted = [(weight, slot(value)) for weight, value in node.weighted]

    def into(self, target: int) -> bytes:
        """Code that leaves the value at a slot."""
        if self._large or self._weighted or len(self._products) > 1:
            return self._terms + self._by_parts + encode(Step.PARTS, target)
        if not self._products:
            return self._pair(target) or self._terms + encode(Step.SUM, target)
        ((factor, left, right),) = self._products
        if abs(factor) != 1:
            return self._terms + self._by_parts + encode(Step.PARTS, target)
        step = Step.MUL if factor == 1 else Step.MINUS_MUL
        return self._terms + encode(step, target, left, right)

    def _pair(self, target: int) -> bytes:
        """Of a bare sum or difference of two."""
        match sorted(self._small, reverse=True):
            case [(1, left), (1, right)]:
                return encode(Step.ADD, target, left, right)
            case [(1, left), (-1, right)]:
                return encode(Step.SUB, target, left, right)
        return b""

    @property
    def _terms(self) -> bytes:
        pluses = [value for factor, value in self._small if factor == 1]
        minuses = [value for factor, value in self._small if factor == -1]
        code = []
        while pluses and minuses:
            code.append(encode(Step.PLUS_MINUS, pluses.pop(), minuses.pop()))
        for one, two, values in (
            (Step.PLUS, Step.PLUS_PLUS, pluses),
            (Step.MINUS, Step.MINUS_MINUS, minuses),
        ):
            code += _by_two(one, two, [(value,) for value in values])
        terms = [term for term in self._small if abs(term[0]) != 1]
        return b"".join([*code, *_by_two(Step.TERM, Step.TERMS, terms)])

    @property
    def _by_parts(self) -> bytes:
        code = _by_two(Step.LARGE, Step.LARGES, self._large)
        code += [_product(*product) for product in self._products]
        waiting = sorted(self._weighted)
        while waiting:
            weight, value = waiting.pop(0)
            if waiting and waiting[0][0] == weight + WEIGHT_WORDS:
                code.append(encode(Step.WEIGHTS, weight, value, waiting.pop(0)[1]))
            else:
                code.append(encode(Step.WEIGHT, weight, value))
        return b"".join(code)


def _by_two(one: Step, two: Step, operands: Sequence[tuple[int, ...]]) -> list[bytes]:
    """Steps of one kind, two at a time as far as they go."""
    even = len(operands) // 2 * 2
    pairs = zip(operands[0:even:2], operands[1:even:2], strict=True)
    code = [encode(two, *left, *right) for left, right in pairs]
    return code + [encode(one, *rest) for rest in operands[even:]]


def _product(factor: int, left: int, right: int) -> bytes:
    if abs(factor) == 1:
        return encode(Step.TIMES if factor == 1 else Step.MINUS_TIMES, left, right)
    return encode(Step.FACTOR, factor, left, right)
