"""The table that version 3 of the proof system is measured by: before, now, ratio, target, goal.

What is wanted of each figure stands here, and nothing is measured here (benchmarks/beside.py).
A `ratio` is always now over before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

HEAD = "| what | before | now | ratio | target | goal | met |\n|---|---|---|---|---|---|---|"
"""Of the Markdown table."""


class Kind(Enum):
    """What a target and a goal bound."""

    VALUE_AT_MOST = "value at most"
    RATIO_AT_MOST = "ratio at most"
    RATIO_AT_LEAST = "ratio at least"


class Unit(Enum):
    """Of a figure: how it is said, with its decimals. A kB is 1,000 bytes."""

    KB = "{:,.0f} kB"
    GIB = "{:.2f} GiB"
    CPU = "{:.2f} CPU-s"
    SECONDS = "{:.3f} s"
    RATE = "{:,.0f} trades/s"

    def text(self, value: float) -> str:
        """A value of this unit for people."""
        return self.value.format(value)


class Wanted(NamedTuple):
    """A target, and a goal beyond it."""

    kind: Kind
    target: float
    goal: float

    def met_by(self, before: float, now: float) -> str:
        """`goal`, `target` or `no`, of figures before they are rounded for people."""
        found = now if self.kind is Kind.VALUE_AT_MOST else now / before
        sign = -1 if self.kind is Kind.RATIO_AT_LEAST else 1
        if sign * found <= sign * self.goal:
            return "goal"
        return "target" if sign * found <= sign * self.target else "no"

    def texts(self, unit: Unit) -> tuple[str, str]:
        """Target and goal for people."""
        if self.kind is Kind.VALUE_AT_MOST:
            return unit.text(self.target), unit.text(self.goal)
        return f"{self.target:g} x", f"{self.goal:g} x"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of the table: `key` names it in what was measured. None is `wanted` of some, which
    are shown for comparison."""

    key: str
    what: str
    unit: Unit
    wanted: Wanted | None = None


class Pair(NamedTuple):
    """A figure before and now, in the unit of its row."""

    before: float
    now: float

    @property
    def ratio(self) -> float:
        """Now over before."""
        return self.now / self.before


def _at_most(target: float, goal: float) -> Wanted:
    return Wanted(Kind.RATIO_AT_MOST, target, goal)


def _value(target: float, goal: float) -> Wanted:
    return Wanted(Kind.VALUE_AT_MOST, target, goal)


L1_SETS = {"S": ("l1",), "M": ("l1", "l1-tall")}
"""Sets for L1 by class; before, there was `evm` for both."""

_SIZES = {
    "S": (_value(390, 380), _value(160, 150)),
    "M": (_value(440, 430), _value(200, 185)),
}
_TRADES = Wanted(Kind.RATIO_AT_LEAST, 2.0, 3.0)


def class_rows(name: str) -> Iterator[Row]:
    """The rows of class S or M."""
    small, large = _SIZES[name], name == "M"
    yield Row(f"bytes {name} fast", f"proof, class {name}, `fast`", Unit.KB, small[0])
    for each in L1_SETS[name]:
        what = f"class {name}, `{each}` for `evm`"
        yield Row(f"bytes {name} {each}", f"proof, {what}", Unit.KB, small[1])
        if large:
            yield Row(f"peak {name} {each}", f"peak memory, {what}", Unit.GIB, _at_most(0.25, 0.19))
            yield Row(f"cpu {name} {each}", f"process, {what}", Unit.CPU, _at_most(0.5, 0.4))
    fast = f"class {name}, `fast`"
    low, proving = _at_most(0.65, 0.5), _at_most(1.0, 0.85)
    yield Row(
        f"peak {name}", f"peak memory, {fast}, low-memory mode", Unit.GIB, low if large else None
    )
    yield Row(
        f"proving {name}", f"proving alone, {fast}, steady", Unit.CPU, proving if large else None
    )
    batches = f"batches in a row, {fast}, processes before, a resident prover now"
    yield Row(f"trades {name}", batches, Unit.RATE, _TRADES if large else None)
    start = f"process before its first phase, {fast}"
    yield Row(f"start {name}", start, Unit.CPU, _at_most(0.5, 0.3))
    for key, unit in (("verify", Unit.SECONDS), ("verify-cpu", Unit.CPU)):
        what = f"`crypsis verify`, whole process, {fast}"
        yield Row(f"{key} {name}", what, unit, _at_most(0.7, 0.5))


def line(row: Row, found: Pair | str) -> str:
    """A line of the table: of a figure, or of why there is none."""
    target, goal = row.wanted.texts(row.unit) if row.wanted else ("", "")
    if isinstance(found, str):
        return f"| {row.what} | | | | {target} | {goal} | {found} |"
    met = row.wanted.met_by(*found) if row.wanted else ""
    before, now = map(row.unit.text, found)
    return f"| {row.what} | {before} | {now} | {found.ratio:.2f} x | {target} | {goal} | {met} |"


def record(row: Row, found: Pair | str) -> dict[str, object]:
    """The same for JSON."""
    wanted = None
    if row.wanted:
        kind, target, goal = row.wanted
        wanted = {"kind": kind.value, "target": target, "goal": goal}
    known: dict[str, object] = {"key": row.key, "what": row.what, "unit": row.unit.name}
    if isinstance(found, str):
        return {**known, "wanted": wanted, "not_measured": found}
    met = row.wanted.met_by(*found) if row.wanted else None
    figures = {"before": found.before, "now": found.now, "ratio": found.ratio}
    return {**known, **figures, "wanted": wanted, "met": met}


PEERS = "\n".join(
    f"| Plonky3 {kind}, 8 a row, per CPU-s at 2^17 | | | | {target:.2f} x | {goal} x "
    "| `make bench-peers` |"
    for kind, target, goal in (("hiding", 1.75, 2), ("plain", 0.85, 1))
)
"""The rows that another command measures."""


def table(rows: list[Row], figures: Mapping[str, Pair | str]) -> str:
    """The whole table, in Markdown."""
    return "\n".join([HEAD, *(line(row, figures[row.key]) for row in rows), PEERS])
