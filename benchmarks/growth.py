"""`make bench-growth`: how cost grows with the trades of a batch and with the size of the book.

Every figure is of `crypsis prove` as a process: rules, witness, proof, start-up; several batches
are proved by a worker a core, and memory is then the largest worker's. Prints a table, writes JSON,
and draws the chart of docs/performance.md.
"""

import json
import platform
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from benchmarks.batches import trading_batches
from benchmarks.chart import chart
from benchmarks.timing import processor_name
from benchmarks.whole_batch import run_command
from circuits.stark.parameters import PARAMETER_SETS
from rollup.files import BATCH_FILE, PRIVATE_FOLDER, write_whole
from rollup.native.jit import thread_count
from rollup.program.cli import Output, conventions
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.shape_class import CLASS_M, CLASS_S, ShapeClass
from rollup.tree.multi import parents

TRADES = (10, 100, 1_000, 10_000)
BOOKS = (1_000, 100_000, 10_000_000)
BOOK_TRADES = 1_000
TRADERS = 1_000
SEED = 1


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement. `nodes` are inner nodes of the account tree above touched accounts."""

    trades: int
    book: int
    shape_class: str
    batches: int
    nodes: int
    seconds: float
    cpu_s: float
    peak_bytes: int
    cells: int

    @property
    def rate(self) -> float:
        """Trades a second, the whole process."""
        return self.trades / self.seconds

    def to_text(self) -> str:
        """A row of a Markdown table."""
        return (
            f"| {self.trades:,} | {self.book:,} | {self.batches} x {self.shape_class} "
            f"| {self.nodes:,} | {self.seconds:.1f} | {self.cpu_s:.1f} | {self.rate:.0f} "
            f"| {self.cells // self.trades:,} | {self.peak_bytes / 2**30:.2f} |"
        )


HEAD = (
    "| trades | book | batches | account nodes | s | CPU-s | trades/s | cells a trade | GiB |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("target/growth.json"))
@click.option("--chart", "picture", type=click.Path(path_type=Path), help="SVG file to draw.")
@click.option("--parameters", type=click.Choice(list(PARAMETER_SETS)), default="fast")
@click.option(
    "--runs", type=click.IntRange(1, 20), default=1, help="Proofs of each; the best counts."
)
@conventions
def growth(console: Output, output: Path, picture: Path | None, parameters: str, runs: int) -> None:
    """Measure how cost grows."""
    console.say(f"{processor_name()}, {thread_count()} threads\n\n{HEAD}")
    by_trades = [_show(console, _by_trades(count, parameters, runs)) for count in TRADES]
    by_book = [_show(console, _by_book(size, parameters, runs)) for size in BOOKS]
    record: dict[str, Any] = {
        "machine": {"processor": processor_name(), "threads": thread_count()},
        "python": platform.python_version(),
        "parameter_set": parameters,
        "by_trades": [asdict(point) for point in by_trades],
        "by_book": [asdict(point) for point in by_book],
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, (json.dumps(record, indent=2) + "\n").encode("ascii"))
    if picture is not None:
        trades = [(point.trades, point.seconds) for point in by_trades]
        book = [(point.book, point.seconds) for point in by_book]
        write_whole(picture, chart(trades, book, BOOK_TRADES).encode("utf-8"))
    console.result(record, f"figures: {output}")


def _show(console: Output, point: Point) -> Point:
    console.say(point.to_text())
    return point


def _by_trades(trades: int, parameters: str, runs: int) -> Point:
    """So many trades between accounts with neighbouring indices, two for every trade."""
    shape_class = CLASS_S if trades <= CLASS_S.trades else CLASS_M
    accounts = range(1, min(2 * trades, TRADERS) + 1)
    return _measure(trades, accounts, shape_class, 0, parameters, runs)


def _by_book(book: int, parameters: str, runs: int) -> Point:
    """The same trades by traders anywhere in a book."""
    accounts = random.Random(SEED).sample(range(1, book), min(TRADERS, book // 2 * 2 - 2))
    return _measure(BOOK_TRADES, accounts, CLASS_M, book, parameters, runs)


def _measure(
    trades: int,
    accounts: Sequence[int],
    shape_class: ShapeClass,
    book: int,
    parameters: str,
    runs: int,
) -> Point:
    with tempfile.TemporaryDirectory(prefix="crypsis-growth-") as temporary:
        batches = Path(temporary) / "batches"
        files, nodes = [], 0
        for number, data in enumerate(trading_batches(trades, accounts, shape_class, book)):
            folder = batches / str(number) / PRIVATE_FOLDER
            folder.mkdir(parents=True)
            files.append(folder / BATCH_FILE)
            files[-1].write_bytes(data)
            opened = batch_from_bytes(data).pre.accounts
            nodes += _account_nodes([opening.index for opening in opened])
        done = []
        for run in range(runs):
            start = perf_counter()
            out = str(Path(temporary) / f"out{run}")
            source = files[0] if len(files) == 1 else batches
            options = ["--parameters", parameters, "--shape-class", shape_class.name, "--json"]
            options += ["--workers", str(thread_count())] if len(files) > 1 else []
            process = run_command("prove", str(source), "-o", out, *options)
            done.append((perf_counter() - start, process))
        seconds, best = min(done, key=lambda each: each[0])
    record = json.loads(best.stdout)
    cells = sum(each["cells"] for each in record.get("bundles", [record]))
    size = book or len(accounts) + 1
    counts = (trades, size, shape_class.name, len(files), nodes)
    return Point(*counts, seconds, best.cpu, best.peak, cells)


def _account_nodes(indices: Sequence[int]) -> int:
    """Inner nodes above these leaves."""
    nodes, touched = 0, sorted(indices)
    for _ in range(ACCOUNT_BITS):
        touched = [parent for parent, _, _ in parents(touched)]
        nodes += len(touched)
    return nodes


if __name__ == "__main__":
    growth()
