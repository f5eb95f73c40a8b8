"""Commands of a trader: accounts, orders, and what became of them."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from sequencer.client.account_cli import account, deposit
from sequencer.client.bundle_cli import bundle
from sequencer.client.options import (
    ORDER_ID,
    password_option,
    trading_options,
    url_option,
)

if TYPE_CHECKING:  # libraries are loaded when a command is called
    from sequencer.client.venue import Venue
    from sequencer.client.view import OrderView

__all__ = [
    "account",
    "cancel",
    "deposit",
    "fills",
    "list_orders",
    "order",
    "place",
    "position",
    "watch",
]

ORDER_COLUMNS = (
    "id",
    "market",
    "side",
    "price",
    "pegged",
    "size",
    "filled",
    "remaining",
    "status",
    "reason",
)
FILL_COLUMNS = ("batch", "time", "order", "market", "side", "price", "size", "fee", "maker", "void")
LIQUIDATION_COLUMNS = ("batch", "time", "market", "side", "price", "size", "fee", "settled", "void")


@click.group()
def order() -> None:
    """Orders: place, cancel, many at once, list.

    \b
    crypsis order place BTC-PERP buy 0.01 @61800.5 --account trader.json
    """


order.add_command(bundle)


@order.command()
@click.argument("market")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("size")
@click.argument("price", metavar="@PRICE")
@trading_options
@click.option("--time-in-force", type=click.Choice(["gtt", "ioc"]), default="gtt")
@click.option("--post-only", is_flag=True, help="End it if it would take.")
@click.option("--reduce-only", is_flag=True, help="Only make the position smaller.")
@click.option("--pegged", is_flag=True, help="PRICE is from the oracle's, as @-12.5.")
@click.option("--when-clamped", is_flag=True, help="Take from liquidations at held-back prices.")
@click.option("--lasts", type=click.IntRange(1), metavar="SECONDS", help="Else a day.")
@click.option("--replaces", metavar="SLOT/GENERATION", help="A live order whose place it takes.")
@click.option("--receipts", type=file_type, help="Folder to keep the venue's receipt in.")
@conventions
def place(
    console: Output,
    market: str,
    side: str,
    size: str,
    price: str,
    url: str,
    account: Path,
    password_file: Path | None,
    time_in_force: str,
    post_only: bool,
    reduce_only: bool,
    pegged: bool,
    when_clamped: bool,
    lasts: int | None,
    replaces: str | None,
    receipts: Path | None,
) -> None:
    """Place an order for SIZE of MARKET at PRICE or better.

    Nothing is rounded: a price between two ticks is refused, and the nearest one named. The @ can
    be left out. A pegged order's limit follows the oracle's price; a resting one takes lots of
    accounts that are liquidated, at its own price, before the backstop does. The order that it
    replaces ends as it is taken, and stays if it is refused.

    \b
    crypsis order place BTC-PERP sell 0.01 @61900 --post-only --account trader.json
    crypsis order place BTC-PERP buy 0.5 @-20 --pegged --when-clamped --account bidder.json
    """
    from sequencer.client.command import keep_receipts, number, trading

    price, size = number("price", price.removeprefix("@"), signed=pegged), number("size", size)
    names = [] if replaces is None else [replaces]
    _require_ids(names)
    with trading(console, url, account, password_file) as venue:
        placed = venue.order(
            market,
            side,
            price,
            size,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            pegged=pegged,
            when_clamped=when_clamped,
            expires=None if lasts is None else timedelta(seconds=lasts),
            replaces=next(iter(_living(venue, names)), None),
        )
    if receipts is not None:
        keep_receipts(receipts, placed.receipts)
    _say(console, [placed])


@order.command()
@click.argument("orders", nargs=-1, metavar="[SLOT/GENERATION]...")
@click.option("--all", is_flag=True, help="Every order of the account.")
@trading_options
@conventions
def cancel(
    console: Output,
    orders: tuple[str, ...],
    all: bool,
    url: str,
    account: Path,
    password_file: Path | None,
) -> None:
    """End orders by the id that `order list` shows, or all of them.

    \b
    crypsis order cancel 3/17 --account trader.json
    """
    from sequencer.client.command import trading

    if bool(orders) == all:
        raise click.UsageError("orders are wanted, or --all")
    _require_ids(orders)
    with trading(console, url, account, password_file) as venue:
        ended = venue.cancel_all() if all else venue.cancel(*_living(venue, orders))
    _say(console, ended)


def _require_ids(names: Sequence[str]) -> None:
    for name in names:
        if ORDER_ID.fullmatch(name) is None:
            raise click.UsageError(f"SLOT/GENERATION is wanted, as 3/17, not {name[:40]!r}")


def _living(venue: "Venue", names: Sequence[str]) -> list["OrderView"]:
    """Live orders by the ids that `order list` shows."""
    found = {"{}/{}".format(*each.id): each for each in venue.live_orders()} if names else {}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise CommandError(ExitCode.REFUSED_BY_PEER, f"{unknown[0]}: no such order lives")
    return [found[name] for name in names]


@order.command(name="list")
@trading_options
@conventions
def list_orders(console: Output, url: str, account: Path, password_file: Path | None) -> None:
    """The account's live orders."""
    from sequencer.client.command import trading

    with trading(console, url, account, password_file) as venue:
        _say(console, venue.live_orders())


@click.command()
@trading_options
@conventions
def position(console: Output, url: str, account: Path, password_file: Path | None) -> None:
    """What the account holds: positions and cash.

    \b
    crypsis position --account trader.json
    """
    from sequencer.client.command import trading

    with trading(console, url, account, password_file) as venue:
        positions, cash = venue.positions(), venue.balance()
    record = {"cash": str(cash), "positions": {name: str(size) for name, size in positions.items()}}
    lines = [f"{name:<16} {size}" for name, size in positions.items()]
    console.result(record, "\n".join([*lines, f"{'USDC':<16} {cash}"]))


@click.command()
@trading_options
@conventions
def fills(console: Output, url: str, account: Path, password_file: Path | None) -> None:
    """The account's trades, as far back as the venue tells; those of orders that have ended too;
    and what the backstop took of it.

    The fee is in USDC, the time the end of the batch.
    """
    from sequencer.client.command import trading
    from sequencer.client.rows import fill_record, liquidation_record

    with trading(console, url, account, password_file) as venue:
        trades, taken = venue.fills(), venue.liquidations()
    found = [fill_record(each) for each in trades]
    lost = [liquidation_record(each) for each in taken]
    text = _timed_table(found, FILL_COLUMNS)
    if lost:
        text += "\n\nliquidated or settled:\n" + _timed_table(lost, LIQUIDATION_COLUMNS)
    console.result({"fills": found, "liquidations": lost}, text)


def _timed_table(records: "list[dict[str, object]]", columns: tuple[str, ...]) -> str:
    from sequencer.client.rows import clock_text, table

    shown = [{**each, "time": clock_text(int(str(each["time"])))} for each in records]
    return table(shown, columns)


@click.command()
@url_option
@click.option("--account", type=file_type, envvar="CRYPSIS_ACCOUNT", help="Show this one as well.")
@password_option
@click.option("--interval", type=click.FloatRange(0.2, 3600), default=1.0, show_default=True)
@click.option("--count", type=click.IntRange(1), help="End after so many looks; else at Ctrl-C.")
@conventions
def watch(
    console: Output,
    url: str,
    account: Path | None,
    password_file: Path | None,
    interval: float,
    count: int | None,
) -> None:
    """Prices, batches and, with an account, its orders: live on a terminal.

    With --json one object a look, each on a line.

    \b
    crypsis watch --url http://127.0.0.1:8550 --account trader.json
    """
    from sequencer.client.watching import watch as look

    look(console, url, account, password_file, interval, count)


def _say(console: Output, orders: "list[OrderView]") -> None:
    from sequencer.client.rows import order_record, table

    found = [order_record(each) for each in orders]
    console.result({"orders": found}, table(found, ORDER_COLUMNS))
