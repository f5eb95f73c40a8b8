"""A cell of every witness column forged, and the whole proof made and verified.

What is accepted must be in FREE, with the reason why the cell says nothing on such a row.

    SEED=1 python -m tests.soundness.mutations
"""

import re
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

COLUMNS_PER_PART = 40
"""Columns that a process forges before it takes others."""

ABSENT = {"exists": 0}

FREE: tuple[tuple[str, dict[str, int], str], ...] = (
    (
        r"position\.(old_hash\.\d|before\.inverse)",
        {"before.held": 0},
        "what was empty has no block to hash and no inverse",
    ),
    (
        r"position\.(new_hash\.\d|after\.inverse)",
        {"after.held": 0},
        "what is empty has no block to hash and no inverse",
    ),
    (
        r"account\.requirement_inverse",
        {"case.healthier": 0},
        "asked for in the clause 'healthier' only",
    ),
    (
        r"account\.backstop_inverse",
        {"case.liquidated": 0},
        "asked for in the clause 'liquidated' only",
    ),
    (
        r"account\.slack(_carries)?(\.\d+)+",
        {"case.unchanged": 0, "case.healthier": 0, "case.liquidated": 0},
        "what is left over an inequality: two clauses are a sign instead",
    ),
    (
        r"account\.before\.(salt|with_slots)\.\d",
        {"existed": 0},
        "an account that was not there has no old leaf to hash",
    ),
    (
        r"account\.(header|with_header|after\.(salt|with_\w+))(\.\d+)+",
        ABSENT,
        "an account that stays absent, after a refused credit, has no header and no leaf",
    ),
    (
        r"account\.(dues_inverse|refresh\.(cash_low|inverse))",
        {"refresh.pays": 0},
        "who pays no refresh fee has no cash to check, and who was not due no count to invert",
    ),
    (
        r"account\.(least|sums(\.\w+)+)",
        ABSENT,
        "an account that stays absent has no positions",
    ),
    (
        r"deposit\.off_curve_proof\.\d",
        {},
        "weights of distances that are all 0, or of which others can make up for one",
    ),
    (
        r"deposit\.(sum|sum_carries)(\.\d)+",
        {"registered": 0, "credited": 0, "overflow": 0},
        "the sum of an entry that is refused before it is summed: nobody reads it",
    ),
    (
        r"deposit\.position_(ts|before\.\d)",
        {"looked": 0},
        "lots of an account whose cash is credited, or that is refused",
    ),
    (
        r"market\.rate(\.\w+)+",
        {"hour.rated": 0},
        "the division of a premium rate, in a batch that proves none",
    ),
    (
        r"fill\.(exhausted|rest_carries(\.\d)+)",
        {"buyer.taken": 0, "seller.taken": 0},
        "what a liquidated account leaves to the backstop: none is in the fill",
    ),
    (
        r"account\.(safety|rest|rest_carries|room|room_carries)(\.\d+)+",
        ABSENT,
        "an account that stays absent has no safety",
    ),
    (
        r"batch\.rests\.(amount|sum_carries|previous_ts|cash_\w+)(\.\d)*",
        {"rested": 0},
        "the credit of what takeovers leave to the backstop, where they leave nothing",
    ),
    (
        r"market\.backstop\.\w+\.\d",
        {"sides.0.zoned": 0, "sides.1.zoned": 0},
        "what the backstop has, in a market where nobody is deleveraged",
    ),
    *(
        (
            rf"market\.sides\.{side}\.(zone|zone_room\.\d|short(_carries)?(\.\d)+)",
            {f"sides.{side}.zoned": 0},
            "how far deleveraging goes, and what the backstop lacks, where there is none",
        )
        for side in (0, 1)
    ),
    (
        r"outflow\.asset_inverse",
        {"asset": 0},
        "the inverse of 0, which is the mark of cash",
    ),
)
"""Columns that may be free, by pattern; on which rows (cells that must have these values); why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A forgery and what became of it: a reason, or None if the proof was accepted."""

    forgery: Forgery
    reason: Failure | None

    @property
    def excuse(self) -> str | None:
        """Why the cell may be free, if it may."""
        name = f"{self.forgery.table}.{self.forgery.column}"
        for pattern, wanted, why in FREE:
            if re.fullmatch(pattern, name) and all(
                whole().honest_cell(self.forgery, column) == value
                for column, value in wanted.items()
            ):
                return why
        return None

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
