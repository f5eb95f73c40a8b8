"""A ladder that is wrong in one coordinate of one formula, and right in all that follows from it.

The search of the kill matrix cannot carry a change over a whole signature; this does. So each
coordinate of each formula of points is broken alone: were its constraint dropped, nothing else
would say no.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from circuits.air.check import check_constraints, failed_claims
from circuits.air.evaluate import filled
from circuits.tables.ladder.air import TWICE_START
from circuits.tables.schedule import LADDER_LEAD, LADDER_ROWS
from rollup.crypto import curve
from rollup.crypto.curve import Point
from rollup.field import septic
from rollup.field.koalabear import P
from rollup.field.septic import DEGREE, Element
from tests.helpers.signatures import BLINDED, PUBLICS, circuit, honest

ROW = 6
"""The round whose formulas are broken."""

LINEAR = (curve.CURVE_LINEAR, 0, 0, 0, 0, 0, 0)


class Resolved:
    """The ladder of signature 0 solved again from what its digits and bytes choose, each formula
    exactly but for the one that is named, which misses in one coordinate by one."""

    def __init__(self, broken: str, place: int) -> None:
        self.matrix = honest().traces["ladder"].copy()
        self.broken, self.place = broken, place
        names = circuit().table("ladder").table.columns.names()
        self.columns = {name: i for i, name in enumerate(names)}
        self.row = 0

    def missed(self, name: str, value: Element) -> Element:
        """What a formula asks for, or one more in a coordinate."""
        if (name, self.row) != (self.broken, LADDER_LEAD + ROW):
            return value
        return septic.add(value, septic.element([int(k == self.place) for k in range(DEGREE)]))

    def get(self, name: str) -> Element:
        """The cells of an element in the row."""
        cells = self.matrix[self.row, [self.columns[f"{name}.{k}"] for k in range(DEGREE)]]
        return septic.element([int(cell) for cell in cells])

    def put(self, name: str, value: Element) -> None:
        """Write them."""
        self.matrix[self.row, [self.columns[f"{name}.{k}"] for k in range(DEGREE)]] = value

    def run(self, twice: Point = TWICE_START) -> np.ndarray:
        """The trace, from twice the start."""
        total = curve.LADDER_START
        for step in range(LADDER_ROWS):
            self.row = LADDER_LEAD + step
            total = self.round(self.joined(total) if step else self.started(twice))
        return self.matrix

    def started(self, twice: Point) -> Point:
        """What the first row begins with."""
        self.put("high.doubled.0", twice.x)
        self.put("doubled_y", twice.y)
        return twice

    def round(self, twice: Point) -> Point:
        """The sum after a row, from twice that before it."""
        total = self.added("high", self.doubled("high", twice, 1), "between.0")
        total = self.added("low", self.doubled("low", total, 0), "between.1")
        total = self.added("octets.0", total, "between.2")
        total = self.added("octets.1", total, "x")
        total = Point(total.x, self.missed("y", total.y))
        self.put("y", total.y)
        return total

    def joined(self, total: Point) -> Point:
        """Twice the sum before a row."""
        doubled = self.tangent("high.slopes.0", total)
        x, y = self.missed("high.doubled.0", doubled.x), doubled.y
        if x != doubled.x:
            slope = self.get("high.slopes.0")
            y = septic.subtract(septic.multiply(slope, septic.subtract(total.x, x)), total.y)
        y = self.missed("doubled_y", y)
        self.put("high.doubled.0", x)
        self.put("doubled_y", y)
        return Point(x, y)

    def tangent(self, name: str, total: Point) -> Point:
        """Twice a point, by a slope."""
        rise = septic.add(septic.scale(septic.square(total.x), 3), LINEAR)
        rise = self.missed(name, rise)
        slope = septic.multiply(rise, septic.inverse(septic.scale(total.y, 2)))
        self.put(name, slope)
        return third(total, total, slope)

    def doubled(self, half: str, total: Point, done: int) -> Point:
        """16 times a point, from 2^done times it."""
        for place in range(done, 4):
            before, total = total, self.tangent(f"{half}.slopes.{place}", total)
            if place < 3:
                name = f"{half}.doubled.{place}"
                x, slope = self.missed(name, total.x), self.get(f"{half}.slopes.{place}")
                drop = septic.multiply(slope, septic.subtract(before.x, x))
                total = Point(x, septic.subtract(drop, before.y))
                self.put(name, x)
        return total

    def added(self, step: str, total: Point, out: str) -> Point:
        """A sum, whose x goes to `out`; its y is taken from the point that is added."""
        point = Point(self.get(f"{step}.added.x"), self.get(f"{step}.added.y"))
        run = septic.subtract(point.x, total.x)
        rise = self.missed(f"{step}.added.slope", septic.subtract(point.y, total.y))
        slope = septic.multiply(rise, septic.inverse(run))
        self.put(f"{step}.added.slope", slope)
        apart = [self.columns[f"{step}.added.apart.{k}"] for k in range(2)]
        self.matrix[self.row, apart] = (pow(run[0], -1, P), 0)
        x = septic.subtract(septic.subtract(septic.square(slope), total.x), point.x)
        x = self.missed(out, x)
        self.put(out, x)
        drop = septic.multiply(slope, septic.subtract(point.x, x))
        return Point(x, septic.subtract(drop, point.y))


def third(left: Point, right: Point, slope: Element) -> Point:
    """The sum of two points on a line of this slope."""
    x = septic.subtract(septic.subtract(septic.square(slope), left.x), right.x)
    drop = septic.multiply(slope, septic.subtract(left.x, x))
    return Point(x, septic.subtract(drop, left.y))


def broken(matrix: np.ndarray) -> tuple[set[str], int]:
    """The claims that a trace breaks, and how many constraints."""
    table = filled(circuit().table("ladder"), matrix, BLINDED)
    failures = check_constraints(table, (0,) * PUBLICS.width)
    return failed_claims(failures), len(failures)


def formulas() -> Iterator[tuple[str, str]]:
    """Every formula of a round, by the cells that it fixes, and its claim."""
    for name in ("high.slopes.0", "high.doubled.0", "doubled_y"):
        yield name, "ladder.joined"
    for half, done in (("high", 1), ("low", 0)):
        for place in range(done, 4):
            yield f"{half}.slopes.{place}", "ladder.double"
        for place in range(done, 3):
            yield f"{half}.doubled.{place}", "ladder.double"
    for step in ("high", "low", "octets.0", "octets.1"):
        yield f"{step}.added.slope", "ladder.line"
    for name in ("between.0", "between.1", "between.2", "x", "y"):
        yield name, "ladder.sum"


def test_solved_again_without_a_miss_it_is_the_honest_one() -> None:
    matrix = Resolved("none", 0).run()
    names = circuit().table("ladder").table.columns.names()
    told = [i for i, name in enumerate(names) if "apart" not in name]
    assert np.array_equal(matrix[:, told], honest().traces["ladder"][:, told])
    assert broken(matrix) == (set(), 0)


@pytest.mark.parametrize("place", range(DEGREE))
@pytest.mark.parametrize(("name", "claim"), list(formulas()))
def test_a_formula_that_misses_in_one_coordinate(name: str, claim: str, place: int) -> None:
    assert broken(Resolved(name, place).run()) == ({claim}, 1)


@pytest.mark.parametrize("place", range(2 * DEGREE))
def test_a_start_of_the_signers_choice_breaks_the_start_alone(place: int) -> None:
    """Twice the start is free in one coordinate; all rounds follow from it."""
    twice = curve.double(curve.LADDER_START)
    words = [*twice.x, *twice.y]
    words[place] = (words[place] + 1) % P
    start = Point(septic.element(words[:DEGREE]), septic.element(words[DEGREE:]))
    assert broken(Resolved("none", 0).run(start)) == ({"ladder.start"}, 1)


class Entries:
    """The window table of signature 0, made again from some row on: of a key, and with a formula
    that misses there in one coordinate."""

    def __init__(self) -> None:
        self.matrix = honest().traces["ladder"].copy()
        names = circuit().table("ladder").table.columns.names()
        self.columns = {name: i for i, name in enumerate(names)}

    def cells(self, name: str, length: int = DEGREE) -> list[int]:
        """The columns of a vector."""
        return [self.columns[f"{name}.{k}"] for k in range(length)]

    def words(self, step: int, name: str) -> Element:
        """An element in a row."""
        row = self.matrix[LADDER_LEAD + step]
        return septic.element([int(row[cell]) for cell in self.cells(name)])

    def make(self, first: int, key: Point, formula: int = -1, off: Element = septic.ZERO) -> None:
        """Rows from `first` on; formula 0 is that of the line, 1 of x, 2 of y."""
        minus, entry = curve.negate(key), curve.WINDOW_OFFSET
        if first:
            entry = Point(self.words(first - 1, "window.x"), self.words(first - 1, "window.y"))
        for step in range(first, LADDER_ROWS):
            added = [off if step == first and formula == k else septic.ZERO for k in range(3)]
            run = septic.subtract(minus.x, entry.x)
            rise = septic.add(septic.subtract(minus.y, entry.y), added[0])
            slope = septic.multiply(rise, septic.inverse(run))
            x = septic.subtract(septic.subtract(septic.square(slope), entry.x), minus.x)
            x = septic.add(x, added[1])
            drop = septic.multiply(slope, septic.subtract(minus.x, x))
            entry = Point(x, septic.add(septic.subtract(drop, minus.y), added[2]))
            self._write(step, key, entry, slope, (pow(run[0], -1, P), 0))

    def _write(
        self, step: int, key: Point, entry: Point, slope: Element, apart: tuple[int, int]
    ) -> None:
        row = self.matrix[LADDER_LEAD + step]
        vectors = {"key.x": key.x, "key.y": key.y, "window.x": entry.x, "window.y": entry.y}
        for name, value in {**vectors, "window.slope": slope}.items():
            row[self.cells(name)] = value
        row[self.cells("window.apart", 2)] = apart


def unit(place: int) -> Element:
    """One in a coordinate."""
    return septic.element([int(k == place) for k in range(DEGREE)])


@pytest.mark.parametrize("place", range(DEGREE))
@pytest.mark.parametrize("formula", range(3))
@pytest.mark.parametrize("row", [0, ROW])
def test_an_entry_that_misses_in_one_coordinate(row: int, formula: int, place: int) -> None:
    """Of the line through S or the entry before and -P, of the sum's x or of its y; all later
    entries follow from it."""
    entries = Entries()
    key = Point(entries.words(0, "key.x"), entries.words(0, "key.y"))
    entries.make(row, key, formula, unit(place))
    assert broken(entries.matrix) == ({"ladder.windows"}, 1)


@pytest.mark.parametrize("place", range(2 * DEGREE))
def test_a_key_that_changes_in_one_coordinate_on_the_way(place: int) -> None:
    """All entries further on are of the other key."""
    entries = Entries()
    x, y = entries.words(0, "key.x"), entries.words(0, "key.y")
    if place < DEGREE:
        x = septic.add(x, unit(place))
    else:
        y = septic.add(y, unit(place - DEGREE))
    entries.make(ROW, Point(x, y))
    assert broken(entries.matrix) == ({"ladder.same-key"}, 1)


@pytest.mark.parametrize("step", ["high.added", "low.added", "octets.0.added", "octets.1.added"])
def test_points_that_are_not_shown_to_be_apart(step: str) -> None:
    lie = honest().with_cells("ladder", LADDER_LEAD + ROW, **{f"{step}.apart": (0, 0)})
    assert broken(lie.traces["ladder"]) == ({"ladder.line"}, 1)


@pytest.mark.parametrize("row", [0, ROW])
def test_an_entry_that_is_not_shown_to_be_apart(row: int) -> None:
    lie = honest().with_cells("ladder", LADDER_LEAD + row, **{"window.apart": (0, 0)})
    assert broken(lie.traces["ladder"]) == ({"ladder.windows"}, 1)
