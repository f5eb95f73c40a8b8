"""The assembled interpreter: each step, each bound, and whole tapes on rows of no meaning."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

import pytest

from circuits.air.graph import Scope
from circuits.air.tape import Tape
from circuits.evm import interpreter, kernels
from circuits.evm.field_constants import FACTORS_MAX, PRODUCTS_MAX, element, word
from circuits.evm.interpreter import OPERANDS, SIZES, Step, assembled, encode
from circuits.evm.tape_code import Memory, compile_tape
from circuits.stark.evaluate import GroupContext, Rows, evaluate_group
from circuits.stark.lookup import lookup_challenges
from circuits.stark.parameters import L1
from circuits.stark.shape import RUNNING_SUM, Group, shape_of
from circuits.statement.pinned import packaged_circuit
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.l1.evm.artefact import artefact
from rollup.protocol.shape_class import SHAPE_CLASSES

revm = pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm is not installed")

WORD = 32
HIGHEST: Element = (P - 1, P - 1, P - 1, P - 1, P - 1)


@cache
def machine() -> tuple[Any, bytes]:
    """The probe, deployed."""
    chain = revm.Machine()
    return chain, chain.deploy(artefact("TapeProbe").code)


def run(memory: Sequence[int], code: bytes) -> list[int]:
    """The memory after the code."""
    chain, address = machine()
    words = b"".join(value.to_bytes(WORD, "big") for value in memory)
    size = len(words).to_bytes(WORD, "big")
    outcome = chain.read(address, size + words + code + encode(Step.END))
    assert outcome.succeeded
    data = outcome.data
    return [int.from_bytes(data[at : at + WORD], "big") for at in range(0, len(data), WORD)]


def split(weight: Element) -> list[int]:
    """The words of a weight in a table."""
    parts = [tuple(c >> low & mask for c in weight) for low, mask in ((0, 2047), (11, 1023))]
    parts.append(tuple(c >> 21 for c in weight))
    return [word(part) for part in (*parts, weight)]  # type: ignore[arg-type]


def draw(random: Random) -> Element:
    """An element, often with edges in it."""
    a0, a1, a2, a3, a4 = (random.choice([0, 1, P - 1, random.randrange(P)]) for _ in range(DEGREE))
    return (a0, a1, a2, a3, a4)


def test_what_is_assembled_is_what_the_contract_includes() -> None:
    assert interpreter.FILE.read_text() == interpreter.text()
    assert kernels.FILE.read_text() == kernels.text()


def test_every_step_has_a_place_of_its_own() -> None:
    _, codes = assembled()
    assert set(codes) == set(Step) == set(OPERANDS)
    assert len(set(codes.values())) == len(Step)
    for step in Step:
        operands = [1 for _ in OPERANDS[step]]
        assert len(encode(step, *operands)) == 1 + sum(SIZES[kind] for kind in OPERANDS[step])


def test_sums_of_terms_and_products() -> None:
    random = Random(11)
    for _ in range(40):
        values = [draw(random) for _ in range(6)]
        weight, other = draw(random), draw(random)
        a, b, c, d, e, _ = values
        memory = [*map(word, values), *split(weight), *split(other)]
        factor = random.randrange(-FACTORS_MAX // 4, FACTORS_MAX // 4)
        large = random.choice([P - 1, random.randrange(P)])
        code = encode(Step.PLUS, 0) + encode(Step.MINUS, 1) + encode(Step.TERM, factor, 2)
        # And pairs, which cancel but for twice e.
        code += encode(Step.PLUS_PLUS, 3, 4) + encode(Step.MINUS_MINUS, 3, 0)
        code += encode(Step.TERMS, 3, 1, -2, 4) + encode(Step.PLUS_MINUS, 0, 1)
        code += encode(Step.TERMS, -2, 1, 3, 4)
        terms = extension.add(extension.subtract(a, b), extension.scale(c, factor % P))
        terms = extension.add(terms, extension.scale(e, 2))
        product = extension.multiply(d, e)
        found = run(memory, code + encode(Step.SUM, 5))
        assert element(found[5]) == terms
        found = run(memory, code + encode(Step.MUL, 5, 3, 4))
        assert element(found[5]) == extension.add(terms, product)
        found = run(memory, code + encode(Step.MINUS_MUL, 5, 3, 4))
        assert element(found[5]) == extension.subtract(terms, product)
        parts = encode(Step.TIMES, 0, 1) + encode(Step.MINUS_TIMES, 2, 3)
        parts += encode(Step.FACTOR, -7, 3, 4) + encode(Step.FACTOR, 9, 4, 0)
        parts += encode(Step.LARGE, large, 1) + encode(Step.WEIGHT, 6, 2)
        parts += encode(Step.LARGES, 5, 2, large, 3) + encode(Step.WEIGHTS, 6, 3, 4)
        for each in (
            extension.multiply(a, b),
            extension.negate(extension.multiply(c, d)),
            extension.scale(product, P - 7),
            extension.scale(extension.multiply(e, a), 9),
            extension.scale(b, large),
            extension.multiply(c, weight),
            extension.scale(c, 5),
            extension.scale(d, large),
            extension.multiply(d, weight),
            extension.multiply(e, other),
        ):
            terms = extension.add(terms, each)
        found = run(memory, code + parts + encode(Step.PARTS, 5) + code + encode(Step.SUM, 4))
        assert element(found[5]) == terms
        # And the accumulators were emptied.
        assert found[:4] == memory[:4]
        again = run(memory, code + encode(Step.SUM, 4))
        assert found[4] == again[4]
        pair = run(memory, encode(Step.ADD, 5, 0, 1) + encode(Step.SUB, 4, 0, 1))
        assert element(pair[5]) == extension.add(a, b)
        assert element(pair[4]) == extension.subtract(a, b)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_that_code_may_ask_for(sign: int) -> None:
    # Lie: lanes that run over, so that a constraint's value is another.
    memory = [word(HIGHEST), 0, *split(HIGHEST)]
    times = Step.TIMES if sign == 1 else Step.MINUS_TIMES
    step = Step.PLUS if sign == 1 else Step.MINUS
    square = extension.multiply(HIGHEST, HIGHEST)
    terms = encode(Step.TERM, sign * (FACTORS_MAX - 2), 0) + encode(step, 0)
    scaled = extension.scale(HIGHEST, sign * (FACTORS_MAX - 1) % P)
    most = extension.scale(square, sign * PRODUCTS_MAX % P)
    for code, expected in (
        (encode(times, 0, 0) * PRODUCTS_MAX, most),
        (encode(Step.FACTOR, sign * PRODUCTS_MAX, 0, 0), most),
        (encode(Step.WEIGHT, 2, 0) * PRODUCTS_MAX, extension.scale(square, PRODUCTS_MAX)),
        (encode(Step.LARGE, P - 1, 0) * PRODUCTS_MAX, extension.scale(HIGHEST, P - PRODUCTS_MAX)),
    ):
        found = run(memory, terms + code + encode(Step.PARTS, 1))
        assert element(found[1]) == extension.add(scaled, expected)
    found = run(memory, terms + encode(Step.MUL, 1, 0, 0))
    assert element(found[1]) == extension.add(scaled, square)
    found = run(memory, terms + encode(Step.MINUS_MUL, 1, 0, 0))
    assert element(found[1]) == extension.subtract(scaled, square)


class Image:
    """A memory with a group's operands in it, and where they are."""

    def __init__(self, group: Group, rows: Rows, publics: Sequence[int], context: GroupContext):
        tape = group.tape
        self._words: list[int] = []
        operands: dict[int, int] = {}
        for first, now, below in (
            (0, rows.main, rows.main_after),
            (tape.main_width, rows.fixed, rows.fixed_after),
        ):
            for column, value in enumerate(now):
                operands[2 * (first + column)] = self._put(value)
            for column, value in enumerate(below):
                if value is not None:
                    operands[2 * (first + column) + 1] = self._put(value)
        constants = {2 * (tape.first_constant + k): v for k, v in enumerate(tape.constants)}
        for operand, value in constants.items():
            operands[operand] = self._put(extension.embed(value))
        for k, index in enumerate(tape.publics):
            operand = 2 * (tape.first_constant + len(tape.constants) + k)
            operands[operand] = self._put(extension.embed(publics[index]))
        column = len(self._words)
        for value in rows.lookup[RUNNING_SUM + 1 :]:
            self._put(value)
        fingerprints = len(self._words)
        for power in context.challenges.powers[:-1]:
            self._words += split(extension.negate(power))
        buses = {m.bus: context.challenges.bus_constant(m.bus) for m in tape.messages}
        slots = {bus: self._put(value) for bus, value in buses.items()}
        self.answers = len(self._words)
        self._words += [0] * group.constraints
        self.memory = Memory(
            operands=operands,
            constants=constants,
            answers=self.answers,
            powers=group.powers,
            column=column,
            fingerprints=fingerprints,
            buses=slots,
            registers=len(self._words),
        )

    def _put(self, value: Element) -> int:
        self._words.append(word(value))
        return len(self._words) - 1

    def answered(self, tape: Tape) -> list[Element]:
        """What the code leaves for each constraint, by place."""
        compiled = compile_tape(tape, self.memory)
        spare = [0] * (compiled.end - len(self._words))
        found = run([*self._words, *spare], b"".join(compiled.instructions))
        return [element(value) for value in found[self.answers : self.memory.registers]]


@pytest.mark.parametrize("name", sorted(SHAPE_CLASSES))
def test_code_says_of_any_rows_what_the_plain_reader_says(name: str) -> None:
    random = Random(name)
    shape = shape_of(packaged_circuit(SHAPE_CLASSES[name]), L1)
    publics = [random.randrange(P) for _ in range(shape.public_width)]
    challenges = lookup_challenges(draw(random), draw(random), shape)
    most = max(group.constraints for group in shape.groups)
    weights = extension.powers(draw(random), most)
    for group in shape.groups:
        tape = group.tape
        now = [[draw(random) for _ in range(width)] for width in group.widths[:2]]
        lookup = [draw(random) for _ in range(1 + group.fractions)]
        below = [
            [draw(random) if column in read else None for column in range(width)]
            for width, read in zip(group.widths, group.below[:2], strict=False)
        ]
        after = [draw(random), *[None] * group.fractions]
        rows = Rows(now[0], now[1], lookup, below[0], below[1], after)
        context = GroupContext(publics, challenges, weights, draw(random))
        answers = Image(group, rows, publics, context).answered(tape)
        moved = lookup[0]
        for fraction in lookup[1:]:
            moved = extension.add(moved, fraction)
        assert after[0] is not None
        ends = [lookup[0], extension.subtract(after[0], moved)]
        ends.append(extension.subtract(moved, context.terminal))
        for number, value in enumerate(ends, start=group.constraints - len(ends)):
            answers[group.powers[number]] = value
        scopes = [*tape.scopes(), *[Scope.ALL] * group.fractions]
        scopes += [Scope.FIRST, Scope.TRANSITION, Scope.LAST]
        sums = [extension.ZERO] * len(Scope)
        for number, scope in enumerate(scopes):
            place = group.powers[number]
            weighed = extension.multiply(weights[place], answers[place])
            sums[scope] = extension.add(sums[scope], weighed)
        assert sums == evaluate_group(group, rows, context)
