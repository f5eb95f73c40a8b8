"""Commands of a trader: keys, deposits, orders, and what became of them."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from rollup.protocol.constants import OWNER_BYTES
from sequencer.client.options import (
    PASSWORD_LEAST,
    account_option,
    asset_option,
    password_option,
    trading_options,
    url_option,
)

if TYPE_CHECKING:  # libraries are loaded when a command is called
    from sequencer.client.view import OrderView

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
ACCOUNT_COLUMNS = ("account", "owner", "insecure", "file")
ORDER_ID = re.compile("(0|[1-9][0-9]{0,2})/(0|[1-9][0-9]{0,8})")
"""As `order list` shows them."""

DEFAULT_L1 = "http://127.0.0.1:8645/"


@click.group()
def account() -> None:
    """Accounts: key files, which trade, and withdraw to their owner alone.

    \b
    crypsis account new trader.json --owner 00112233445566778899aabbccddeeff00112233
    crypsis deposit --account trader.json --amount 1000 --mint
    """


@account.command()
@click.argument("file", type=file_type)
@click.option("--owner", required=True, help="L1 address that the account belongs to, as hex.")
@click.option(
    "--password-file",
    type=file_type,
    envvar="CRYPSIS_PASSWORD_FILE",
    help=f"Holds the new password, {PASSWORD_LEAST} characters or more; else it is asked for.",
)
@conventions
def new(console: Output, file: Path, owner: str, password_file: Path | None) -> None:
    """Make a trading key and write it to FILE, under a password.

    The key trades, and takes money out to the owner alone, or to another account of the venue; it
    comes in and is claimed by the L1 key of the owner, which crypsis never asks for.
    Keep FILE and FILE.generations together: the second says which numbers were signed already.
    """
    from sequencer.client.command import known_errors, password_of
    from sequencer.client.keystore import create
    from sequencer.client.rows import account_record

    address = owner.removeprefix("0x").lower()
    if len(address) != 2 * OWNER_BYTES or any(digit not in "0123456789abcdef" for digit in address):
        raise click.UsageError(f"--owner: {2 * OWNER_BYTES} hex digits are wanted")
    with known_errors():
        made = create(file, bytes.fromhex(address), password_of(password_file, is_new=True))
    console.result(account_record(made), f"wrote {file}: not registered yet (crypsis deposit)")


@account.command()
@click.argument("file", type=file_type)
@conventions
def show(console: Output, file: Path) -> None:
    """What a key file says without its password."""
    from sequencer.client.command import known_errors
    from sequencer.client.keystore import describe
    from sequencer.client.rows import account_record

    with known_errors():
        record = account_record(describe(file))
    console.result(record, "\n".join(f"{name:<12} {value}" for name, value in record.items()))


@account.command(name="list")
@click.argument("folder", type=file_type, default=Path())
@conventions
def list_accounts(console: Output, folder: Path) -> None:
    """The key files in a folder; those that are none are left out."""
    from sequencer.client.errors import KeyFileError
    from sequencer.client.keystore import describe
    from sequencer.client.rows import account_record, table

    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(account_record(describe(path)))
        except (KeyFileError, ValueError, OSError):
            console.detail(f"{path}: no key file")
    console.result({"accounts": found}, table(found, ACCOUNT_COLUMNS))


l1_option = click.option("--l1", default=DEFAULT_L1, show_default=True, help="Of the L1.")
amount_option = click.option("--amount", required=True, help="USDC.")
mint_option = click.option(
    "--mint", is_flag=True, help="Give the owner the money first: of a test L1."
)


@account.command()
@click.argument("file", type=file_type)
@click.argument("new", type=file_type)
@l1_option
@amount_option
@mint_option
@conventions
def rotate(console: Output, file: Path, new: Path, l1: str, amount: str, mint: bool) -> None:
    """Give the account of FILE the key of NEW, in the owner's name at L1.

    NEW is a key file of the same owner (crypsis account new). The old key signs no more from the
    batch on that consumes the entry, and its orders end; FILE's password is not needed. An entry
    brings a deposit, of which L1 wants a least amount. Never go back to a key that was given up:
    orders that it signed would count again.

    \b
    crypsis account new next.json --owner 00112233445566778899aabbccddeeff00112233
    crypsis account rotate trader.json next.json --amount 5 --mint
    """
    from sequencer.client.depositing import rotate as queue

    record = queue(file, new, l1, amount, mint)
    text = f"queued as entry {record['index']}: from then on {new} is for account"
    console.result(record, f"{text} {record['account']}")


@click.command()
@account_option
@l1_option
@click.option("--amount", required=True, help="Of USDC, or of the asset.")
@asset_option
@mint_option
@conventions
def deposit(console: Output, account: Path, l1: str, amount: str, asset: str, mint: bool) -> None:
    """Queue a deposit at L1, in the owner's name; the first one registers the account.

    \b
    crypsis deposit --account trader.json --amount 1000 --l1 http://127.0.0.1:8645/ --mint
    crypsis deposit --account trader.json --amount 0.5 --asset WETH --mint
    """
    from sequencer.client.depositing import deposit as queue

    record = queue(account, l1, amount, mint, asset)
    text = f"queued as entry {record['index']}, for account {record['account']}"
    console.result(record, text)


@click.group()
def order() -> None:
    """Orders: place, cancel, list.

    \b
    crypsis order place BTC-PERP buy 0.01 @61800.5 --account trader.json
    """


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
    receipts: Path | None,
) -> None:
    """Place an order for SIZE of MARKET at PRICE or better.

    Nothing is rounded: a price between two ticks is refused, and the nearest one named. The @ can
    be left out. A pegged order's limit follows the oracle's price; a resting one takes lots of
    accounts that are liquidated, at its own price, before the backstop does.

    \b
    crypsis order place BTC-PERP sell 0.01 @61900 --post-only --account trader.json
    crypsis order place BTC-PERP buy 0.5 @-20 --pegged --when-clamped --account bidder.json
    """
    from sequencer.client.command import keep_receipts, number, trading

    price, size = number("price", price.removeprefix("@"), signed=pegged), number("size", size)

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
    for name in orders:
        if ORDER_ID.fullmatch(name) is None:
            raise click.UsageError(f"SLOT/GENERATION is wanted, as 3/17, not {name[:40]!r}")
    with trading(console, url, account, password_file) as venue:
        if all:
            ended = venue.cancel_all()
        else:
            found = {"{}/{}".format(*each.id): each for each in venue.live_orders()}
            unknown = [name for name in orders if name not in found]
            if unknown:
                raise CommandError(ExitCode.REFUSED_BY_PEER, f"{unknown[0]}: no such order lives")
            ended = venue.cancel(*(found[name] for name in orders))
    _say(console, ended)


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
