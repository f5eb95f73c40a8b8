"""The distinguisher: whoever saw labelled runs of two worlds, and says of others which they are of.

It learns rules of several kinds and keeps the one that does best on labelled runs which it did not
learn from, either half of them in turn: of one column, the world in which a value was more
frequent, or a threshold; of all columns, naive Bayes and logistic regression.
Spec: docs/spec/26-leaks.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sequencer.leak.advantage import Advantage
from sequencer.leak.table import Column, Integers, Table

Floats = NDArray[np.float64]
Rule = Callable[[Integers], Floats]
"""Of runs, by row: above zero for world 1, below for world 0, zero where it cannot tell."""

STEPS: Final = 200
RATE: Final = 0.5
DECAY: Final = 0.02
"""Of gradient descent; the decay keeps weights of noise small where columns are more than runs."""

SINGLE_LEAD: Final = 1e-9
"""Rules of one column come first: where one of all columns does no better, the simple one stays."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows whose world the distinguisher is told, in two halves, and rows to ask it about."""

    first: Integers
    second: Integers
    ask: Integers

    @property
    def told(self) -> Integers:
        """All rows to learn from."""
        return np.concatenate([self.first, self.second])


@dataclass(frozen=True, slots=True)
class Learner:
    """A kind of rule: `feature` is the one that it looks at, None for all."""

    name: str
    feature: str | None
    learn: Callable[[Table, Integers], Rule]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the best rule came to on runs that it was not told about. `feature` is the one that a
    rule of one column tells most by, None where no column differs at all."""

    advantage: Advantage
    rule: str
    feature: str | None


def parts_of(table: Table, seed: int) -> Parts:
    """Half of each world's runs to be told, in two quarters, half to be asked about, drawn by
    chance."""
    draw = np.random.default_rng(seed)
    first, second, ask = [], [], []
    for world in (0, 1):
        rows = draw.permutation(np.flatnonzero(table.worlds == world))
        quarter = rows.size // 4
        first.append(rows[:quarter])
        second.append(rows[quarter : 2 * quarter])
        ask.append(rows[2 * quarter :])
    return Parts(np.concatenate(first), np.concatenate(second), np.concatenate(ask))


def distinguish(table: Table, parts: Parts, seed: int) -> Verdict:
    """Learn, choose, and be asked. Where a rule cannot tell, it tosses a coin."""
    tossed = np.random.default_rng(seed).integers(0, 2, table.worlds.size)
    coins: Floats = tossed.astype(np.float64) - 0.5
    scored = [(_share(table, each, parts), each) for each in _learners(table)]
    single = max((s for s in scored if s[1].feature is not None), key=_score, default=None)
    if single is None:
        blind = Advantage(_right(table, coins, parts.ask), parts.ask.size)
        return Verdict(blind, "a coin: no two runs differ", None)
    best = max(scored, key=lambda each: each[0] + SINGLE_LEAD * (each[1].feature is not None))
    rule = best[1].learn(table, parts.told)
    said = _answers(rule, coins)
    asked = Advantage(_right(table, said, parts.ask), parts.ask.size)
    return Verdict(asked, best[1].name, single[1].feature)


def _score(scored: tuple[float, Learner]) -> float:
    return scored[0]


def _share(table: Table, learner: Learner, parts: Parts) -> float:
    """How often a rule is right that learned from one half, of the other, either way."""
    halves = (parts.first, parts.second)
    return sum(_of_others(table, learner, *each) for each in (halves, halves[::-1])) / 2


def _of_others(table: Table, learner: Learner, told: Integers, others: Integers) -> float:
    """How often a rule is right of runs that it did not learn from; half where it passes."""
    said = np.sign(learner.learn(table, told)(others))
    truth = 2 * table.worlds[others] - 1
    return float(np.mean(said * truth)) / 2 + 0.5


def _answers(rule: Rule, coins: Floats) -> Floats:
    said = rule(np.arange(coins.size))
    return np.where(said == 0, coins, said)


def _right(table: Table, said: Floats, rows: Integers) -> int:
    return int(np.sum((said[rows] > 0) == (table.worlds[rows] == 1)))


def _learners(table: Table) -> Iterator[Learner]:
    for column in table.columns:
        yield Learner(f"{column.name}: its value", column.feature, _by_value(column))
        if column.numbers is not None:
            yield Learner(f"{column.name}: a threshold", column.feature, _by_threshold(column))
    if table.columns:
        yield Learner("naive Bayes over all", None, _bayes)
        yield Learner("logistic regression over all", None, _logistic)


def _odds(column: Column, worlds: Integers, rows: Integers) -> Floats:
    """Of each kind: the logarithm of how much more frequent it is in world 1, one added to each
    count; 0 of a kind that was not seen."""
    size = int(column.kinds.max()) + 1
    kinds, truth = column.kinds[rows], worlds[rows]
    counts = [np.bincount(kinds[truth == world], minlength=size) for world in (0, 1)]
    totals = [each.sum() + size for each in counts]
    found: Floats = np.log((counts[1] + 1) / totals[1]) - np.log((counts[0] + 1) / totals[0])
    found[counts[0] + counts[1] == 0] = 0
    return found


def _by_value(column: Column) -> Callable[[Table, Integers], Rule]:
    def learn(table: Table, rows: Integers) -> Rule:
        odds = _odds(column, table.worlds, rows)
        return lambda asked: odds[column.kinds[asked]]

    return learn


def _by_threshold(column: Column) -> Callable[[Table, Integers], Rule]:
    def learn(table: Table, rows: Integers) -> Rule:
        numbers = np.zeros(0) if column.numbers is None else column.numbers
        order = rows[np.argsort(numbers[rows], kind="stable")]
        signs = 2 * table.worlds[order] - 1
        above = signs.sum() - 2 * np.cumsum(signs)
        ends = np.append(numbers[order][1:] != numbers[order][:-1], True)
        place = int(np.argmax(np.abs(above) * ends))
        cut, way = numbers[order[place]], float(np.sign(above[place]))
        return lambda asked: way * np.where(numbers[asked] > cut, 1.0, -1.0)

    return learn


def _bayes(table: Table, rows: Integers) -> Rule:
    odds = [(column.kinds, _odds(column, table.worlds, rows)) for column in table.columns]
    return lambda asked: np.sum([each[kinds[asked]] for kinds, each in odds], axis=0)


def _logistic(table: Table, rows: Integers) -> Rule:
    inputs = _standard(table.columns, rows)
    told, truth = inputs[rows], table.worlds[rows].astype(np.float64)
    weights = np.zeros(told.shape[1])
    rate = RATE / max(1.0, float(np.mean(np.sum(told * told, axis=1))) / 4)
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-np.clip(told @ weights, -30, 30)))
        weights -= rate * (told.T @ (chances - truth) / rows.size + DECAY * weights)
    return lambda asked: inputs[asked] @ weights


def _standard(columns: Sequence[Column], rows: Integers) -> Floats:
    """Each column with mean 0 and deviation 1 over the rows learned from, and a column of ones."""
    raw = [each.kinds if each.numbers is None else each.numbers for each in columns]
    inputs = np.array(raw, dtype=np.float64).T
    spread = inputs[rows].std(axis=0)
    spread[spread == 0] = 1
    return np.hstack([(inputs - inputs[rows].mean(axis=0)) / spread, np.ones((len(inputs), 1))])
