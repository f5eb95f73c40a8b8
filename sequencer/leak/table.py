"""What an observer noted of many runs, as numbers: a column for each thing, a row for each run.

A tuple becomes a column for itself and one for each place; a column of many numbers is cut at its
quantiles for rules that count. Spec: docs/spec/26-leaks.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sequencer.leak.features import ABSENT, Feature, Noted
from sequencer.leak.observer import Observation

Integers = NDArray[np.int64]

KINDS_MAX: Final = 12
"""A column of numbers with more of them is cut into as many parts."""


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that was noted of every run. `kinds` numbers its values, cut to few; `numbers` are
    the values where all are numbers, else None."""

    feature: str
    name: str
    kinds: Integers
    numbers: Integers | None


@dataclass(frozen=True, slots=True)
class Table:
    """The columns in which any two runs differ, and which world each run was of: 0 or 1."""

    columns: tuple[Column, ...]
    worlds: Integers

    def without(self, feature: str) -> "Table":
        """What is left where one feature is not looked at."""
        kept = tuple(each for each in self.columns if each.feature != feature)
        return Table(kept, self.worlds)


def noted(features: Sequence[Feature], seen: Sequence[Observation]) -> dict[str, Noted]:
    """What an observer notes of a run, by feature and batch."""
    return {
        f"{feature.name}@{each.public.number}": feature.read(each)
        for each in seen
        for feature in features
    }


def table_of(runs: Sequence[Mapping[str, Noted]], worlds: Sequence[int]) -> Table:
    """Columns of what was noted. What every run has the same tells nothing and is left out."""
    names = {name: None for each in runs for name in each}
    columns = []
    for name in names:
        columns += _columns(name, [each.get(name, ABSENT) for each in runs])
    return Table(tuple(columns), np.array(worlds, dtype=np.int64))


def _columns(name: str, values: Sequence[Noted]) -> list[Column]:
    feature, _, batch = name.partition("@")
    found = [_column(feature, f"{feature} of batch {batch}", values)]
    tuples = [each if isinstance(each, tuple) else () for each in values]
    for place in range(max(map(len, tuples))):
        parts: list[Noted] = [each[place] if place < len(each) else ABSENT for each in tuples]
        found.append(_column(feature, f"{feature} of batch {batch}, place {place}", parts))
    return [each for each in found if each is not None]


def _column(feature: str, name: str, values: Sequence[Noted]) -> Column | None:
    kinds = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if len(kinds) == 1:
        return None
    if all(isinstance(each, int) for each in values):
        numbers = np.array(values, dtype=np.int64)
        return Column(feature, name, _cut(numbers), numbers)
    return Column(feature, name, np.array([kinds[each] for each in values]), None)


def _cut(numbers: Integers) -> Integers:
    """Which part of the column each number lies in: each a value where they are few."""
    marks = np.unique(numbers)
    if marks.size > KINDS_MAX:
        marks = np.unique(np.quantile(numbers, np.linspace(0, 1, KINDS_MAX + 1)[:-1]))
    found: Integers = np.searchsorted(marks, numbers, side="right") - 1
    return found
