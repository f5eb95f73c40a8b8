"""A cell of every witness column forged, and the whole proof made and verified.

What is accepted must be in `tests.soundness.free`, with the reason why the cell says nothing on
such a row.

    SEED=1 python -m tests.soundness.mutations
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from circuits.stark.errors import Failure
from circuits.statement.circuit import circuit
from tests.helpers.processes import side_by_side
from tests.helpers.seed import announced_seed
from tests.helpers.whole import Forgery, whole
from tests.soundness.free import entry_of

COLUMNS_PER_PART = 40
"""Columns that a process forges before it takes others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A forgery and what became of it: a reason, or None if the proof was accepted."""

    forgery: Forgery
    reason: Failure | None

    @property
    def excuse(self) -> str | None:
        """Why the cell may be free, if it may."""
        forgery = self.forgery
        entry = entry_of(forgery.table, forgery.column, whole().honest_cells(forgery))
        return entry and entry[-1]

    @property
    def is_hole(self) -> bool:
        """Accepted without an excuse."""
        return self.reason is None and self.excuse is None


def outcomes(columns: Iterable[tuple[str, str]], random: Random) -> Iterator[Outcome]:
    """One forgery a column, each proved and verified."""
    for table, column in columns:
        forgery = whole().forge(table, column, random)
        yield Outcome(forgery, whole().verdict(forgery))


def judged(columns: Sequence[tuple[str, str]], seed: int) -> list[tuple[str, str, bool]]:
    """Of each column: what became of its forgery, the forgery, whether it shows a hole."""
    found = []
    for outcome in outcomes(columns, Random(f"{seed}: {columns[0]}")):
        refused = outcome.reason.name if outcome.reason else None
        word = refused or (f"free: {outcome.excuse}" if outcome.excuse else "ACCEPTED: A HOLE")
        found.append((word, str(outcome.forgery), outcome.is_hole))
    return found


def main(seed: int) -> int:
    """Every column once; the exit code says whether there is a hole."""
    counts: Counter[str] = Counter()
    columns = [
        (placed.name, name) for placed in circuit().tables for name in placed.table.columns.names()
    ]
    parts = [columns[at : at + COLUMNS_PER_PART] for at in range(0, len(columns), COLUMNS_PER_PART)]
    for part in side_by_side(partial(judged, seed=seed), parts):
        counts.update(word for word, _, _ in part)
        for word, forgery, is_hole in part:
            if is_hole:
                print(f"{forgery}: {word}", flush=True)
    print(f"columns forged in a whole proof: {counts.total()} tried")
    for name, count in counts.most_common():
        print(f"  {count:5}  {name}")
    return 1 if counts["ACCEPTED: A HOLE"] else 0


if __name__ == "__main__":
    sys.exit(main(announced_seed("soundness")))
