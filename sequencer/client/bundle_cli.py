"""`crypsis order bundle`: many orders and cancels of a file, signed together."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type, input_file
from sequencer.client.options import trading_options

if TYPE_CHECKING:  # libraries are loaded when a command is called
    from sequencer.client.bundle_file import Wanted
    from sequencer.client.terms import Terms
    from sequencer.client.venue import Venue
    from sequencer.client.view import OrderView

COLUMNS = (
    "place",
    "action",
    "id",
    "market",
    "side",
    "price",
    "size",
    "status",
    "reason",
    "receipt",
)


@click.command()
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@trading_options
@click.option("--receipts", type=file_type, help="Folder to keep the venue's receipts in.")
@conventions
def bundle(
    console: Output,
    file: Path,
    url: str,
    account: Path,
    password_file: Path | None,
    receipts: Path | None,
) -> None:
    """Place and end many orders at once, 64 under one signature.

    FILE, or - for standard input, has a record a line, or all of them in a list: a market, side,
    size and price, and what else `order place` takes; or what `order cancel` takes. Cancels go
    first. All are checked before anything is sent; then each acts by itself, in an envelope of its
    own that shows nobody that there are others. Exit 5 if the venue refuses an order; the others
    stand.

    \b
    {"market": "BTC-PERP", "side": "buy", "size": "0.01", "price": "61800.5", "post_only": true}
    {"market": "BTC-PERP", "side": "sell", "size": "0.01", "price": "20", "pegged": true}
    {"market": "ETH-PERP", "side": "buy", "size": 1, "price": 2543, "lasts": 60}
    {"cancel": "3/17"}
    """
    from sequencer.client.bundle_file import wanted_of
    from sequencer.client.command import keep_receipts, trading

    name = Path("standard input") if str(file) == "-" else file
    with input_file(name):
        wanted = wanted_of(_read(file))
    with trading(console, url, account, password_file) as venue:
        done = _act(venue, wanted, name)
    if receipts is not None:
        keep_receipts(receipts, [signed for view in done for signed in view.receipts[-1:]])
    _say(console, wanted, done)
    if any(view.status == "refused" for view in done):
        raise click.exceptions.Exit(ExitCode.REFUSED_BY_PEER)


def _read(file: Path) -> bytes:
    from rollup.files import FileTooLarge, read_bounded
    from sequencer.client.bundle_file import FILE_BYTES_MAX

    if str(file) != "-":
        return read_bounded(file, FILE_BYTES_MAX)
    data = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise FileTooLarge(f"more than {FILE_BYTES_MAX} bytes")
    return data


def _act(venue: "Venue", wanted: "list[Wanted]", name: Path) -> "list[OrderView]":
    """What became of each action, in the order of the file."""
    terms = [(each.place, each.what) for each in wanted if not isinstance(each.what, str)]
    for place, what in terms:
        _check(venue, what, f"{name}: {place}")
    living = {"{}/{}".format(*each.id): each for each in venue.live_orders()}
    for each in wanted:
        if each.leaving is not None and each.leaving not in living:
            told = f"{name}: {each.place}: {each.leaving}: no such order lives"
            raise CommandError(ExitCode.REFUSED_BY_PEER, told)
    ending = [living[each.what] for each in wanted if isinstance(each.what, str)]
    placed = iter(venue.cancel_and_place(ending, [what for _, what in terms]))
    return [living[each.what] if isinstance(each.what, str) else next(placed) for each in wanted]


def _check(venue: "Venue", terms: "Terms", place: str) -> None:
    """What no order can be, with where it stands."""
    from sequencer.client.errors import Refusal

    try:
        venue.check(terms)
    except Refusal as error:
        told = f"{place}: {error}"
        record = {"error": told, "code": error.code}
        raise CommandError(ExitCode.USAGE, f"{error.code}: {told}", record) from None


def _say(console: Output, wanted: "list[Wanted]", done: "list[OrderView]") -> None:
    from sequencer.client.rows import order_record, table

    found = [
        {
            "place": each.place,
            "action": "cancel" if isinstance(each.what, str) else "place",
            **order_record(view),
        }
        for each, view in zip(wanted, done, strict=True)
    ]
    shown = [
        {**row, "receipt": view.receipts[-1].receipt.sequence if view.receipts else None}
        for row, view in zip(found, done, strict=True)
    ]
    console.result({"orders": found}, table(shown, COLUMNS))
