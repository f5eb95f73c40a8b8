"""How a leak report looks: a bar while worlds run, then tables, and what they come to in words."""

from collections.abc import Sequence
from io import StringIO
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import MofNCompleteColumn
from rich.table import Table

from rollup.program.cli import Output
from rollup.program.progress import ProgressScreen
from sequencer.leak.told import Sums, Told

TABLE_WIDTH: Final = 80
ROWS_MAX: Final = 20
"""Batches that a table shows, the last ones: `--json` has all."""

NAMED_MAX: Final = 10
"""Accounts of a batch that its row names."""

BUSIEST: Final = 5
"""Accounts that are named as those which acted most."""


class Screen(ProgressScreen):
    """Shows how many of the runs are done."""

    def __init__(self, output: Output, total: int) -> None:
        super().__init__(output, "runs", total, MofNCompleteColumn())

    def show(self, pair: str) -> None:
        """One run more, of this pair."""
        self._progress.update(self._task, description=f"worlds: {pair}", advance=1)


def table_text(heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """A table as text; the columns numbered in `left` are folded, the others are numbers."""
    console = Console(file=StringIO(), width=TABLE_WIDTH, highlight=False, color_system=None)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for place, head in enumerate(heads):
        if place in left:
            table.add_column(head, justify="left", overflow="fold")
        else:
            table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    written = console.file
    text = written.getvalue() if isinstance(written, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def told_text(batches: Sequence[Told], sums: Sums) -> str:
    """What an observer of a run learned: a batch a row, then all of them in words."""
    heads = ("batch", "class", "s", "accounts", "positions", "+", "-", "in", "out", "step", "clear")
    shown = batches[-ROWS_MAX:]
    rows = [_cells(each) for each in shown]
    text = table_text(heads, rows, left=(3, 4))
    left_out = len(batches) - len(shown)
    lines = [f"({left_out} earlier batches: --json)"] if left_out else []
    return "\n".join([text, *lines, "", *_in_words(sums)])


def _cells(told: Told) -> list[str]:
    step = "open" if not told.closed else "closes" if told.begins_open else ""
    return [
        f"{told.number}",
        told.shape_class,
        f"{told.interval / 1000:g}",
        _some(list(told.accounts)) + (" backstop" if told.backstop else ""),
        _some(list(told.accounts.values())),
        f"{len(told.opened) or ''}",
        f"{len(told.given_up) or ''}",
        f"{told.entries or ''}",
        f"{told.withdrawals or ''}",
        step,
        f"{len(told.clear) or ''}",
    ]


def _some(numbers: Sequence[int]) -> str:
    """The first of them, and how many more there are."""
    text = " ".join(map(str, numbers[:NAMED_MAX]))
    more = len(numbers) - NAMED_MAX
    return f"{text} and {more} more" if more > 0 else text


def _in_words(sums: Sums) -> list[str]:
    """What the batches come to. That something was not seen is said too."""
    busiest = ", ".join(f"{index} in {count}" for index, count in sums.seen.most_common(BUSIEST))
    clear = ", ".join(map(str, sums.clear)) or "nobody"
    return [
        f"traders' accounts opened, each an L1 address to everybody: {len(sums.seen)}; most "
        f"often (account in batches): {busiest or 'none'}",
        f"position counts that grew: {sums.opened}, that fell: {sums.given_up}; in which market, "
        "how much and on which side is not told",
        f"batches that opened two accounts alone, so that who met whom is known: {sums.pairs}",
        f"withdrawals: {sums.withdrawals}, of which the account is known: {sums.attributed}",
        f"batches that opened the backstop without a deposit to it: {sums.backstop}; there "
        "somebody was liquidated or paid for having come due, it traded, or it was a decoy",
        _steps(sums),
        f"batches in which no envelope came at all: {sums.quiet}",
        f"read in clear by anybody, since the venue was not told the viewing key: {clear}",
        *_proofs(sums),
        *_blind(sums),
    ]


def _steps(sums: Sums) -> str:
    if not sums.open_steps:
        return "every batch closed its step: what came due never filled a batch"
    steps = ", ".join(f"{count} batches and {n} accounts" for count, n in sums.open_steps)
    return f"open steps, which tell about how many accounts came due: {steps}"


def _proofs(sums: Sums) -> list[str]:
    lines = []
    for name, sizes in sums.proof_sizes.items():
        found = ", ".join(f"{size:,}" for size in sizes)
        lines.append(f"proofs of class {name} have {found} bytes")
    return lines


def _blind(sums: Sums) -> list[str]:
    if not sums.blind:
        return []
    return [
        f"batches whose data.bin is not here: {sums.blind}; who acted in them is told to whoever "
        "has it, and is missing above"
    ]
