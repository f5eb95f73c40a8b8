"""What follows from a circuit and a parameter set: stacks, layers, and where the bytes stand.

Half of the textbook verifier (tests/helpers/textbook.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from circuits.air.tape import Code, Tape
from rollup.field.extension import Element
from rollup.field.koalabear import P
from tests.helpers.textbook_format import (
    SALT_BYTES,
    VERSION,
    Circuit,
    Leaf,
    Numbers,
    Reason,
    number,
    require,
    to_elements,
    to_words,
)

FIXED, MAIN, LOOKUP, QUOTIENT = range(4)


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: `columns` by place, of one group and trace phase."""

    phase: int
    group: int
    columns: tuple[int, ...]
    below: bool


def read_below(tape: Tape) -> set[int]:
    """Slots of the main and fixed columns that some step or message has with shift 1."""
    operands = [operand for message in tape.messages for operand in message.payload]
    operands += [message.count for message in tape.messages]
    for step in tape.instructions:
        if step.code in (Code.ADD, Code.SUB, Code.MUL):
            operands += step.args
        elif step.code == Code.LINEAR:
            operands += step.args[1::2]
        elif step.code == Code.ACCUMULATE:
            operands.append(step.args[2])
    return {operand // 2 for operand in operands if operand % 2}


def arrange(width: int, below: Sequence[int], s: int, words: int, queries: int) -> list[list[int]]:
    """The columns of a group and phase, cut into stacks of s places: shared, or own if shorter."""
    others = [column for column in range(width) if column not in below]

    def cut(columns: list[int]) -> list[list[int]]:
        return [columns[at : at + s] for at in range(0, len(columns), s)]

    def size(stacks: list[list[int]]) -> int:
        opened = sum(len(stack) for stack in stacks if set(stack) & set(below))
        return 4 * words * len(stacks) * queries + 20 * opened

    if s == 1:
        return cut(list(range(width)))
    shared = cut([*below, *others])
    own = cut(list(below)) + cut(others)
    return own if size(own) < size(shared) else shared


class Shape:
    """What follows from circuit and parameters: heights, stacks, layers."""

    def __init__(self, circuit: Circuit, numbers: Numbers) -> None:
        self.circuit = circuit
        self.numbers = numbers
        self.heights = circuit.heights
        self.log_height = max(self.heights).bit_length() - 1
        self.log_domain = self.log_height + numbers.log_blowup
        self.log_final = min(self.log_height, 6 + self.log_height % 3)
        layers = (self.log_height - self.log_final) // 3
        self.layer_depths = [self.log_domain - 3 * (layer + 1) for layer in range(layers)]

    @cached_property
    def stacks(self) -> list[Stack]:
        """All stacks in their order: phase, group from the tallest, stack."""
        found = []
        for phase in (FIXED, MAIN, LOOKUP):
            for group in reversed(range(len(self.heights))):
                found += self._stacks(phase, group)
        return found

    def _stacks(self, phase: int, group: int) -> list[Stack]:
        tape = self.circuit.tapes[group]
        slots = read_below(tape)
        fixed = sorted(slot - tape.main_width for slot in slots if slot >= tape.main_width)
        main = sorted(slot for slot in slots if slot < tape.main_width)
        below = (fixed, main, [0])[phase]
        width = (tape.fixed_width, tape.main_width, 1 + len(tape.fractions))[phase]
        words = 5 if phase == LOOKUP else 1
        cut = arrange(width, below, self.places(group), words, self.numbers.queries)
        return [Stack(phase, group, tuple(c), not set(below).isdisjoint(c)) for c in cut]

    def places(self, group: int) -> int:
        """s of a group."""
        return max(self.heights) // self.heights[group]

    def row_words(self, phase: int) -> int:
        """Words of a row of a phase's tree."""
        if phase == QUOTIENT:
            return 20
        return (5 if phase == LOOKUP else 1) * sum(stack.phase == phase for stack in self.stacks)


class Proof:
    """The bytes of a proof, taken apart."""

    def __init__(self, data: bytes, shape: Shape) -> None:
        self._data, self._at, self._canonical = data, 0, True
        require(self._take(4) == number(VERSION, 4), Reason.VERSION)
        self._read_commitments(shape)
        self._read_layers(shape)
        depths = [shape.log_domain] * 4 + shape.layer_depths
        heights = [min(shape.numbers.log_top, depth) for depth in depths]
        digest = shape.numbers.digest_bytes
        self.tops = [[self._take(digest) for _ in range(2**height)] for height in heights]
        words = [shape.row_words(phase) for phase in range(4)] + [40] * len(shape.layer_depths)
        salts = [0, SALT_BYTES, SALT_BYTES, SALT_BYTES] + [0] * len(shape.layer_depths)
        siblings = [depth - height for depth, height in zip(depths, heights, strict=True)]
        trees = list(zip(words, salts, siblings, strict=True))
        self.queries = [
            [
                Leaf(
                    self._words(width), self._take(salt), [self._take(digest) for _ in range(path)]
                )
                for width, salt, path in trees
            ]
            for _ in range(shape.numbers.queries)
        ]
        require(self._at == len(data), Reason.LENGTH)
        require(self._canonical, Reason.WORD)

    def _read_commitments(self, shape: Shape) -> None:
        digest = shape.numbers.digest_bytes
        self.main_root = self._take(digest)
        self.lookup_root = self._take(digest)
        self.terminals = self._elements(len(shape.heights))
        self.quotient_root = self._take(digest)
        self.here = [self._elements(len(stack.columns)) for stack in shape.stacks]
        self.after = [self._elements(len(stack.columns)) for stack in shape.stacks if stack.below]
        self.chunks = self._elements(3)
        self.batch_nonce = self._nonce()

    def _read_layers(self, shape: Shape) -> None:
        digest = shape.numbers.digest_bytes
        self.layers = [(self._take(digest), self._nonce()) for _ in shape.layer_depths]
        self.final = self._elements(2**shape.log_final)
        self.query_nonce = self._nonce()

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _words(self, count: int) -> bytes:
        data = self._take(4 * count)
        self._canonical &= all(word < P for word in to_words(data))
        return data

    def _elements(self, count: int) -> list[Element]:
        return to_elements(self._words(5 * count).ljust(20 * count, b"\0"))

    def _nonce(self) -> int:
        return int.from_bytes(self._take(8), "little")
