"""Small circuits for tests of the engine: two tables of different heights, a bus, public input."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.circuit import Circuit
from circuits.air.layout import Layout, bit, cell
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.air.trace import Trace
from circuits.stark.lookup import PublicMessage
from rollup.field.koalabear import P
from rollup.native.jit import U32Array

SQUARE = Bus("SQUARE", 1, ("value", "square"))
NOTE = Bus("NOTE", 2, ("row", "value"))

SQUARES = 256

STATEMENT_DIGEST = bytes(range(32, 64))
"""What a proof of these circuits says that it is about."""


class Steps(Layout):
    """One step of a Fibonacci-like sequence a row, with a square looked up."""

    now = cell()
    following = cell()
    cube = cell()
    value = cell()
    square = cell()
    noted = bit()


def step_constraints(air: Builder, row: Steps, after: Steps) -> None:
    """The sequence, a cube, a lookup, and notes that the verifier knows."""
    air.require_equal(row.now * row.now * row.now, row.cube, "steps.cube")
    air.require_bit(row.noted, "steps.noted")
    with air.first_row():
        air.require_equal(row.now, air.public("start"), "steps.start")
        air.require_equal(row.following * 1, air.public("start"), "steps.start-following")
    with air.last_row():
        air.require_equal(row.following, air.public("result"), "steps.result")
    with air.transition():
        air.require_equal(after.now, row.following, "steps.shift")
        air.require_equal(after.following, row.now + row.following, "steps.sum")
    air.receive(SQUARE, [row.value, row.square], claim="steps.square")
    air.receive(NOTE, [row.index, row.now], count=row.noted, claim="steps.note")


class Squares(Layout):
    """A table of squares."""

    multiplicity = cell()


class SquaresFixed(Layout):
    """What is looked up."""

    value = cell()
    square = cell()


def squares_fixed(height: int) -> Mapping[str, Sequence[int]]:
    """Squares of 0 to 255."""
    del height
    return {"value": range(SQUARES), "square": [value * value for value in range(SQUARES)]}


def squares_constraints(air: Builder, row: Squares) -> None:
    """Every row sends its square as often as it says."""
    air.send(
        SQUARE, [row.fixed.value, row.fixed.square], count=row.multiplicity, claim="squares.send"
    )


STEPS = Table("steps", Steps, step_constraints)
SQUARES_TABLE = Table("squares", Squares, squares_constraints, SquaresFixed, squares_fixed)

PUBLICS = PublicLayout((("start", 1), ("result", 1)))


def small_circuit(steps_height: int, squares_height: int) -> Circuit:
    """The circuit at given heights."""
    tables = [(STEPS, steps_height), (SQUARES_TABLE, squares_height)]
    return Circuit.build(tables, PUBLICS, (SQUARE, NOTE))


@dataclass(frozen=True, slots=True)
class Instance:
    """A statement and its witness."""

    circuit: Circuit
    traces: list[U32Array]
    statement_digest: bytes
    publics: tuple[int, ...]
    messages: tuple[PublicMessage, ...]

    @property
    def known(self) -> tuple[bytes, tuple[int, ...], tuple[PublicMessage, ...]]:
        """What the verifier knows, in the order in which it is told."""
        return self.statement_digest, self.publics, self.messages


def small_instance(
    steps_height: int, squares_height: int, blinded: int, *, seed: int = 1, start: int = 3
) -> Instance:
    """A satisfied instance; `seed` chooses the looked-up values, `start` the sequence."""
    circuit = small_circuit(steps_height, squares_height)
    active = steps_height - blinded
    sequence = [start, start]
    while len(sequence) <= active:
        sequence.append((sequence[-1] + sequence[-2]) % P)
    now = np.array(sequence[:active], dtype=np.int64)
    values = np.random.default_rng(seed).integers(0, SQUARES, active)
    steps = Trace(Steps, steps_height, blinded)
    steps.row.now[...] = now
    steps.row.following[...] = sequence[1 : active + 1]
    steps.row.cube[...] = now * now % P * now % P
    steps.row.value[...] = values
    steps.row.square[...] = values * values
    noted = [0, 7, active - 1]
    steps.row.noted[...] = 0
    steps.row.noted[noted] = 1
    squares = Trace(Squares, squares_height, blinded)
    squares.row.multiplicity[...] = np.bincount(values, minlength=squares_height - blinded)
    messages = tuple(PublicMessage(NOTE.identifier, 1, (row, sequence[row])) for row in noted)
    return Instance(
        circuit,
        [steps.finish(), squares.finish()],
        STATEMENT_DIGEST,
        (start, sequence[active]),
        messages,
    )


def lonely_instance(height: int, blinded: int) -> Instance:
    """One table alone: the squares that it looks up are sent by public messages."""
    both = small_instance(height, 512, blinded)
    circuit = Circuit.build([(STEPS, height)], PUBLICS, (SQUARE, NOTE))
    values = both.traces[0][: height - blinded, 3].tolist()
    counted = sorted(Counter(values).items())
    squares = (PublicMessage(SQUARE.identifier, 1, (v, v * v), n) for v, n in counted)
    return Instance(
        circuit, both.traces[:1], STATEMENT_DIGEST, both.publics, (*both.messages, *squares)
    )
