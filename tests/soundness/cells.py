"""Cells forged one by one, and judged without a proof: exact constraints, exact buses.

A cell takes part in the constraints of its own row and of the one above it, and in the messages of
its own row; nothing else of a witness can notice it. So a forgery costs three rows of one table,
and every column is forged on every kind of row of many honest witnesses: batches that are busy,
deleverage, move assets, take a step in two batches, or end a market, and special rows of single
tables. What is accepted must be in `tests.soundness.free`, with the reason why the cell says
nothing on such a row; and what is there must be accepted.

    SEED=1 python -m tests.soundness.cells
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

import numpy as np

from circuits.air.bus import RANGE, RANGE_BITS_MAX
from circuits.air.circuit import Placed
from circuits.air.evaluate import Filled, evaluate_block
from circuits.air.graph import MODULUS, Scope
from circuits.air.trace import inverse_or_zero
from circuits.gadgets.buses import BASE, HASH
from rollup.hash.constants import DIGEST_WIDTH, WIDTH
from rollup.hash.kernels import compress_many
from tests.helpers.honest import (
    asset_witness,
    busy_witness,
    ended_witnesses,
    sources,
    step_witnesses,
    thin_witnesses,
)
from tests.helpers.processes import side_by_side
from tests.helpers.rows import ANSWERERS, I64, Flags, Source, base_entries, source_of
from tests.helpers.seed import announced_seed
from tests.helpers.statement import small_circuit
from tests.soundness.free import FREE, entry_of

Message = tuple[int, tuple[int, ...]]
"""Identifier of a bus, and a payload."""

KINDS_MAX = 40
"""Kinds of rows of a trace on which its columns are forged."""

MORE = 4
"""Rows of any kind, of those that are no padding, on which they are forged as well."""

CHUNK = 1024
"""Forgeries evaluated together: a node of three rows each is 24 KiB."""

ABOVE, HERE, BELOW = 0, 1, 2
"""Where the rows around a forged cell stand in their three rows."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Forged cells of one table, of equal length: rows, columns, and the values they get."""

    rows: I64
    columns: I64
    values: I64

    def __len__(self) -> int:
        return len(self.rows)

    def parts(self) -> Iterator["Changes"]:
        """All of them, a chunk at a time."""
        for start in range(0, len(self), CHUNK):
            yield self.chosen(slice(start, start + CHUNK))

    def chosen(self, places: Flags | slice) -> "Changes":
        """Some of them."""
        return Changes(self.rows[places], self.columns[places], self.values[places])


class Cells:
    """The cells of one honest trace, to be forged."""

    def __init__(self, source: Source) -> None:
        self.source = source
        messages = source.graph.interactions
        self.spoken = sorted({n for message in messages for n in (*message.payload, message.count)})
        placed = Placed(source.table, source.graph, len(source.matrix))
        honest = Filled(placed, source.matrix, source.fixed, source.active)
        self.honest = self._values(honest, self.spoken)

    def kinds(self, random: Random) -> list[int]:
        """The first row and the last active one; one of each kind, where those are alike whose
        columns that hold bits throughout are; and some more."""
        trace = self.source.matrix[: self.source.active]
        bits = trace[:, trace.max(axis=0) <= 1]
        rows = list(range(len(trace)))
        random.shuffle(rows)
        first = {bits[row].tobytes(): row for row in rows}
        others = [row for row in rows if (trace[row] != trace[-1]).any()]
        return sorted({*[*first.values()][:KINDS_MAX], *others[:MORE], 0, len(trace) - 1})

    def forged(self, rows: Sequence[int], columns: Sequence[int], random: Random) -> Changes:
        """Several values of every column on every row: neighbours, other roots, others."""
        grid = np.array([(row, column) for row in rows for column in columns], dtype=np.int64)
        at, column = grid[:, 0], grid[:, 1]
        old = self.source.matrix[at, column].astype(np.int64)
        drawn = np.array([random.randrange(MODULUS) for _ in grid], dtype=np.int64)
        values = [old + 1, old - 1, 1 - old, old + 2**13, old + 2**26, np.zeros_like(old), drawn]
        values.append(old + self._other_roots(at, column, old))
        stacked = np.stack(values) % MODULUS
        changed = (stacked != old).ravel()
        every = Changes(np.tile(at, len(values)), np.tile(column, len(values)), stacked.ravel())
        return every.chosen(changed)

    def _other_roots(self, rows: I64, columns: I64, old: I64) -> I64:
        """By how much a cell changes to the other root of the first constraint that it takes part
        in: if that is quadratic in the cell, no third value satisfies it. 0 if there is none."""
        more = self._broken(Changes(rows, columns, (old + 1) % MODULUS))
        less = self._broken(Changes(rows, columns, (old - 1) % MODULUS))
        touched = ((more != 0) | (less != 0)).argmax(axis=0)
        here = np.arange(len(rows))
        up, down = more[touched, here], less[touched, here]
        return (down - up) % MODULUS * inverse_or_zero((up + down) % MODULUS) % MODULUS

    def accepted(self, changes: Changes) -> Changes:
        """Those that keep all constraints and all buses."""
        kept = changes.chosen((self._broken(changes) == 0).all(axis=0))
        balanced = [self._balanced(part) for part in kept.parts()]
        return kept.chosen(np.concatenate([np.zeros(0, dtype=np.bool_), *balanced]))

    def _around(self, changes: Changes) -> Filled:
        """A table of three rows a change: the one above, the forged one, the one below."""
        places = (changes.rows[:, None] + np.arange(-1, 2)).ravel() % len(self.source.matrix)
        main, fixed = self.source.matrix[places], self.source.fixed[places]
        main[HERE::3][np.arange(len(changes)), changes.columns] = changes.values
        placed = Placed(self.source.table, self.source.graph, len(places))
        return Filled(placed, main, fixed, len(places))

    def _broken(self, changes: Changes) -> I64:
        """What each constraint is on the rows that see a change; shape (constraints, changes)."""
        return np.concatenate([self._broken_part(part) for part in changes.parts()], axis=1)

    def _broken_part(self, changes: Changes) -> I64:
        constraints = self.source.graph.constraints
        found: list[I64] = [np.zeros(len(changes), dtype=np.int64)]
        around = self._around(changes)
        nodes = [constraint.node for constraint in constraints]
        values = self._values(around, nodes)
        end = self.source.active - 1
        for constraint in constraints:
            value = values[constraint.node]
            if constraint.scope is Scope.TRANSITION:
                found.append(value[ABOVE::3] * (changes.rows > 0))
                found.append(value[HERE::3] * (changes.rows < end))
            else:
                held = {Scope.ALL: changes.rows >= 0, Scope.FIRST: changes.rows == 0}
                found.append(value[HERE::3] * held.get(constraint.scope, changes.rows == end))
        return np.stack(found)

    def _balanced(self, changes: Changes) -> Flags:
        """Which of them leave every bus as it was, or ask lookups for other entries that exist."""
        around = self._around(changes)
        values = self._values(around, self.spoken)
        forged = {node: values[node][HERE::3] for node in self.spoken}
        honest = {node: self.honest[node][changes.rows] for node in self.spoken}
        excess = [Counter[Message]() for _ in range(len(changes))]
        for message in self.source.graph.interactions:
            nodes = (message.count, *message.payload)
            moved = np.any([forged[node] != honest[node] for node in nodes], axis=0)
            for said, sign in ((forged, message.sign), (honest, -message.sign)):
                for place in np.flatnonzero(moved & (said[message.count] != 0)):
                    payload = tuple(int(said[node][place]) for node in message.payload)
                    excess[place][message.bus, payload] += sign * int(said[message.count][place])
        return np.array([self._is_answered(counts) for counts in excess], dtype=np.bool_)

    def _values(self, table: Filled, nodes: Iterable[int]) -> dict[int, I64]:
        return evaluate_block(table, nodes, self.source.publics, 0, table.active)

    def _is_answered(self, excess: Counter[Message]) -> bool:
        """Whether nothing is said too often, but questions to tables that can answer them."""
        answers = self.source.table.name in ANSWERERS
        wrong = [message for message, count in excess.items() if count % MODULUS]
        return not wrong or (not answers and all(_exists(*each) for each in wrong))


def _exists(bus: int, payload: tuple[int, ...]) -> bool:
    """Whether a table that answers lookups has this entry."""
    if bus == RANGE.identifier:
        return payload[0] <= RANGE_BITS_MAX and payload[1] < 1 << payload[0]
    if bus == HASH.identifier:
        words = np.array([payload[:WIDTH]], dtype=np.uint32)
        (answer,) = compress_many(words[:, :DIGEST_WIDTH].copy(), words[:, DIGEST_WIDTH:].copy())
        return tuple(answer.tolist()) == payload[WIDTH:]
    return bus == BASE.identifier and payload in base_entries()


@dataclass(frozen=True, slots=True)
class Found:
    """What was forged in a table, and what does not agree with `tests.soundness.free`."""

    tried: int
    accepted: int
    used: frozenset[str]  # patterns of the entries that excused something
    holes: tuple[str, ...]  # accepted without an excuse
    broad: tuple[str, ...]  # excused, and no value was accepted


def honest(table: str) -> list[Source]:
    """Every trace of a table to forge in."""
    steps = (*thin_witnesses(), *step_witnesses(), *ended_witnesses())
    more = [source_of(each, table) for each in (busy_witness(), asset_witness(), *steps)]
    found = {id(source.matrix): source for source in (*more, *sources(table))}
    return list(found.values())


def searched(table: str, seed: int) -> Found:
    """Every column of a table forged on every kind of row of every trace."""
    parts = [
        judged(source, Random(f"{seed}: {table} {number}"))
        for number, source in enumerate(honest(table))
    ]
    return Found(
        sum(part.tried for part in parts),
        sum(part.accepted for part in parts),
        frozenset(pattern for part in parts for pattern in part.used),
        tuple(hole for part in parts for hole in part.holes),
        tuple(name for part in parts for name in part.broad),
    )


def judged(source: Source, random: Random) -> Found:
    """The same of one trace."""
    forger = Cells(source)
    rows, columns = forger.kinds(random), range(source.graph.width)
    changes = forger.forged(rows, columns, random)
    accepted = forger.accepted(changes)
    triples = zip(accepted.rows, accepted.columns, accepted.values, strict=True)
    free = {(int(row), int(column)): int(value) for row, column, value in triples}
    used, holes, broad = set(), [], []
    for row, cells in ((row, source.cells(row)) for row in rows):
        for column, name in enumerate(source.names):
            entry = entry_of(source.table.name, name, cells)
            said = f"{source.table.name}.{name} in row {row}"
            if entry and (row, column) in free:
                used.add(entry[0])
            elif (row, column) in free:
                holes.append(f"{said}, {cells[name]}: {free[row, column]} is accepted")
            elif entry and entry in FREE:
                broad.append(f"{said}: excused, though nothing else is accepted")
    return Found(len(changes), len(accepted), frozenset(used), tuple(holes), tuple(broad))


def main(seed: int) -> int:
    """Every column of every table; the exit code says whether all agrees with what is excused."""
    tables = [placed.name for placed in small_circuit().tables]
    found = list(side_by_side(partial(searched, seed=seed), tables))
    tried, accepted = sum(part.tried for part in found), sum(part.accepted for part in found)
    print(f"cells forged alone: {tried:,} tried, {accepted:,} accepted")
    wrong = [line for part in found for line in (*part.holes, *part.broad)]
    used = {pattern for part in found for pattern in part.used}
    wrong += [f"{pattern}: excuses nothing" for pattern in {e[0] for e in FREE} - used]
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(announced_seed("soundness")))
