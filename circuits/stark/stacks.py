"""Stacks: how the columns of short tables become columns of the tallest height.

A group of height n beside a tallest one of height N has s = N / n *places* in a stack: columns t_0
.. t_(s-1) are committed as the one polynomial T(X) = sum_k X^k t_k(X^s), of degree < N. A place
without a column is the zero polynomial. Columns of the main and fixed phases are words of F; a
lookup column is an element of E, so a lookup stack is five words.

The map from columns to stacks follows from the tape and the parameter set alone. Nothing of it is
ever read from a proof.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from rollup.field.extension import DEGREE

ELEMENT_BYTES = 4 * DEGREE
"""An element of E in a proof: an opened value."""

WORD_BYTES = 4
"""An element of F in a proof: a word of an opened row."""


class Phase(IntEnum):
    """The committed trees, in the order in which their columns are batched."""

    FIXED = 0
    MAIN = 1
    LOOKUP = 2
    QUOTIENT = 3


TRACE_PHASES = (Phase.FIXED, Phase.MAIN, Phase.LOOKUP)

WORDS = {Phase.FIXED: 1, Phase.MAIN: 1, Phase.LOOKUP: DEGREE}
"""Base-field words of a column of each trace phase."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Columns of one group and phase that are committed as one. `columns` are by place.

    A stack is opened in the row below, all of it, if a constraint reads one of its columns there.
    """

    phase: Phase
    group: int
    columns: tuple[int, ...]
    below: bool

    @property
    def words(self) -> int:
        """Its words of a committed row."""
        return WORDS[self.phase]


def arrange(
    phase: Phase, group: int, width: int, below: Sequence[int], places: int, queries: int
) -> tuple[Stack, ...]:
    """The stacks of `width` columns of a group, of which those in `below` are read in the row
    below.

    Columns read below share stacks with others, or have stacks of their own: whichever is fewer
    bytes of a proof with so many queries.
    """
    read, others = list(below), [column for column in range(width) if column not in set(below)]
    if places == 1:
        chosen = _cut(range(width), 1)
    else:
        shared = _cut([*read, *others], places)
        own = [*_cut(read, places), *_cut(others, places)]
        chosen = min(shared, own, key=lambda cut: _cost(cut, read, WORDS[phase] * queries))
    return tuple(
        Stack(phase, group, columns, not set(read).isdisjoint(columns)) for columns in chosen
    )


def _cut(columns: Sequence[int], places: int) -> list[tuple[int, ...]]:
    return [tuple(columns[start : start + places]) for start in range(0, len(columns), places)]


def _cost(cut: Iterable[tuple[int, ...]], read: Sequence[int], words: int) -> int:
    """Bytes of a proof: words of rows, and values opened below."""
    stacks = list(cut)
    opened = sum(len(columns) for columns in stacks if not set(read).isdisjoint(columns))
    return WORD_BYTES * words * len(stacks) + ELEMENT_BYTES * opened


def require_opened(
    below: Sequence[int], stacks: Iterable[Stack], phase: Phase, group: int, name: str
) -> None:
    """ValueError unless each of these columns is in a stack that is opened below."""
    # Lie: a constraint reads a value of the row below that no proof opens, so that a verifier takes
    # whatever stands in its place.
    opened = {
        column
        for stack in stacks
        if stack.phase == phase and stack.group == group and stack.below
        for column in stack.columns
    }
    missing = sorted(set(below) - opened)
    if missing:
        raise ValueError(f"{name}: {phase.name} columns {missing} are read below, and not opened")
