"""How a demonstration looks: lines as things happen, a table of batches, the forgeries at the end.

Lines and the bar of progress go to stderr, the bar only to a terminal; the tables are the result.
"""

import textwrap
from collections.abc import Mapping
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import SpinnerColumn
from rich.table import Table

from rollup.program.cli import Output
from rollup.program.progress import ProgressScreen
from rollup.protocol.encoding import hex_digest
from rollup.protocol.funding import percent
from sequencer.demo.events import (
    BatchClosed,
    BatchOpened,
    Claimed,
    DemoEvent,
    EvmReady,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    ProofPhase,
    Proved,
)
from sequencer.demo.evm_tables import (
    absent_text,
    exit_table,
    ready_text,
    refusal_table,
    transaction_table,
)
from sequencer.demo.summary import BatchRow, Summary

TABLE_WIDTH = 80
"""Columns of tables and lines: those of the narrowest terminal that people use."""

LABEL_WIDTH = 13
"""Columns of what a line of a batch begins with; where it is folded, it goes on under the rest."""

ROOT_DIGITS = 12
"""Hexadecimal digits of a root that a table shows."""

PHASES = 9
"""Lines a prover reports for each batch; only the bar's speed depends on it."""

TIED = "\N{NO-BREAK SPACE}"
"""Between a count and what is counted; shown as a plain space."""


class Screen(ProgressScreen):
    """Shows events as they come; the bar has an end where a number of batches is proved."""

    def __init__(self, output: Output, batches: int | None) -> None:
        total = None if batches is None else batches * PHASES
        super().__init__(output, "preparing keys and genesis", total, first=(SpinnerColumn(),))

    def show(self, event: DemoEvent) -> None:
        """Say what happened, move the bar."""
        if isinstance(event, ProofPhase):
            text = f"batch {event.number}: proving, {event.line}"
            self._progress.update(self._task, description=text, advance=1)
            self._output.detail(f"  {event.line}")
            return
        if self._output.shows_progress:
            for line in lines_of(event):
                self._console.print(line, soft_wrap=True, markup=False)
        else:
            for line in lines_of(event):
                self._output.say(line)
        if isinstance(event, BatchOpened):
            description = f"batch {event.number}: sealing, opening and matching orders"
            self._progress.update(self._task, description=description)


def lines_of(event: DemoEvent) -> list[str]:
    """An event in words, folded where a terminal would be too narrow."""
    return [part for line in _lines_of(event) for part in _folded(line)]


def _folded(line: str) -> list[str]:
    """What does not fit goes on under where it began; a word is never broken."""
    parts = textwrap.wrap(
        line,
        TABLE_WIDTH,
        subsequent_indent=" " * (LABEL_WIDTH if line.startswith(" ") else 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part.replace(TIED, " ") for part in parts]


def _lines_of(event: DemoEvent) -> list[str]:
    match event:
        case MarketReady():
            lines = _market_lines(event)
        case BatchOpened():
            lines = [f"batch {event.number}", f"  deposits   {_deposits(event)}"]
        case BatchClosed():
            lines = _closed_lines(event)
        case Proved():
            size = f"{event.proof_bytes / 1024:,.0f} KiB, {event.meta['bits']} proven bits"
            lines = [f"  proof      {event.seconds:,.2f} s, {size}: {event.folder}"]
        case Posted():
            verdict = "accepted" if event.accepted else f"REVERTED: {event.reverted}"
            root = _short(event.root)
            lines = [f"  L1         {verdict} in {event.verify_ms:,.0f} ms, root {root}"]
        case Claimed():
            lines = _claimed_lines(event)
        case JournalReplayed():
            batches = _number_of(event.batches, "batch", "batches")
            lines = [f"journal: {batches} replayed to root {_short(event.root)}"]
        case EvmReady():
            lines = [ready_text(event)]
        case _:
            lines = []
    return lines


def tables(summary: Summary) -> str:
    """The result: a batch a row, then the last act."""
    console = Console(file=StringIO(), width=TABLE_WIDTH, highlight=False, color_system=None)
    console.print(_batch_table(summary.batches, summary.proves))
    if not summary.proves:
        console.print("\nNo batch was proved or posted to L1: --no-prove", markup=False)
    if summary.forgeries:
        console.print("\nLast act: forgeries of the last batch that traded", markup=False)
        console.print(_forgery_table(summary.forgeries))
    _print_evm(console, summary)
    written = console.file
    text = written.getvalue() if isinstance(written, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def _print_evm(console: Console, summary: Summary) -> None:
    """The last batch on an EVM, or why it is not there."""
    if summary.evm_absent is not None:
        console.print("", *_folded(absent_text(summary.evm_absent)), sep="\n", markup=False)
    if summary.evm is not None:
        console.print("\nThe last batch on an EVM: its proof, verified by contracts")
        proof, *forged = summary.trials
        console.print(transaction_table(proof))
        console.print()
        console.print(refusal_table(forged))
    if summary.left is not None:
        console.print(
            "\nA small venue there, whose operator has gone (a test verifier took its batch)"
        )
        console.print(exit_table(summary.left))
        if not summary.left.as_mock:
            console.print("THE MOCK ANSWERS OTHERWISE")


def _market_lines(event: MarketReady) -> list[str]:
    quotes = ", ".join(
        f"{symbol} {price / 10**decimals:,.{decimals}f}"
        for symbol, price, decimals in zip(event.symbols, event.prices, event.decimals, strict=True)
    )
    lines = [
        f"feed: {event.feed}; {quotes}",
        *_feed_lines(event),
        f"{event.traders} traders, {event.queued} deposits in the L1 queue, "
        f"genesis root {_short(event.root)}",
    ]
    if not event.proves:
        lines.append("batches are neither proved nor posted to L1: --no-prove")
    if event.insecure:
        lines.append("keys come from --insecure-seed: roots repeat, and nothing here is private")
    return lines


def _feed_lines(event: MarketReady) -> list[str]:
    """What the feed holds beside trades, how much of each trade is wanted, and how batches end."""
    skipped = ", ".join(f"{count:,} {kind}" for kind, count in event.skipped.items())
    divided = ", ".join(
        f"{symbol} by {divisor:,}"
        for symbol, divisor in zip(event.symbols, event.divisors, strict=False)
        if divisor > 1
    )
    lasts = f"; the feed lasts for {event.windows:,}" if event.windows is not None else ""
    window = f"class {event.shape_class}, a batch every {event.window_ms / 1000:,g} s{lasts}"
    return [
        *([f"skipped: {skipped}"] if skipped else []),
        *([f"sizes divided: {divided}"] if divided else []),
        window,
    ]


def _number_of(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _deposits(event: BatchOpened) -> str:
    amounts = [f"{event.credited_quanta / 10**6:,.0f}{TIED}USDC", *_tokens(event.credited_assets)]
    text = f"{event.credited} credited ({', '.join(amounts)})"
    return f"{text}, refused: {_counts(event.refused)}" if event.refused else text


def _tokens(amounts: Mapping[str, str]) -> list[str]:
    return [f"{amount}{TIED}{symbol}" for symbol, amount in amounts.items()]


def _claimed_lines(event: Claimed) -> list[str]:
    """What owners pulled, and what is left of each token."""
    paid = [f"{event.quanta / 10**6:,.2f}{TIED}USDC", *_tokens(event.assets)]
    left = [f"{event.custody / 10**6:,.2f}{TIED}USDC", *_tokens(event.assets_under_custody)]
    return [
        f"  claimed    {', '.join(paid)}, by their owners at L1",
        f"  custody    {', '.join(left)}",
    ]


def _closed_lines(event: BatchClosed) -> list[str]:
    refused = f", refused: {_counts(event.refused)}" if event.refused else ""
    return [
        f"  envelopes  {event.envelopes} of {event.envelope_bytes} bytes "
        f"({_number_of(event.cancels, 'cancel', 'cancels')}){refused}",
        f"  matching   {event.fills} fills of {event.orders} orders "
        f"({event.carried} carried over), {event.matched} of the feed's {event.wanted} trades, "
        f"{event.notional / 10**6:,.0f} USDC",
        *(
            [f"  left out   {event.left_out:,} more trades of the window: the batch has no room"]
            if event.left_out
            else []
        ),
        *([f"  funding    {_funding(event)}"] if event.funding else []),
        *(
            [
                f"  liquidated {_number_of(event.liquidated, 'account', 'accounts')} below "
                f"maintenance margin: lots for {event.by_orders / 10**6:,.0f} USDC go to resting "
                f"orders, and for {event.taken / 10**6:,.0f} USDC to the backstop, for a "
                f"fee of {event.liquidation_fees / 10**6:,.2f}"
            ]
            if event.liquidated
            else []
        ),
        *(
            [f"  withdrawn  {', '.join(_withdrawn(event))}, for their owners to claim at L1"]
            if event.withdrawn or event.withdrawn_assets
            else []
        ),
    ]


def _funding(event: BatchClosed) -> str:
    rates = (f"{symbol}{TIED}{percent(rate)}" for symbol, rate in event.funding.items())
    return f"longs pay shorts for the hour: {', '.join(rates)}"


def _withdrawn(event: BatchClosed) -> list[str]:
    money = [f"{event.withdrawn / 10**6:,.2f}{TIED}USDC"] if event.withdrawn else []
    return [*money, *_tokens(event.withdrawn_assets)]


def _counts(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count}{TIED}{reason}" for reason, count in sorted(reasons.items()))


def _batch_table(rows: list[BatchRow], proves: bool) -> Table:
    """A batch a row; nothing about proofs where there are none."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    right = ["batch", "orders", "fills", "left\nout"]
    if proves:
        right += ["prove\ns", "proof\nKiB", "verify\nms", "bits"]
    for head in right:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("root", no_wrap=True)
    if proves:
        table.add_column("L1", no_wrap=True)
    for row in rows:
        if row.closed is not None and (not proves or row.is_posted):
            table.add_row(*_batch_cells(row.opened.number, row.closed), *_proof_cells(row))
    return table


def _batch_cells(number: int, closed: BatchClosed) -> list[str]:
    counts = (number, closed.orders, closed.fills, closed.left_out)
    return [f"{count:,}" for count in counts]


def _proof_cells(row: BatchRow) -> list[str]:
    """What a row says after the counts: of its proof, its root, and L1's answer."""
    root = _short(row.closed.new_root) if row.closed is not None else ""
    if row.proved is None or row.posted is None:
        return [root]
    return [
        f"{row.proved.seconds:,.2f}",
        f"{row.proved.proof_bytes / 1024:,.0f}",
        f"{row.posted.verify_ms:,.0f}",
        f"{row.proved.meta['bits']:.1f}",
        root,
        "accepted" if row.posted.accepted else "reverted",
    ]


def _forgery_table(forgeries: list[ForgeryJudged]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for head in ("forgery", "refused by", "reason"):
        table.add_column(head, overflow="fold")
    for forgery in forgeries:
        reason = f"{forgery.reason}: {forgery.detail}" if forgery.detail else forgery.reason
        table.add_row(forgery.name, forgery.refused_by or "NOBODY", reason)
    return table


def _short(root: tuple[int, ...]) -> str:
    return hex_digest(root)[:ROOT_DIGITS]
