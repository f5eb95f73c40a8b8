"""How a stress test looks on a terminal: a bar while it runs, a table of hours at the end."""

from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import MofNCompleteColumn
from rich.table import Table

from rollup.program.cli import Output
from rollup.program.progress import ProgressScreen
from sequencer.stress.candles import moment
from sequencer.stress.figures import QUANTA, BatchFigures, Figures, Hour, dollars, hours_of, short

TABLE_WIDTH = 80
HEADS = ("hour", "fills", "liquidated", "taken $", "fees $", "backstop $", "open $", "due")


class Screen(ProgressScreen):
    """Shows how far a run is; liquidations also where there is no terminal."""

    def __init__(self, output: Output) -> None:
        super().__init__(output, "preparing keys and genesis", None, MofNCompleteColumn())

    def show(self, figures: Figures) -> None:
        """The figures so far."""
        done = figures.batches
        if not done or figures.replayed:
            return
        self._progress.update(
            self._task,
            total=figures.windows,
            completed=len(done),
            description=f"{moment(done[-1].time)}, {figures.total('liquidated'):,} liquidated",
        )
        if done[-1].liquidated:
            self._output.detail(_liquidated(done[-1]))


def _liquidated(row: BatchFigures) -> str:
    what = "account" if row.liquidated == 1 else "accounts"
    return f"batch {row.number}: {row.liquidated} {what} liquidated, ${dollars(row.taken)} taken"


def tables(figures: Figures) -> str:
    """The result: an hour a row, then what it comes to."""
    console = Console(file=StringIO(), width=TABLE_WIDTH, highlight=False, color_system=None)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    heads = (*HEADS, "proof s") if figures.proves else HEADS
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", no_wrap=True)
    for hour in hours_of(figures):
        table.add_row(*_cells(figures, hour))
    console.print(table)
    console.print("\n".join(["", *_totals(figures)]), markup=False, soft_wrap=True)
    written = console.file
    text = written.getvalue() if isinstance(written, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def _cells(figures: Figures, hour: Hour) -> list[str]:
    last = hour.rows[-1]
    counts = f"{hour.total('fills'):,}", f"{hour.total('liquidated'):,}"
    fees = hour.total("fees") + hour.total("liquidation_fees")
    money = (hour.total("taken"), fees, last.backstop, figures.open_value(last))
    cells = [
        moment(hour.start)[5:],
        *counts,
        *(short(each / QUANTA) for each in money),
        f"{last.due:,}",
    ]
    return [*cells, f"{hour.proving:,.1f}"] if figures.proves else cells


def _totals(figures: Figures) -> list[str]:
    last, count = figures.batches[-1], len(figures.batches)
    verified = (
        f"{count:,} batches, every one proved and verified by L1"
        if figures.every_batch_verified
        else f"{count:,} batches, judged by the rules and not proved: --prove"
    )
    least = dollars(min(row.least for row in figures.batches))
    clamped = sum(row.clamped > 0 for row in figures.batches)
    conserved = "conserved" if figures.is_conserved else "NOT conserved"
    return [
        f"{verified}; the journal gave the same roots; money and lots were {conserved}",
        f"{figures.total('first_time'):,} accounts ever liquidated, in "
        f"{figures.total('liquidated'):,} liquidations: ${dollars(figures.total('taken'))} taken "
        f"by the backstop and ${dollars(figures.total('by_orders'))} by orders "
        f"for ${dollars(figures.total('liquidation_fees'))} of fees",
        f"{figures.total('deleveraged'):,} positions deleveraged, worth "
        f"${dollars(figures.total('closed'))}",
        *_queue(figures),
        f"backstop ${dollars(figures.backstop_start)} at first, ${dollars(last.backstop)} at last; "
        f"least equity of anybody ${least}",
        f"{figures.total('refreshed'):,} accounts refreshed; {figures.open_batches:,} batches left "
        f"their step open, the longest lasted {figures.longest_open_step:,}; {clamped:,} had a "
        "clamped price",
    ]


def _queue(figures: Figures) -> list[str]:
    """What the rule of other venues would have closed in place of that."""
    found = figures.queue
    if not found.here.worth:
        return []
    here, there = found.here, found.there
    same = found.shared / here.worth
    return [
        f"of these ${dollars(here.profit)} had been gained, at {here.leverage:.1f} times leverage; "
        f"by profit and leverage it would be {there.positions:,} positions with "
        f"${dollars(there.profit)} gained, at {there.leverage:.1f} times; {same:.0%} the same lots",
    ]
