"""crypsis l1 outpost: a venue's outpost on another chain is served, announced, and asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup.harness.l1_cli import known_errors, l1_option, remote_l1, sender_option
from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from rollup.protocol.constants import CHAIN_BITS, COLLATERAL_DECIMALS

if TYPE_CHECKING:
    from rollup.l1.elsewhere import OutpostBook
    from rollup.l1.interface import Address
    from rollup.l1.remote_outpost import RemoteOutpost
    from rollup.protocol.market import Governance

PORT = 8655
LEAST_QUANTA = 10 * 10**COLLATERAL_DECIMALS
outpost_option = click.option(
    "--outpost",
    default=f"http://127.0.0.1:{PORT}/",
    show_default=True,
    metavar="URL",
    help="Where the outpost is asked.",
)


class Cap(click.ParamType[tuple[int, int]]):
    """MARK=AMOUNT: how much of an asset may be there, in quanta or lots."""

    name = "mark=amount"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Both numbers, or what is wanted instead."""
        mark, _, amount = str(value).partition("=")
        if not all(each.isascii() and each.isdigit() and len(each) < 20 for each in (mark, amount)):
            self.fail("wanted a mark, =, and an amount in quanta or lots", param, ctx)
        return int(mark), int(amount)


@click.group()
def outpost() -> None:
    """A venue's outpost: its contract on another chain, where the same book is paid in and out.

    \b
    crypsis l1 outpost up --genesis venue/genesis.json --chain 31338
    crypsis l1 outpost announce --sender GOVERNOR --l1 http://127.0.0.1:8645/
    crypsis da serve member --key member.key --l1 http://127.0.0.1:8645/ --outpost http://127.0.0.1:8655/
    crypsis l1 relay --outpost http://127.0.0.1:8655/ --member http://127.0.0.1:8560
    """


@outpost.command()
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--state", type=file_type, help="Go on from this file, and keep everything in it.")
@click.option("--genesis", type=file_type, required=True, help="Of the venue: its committee.")
@click.option(
    "--chain",
    type=click.IntRange(0, (1 << CHAIN_BITS) - 1),
    required=True,
    help="Number of the outpost's chain, another one than the venue's.",
)
@click.option(
    "--cap", type=Cap(), multiple=True, help="The most that may be there; else a billion of each."
)
@click.option(
    "--least",
    type=click.IntRange(1),
    default=LEAST_QUANTA,
    show_default=True,
    help="The least deposit of USDC, in quanta.",
)
@click.option(
    "--on", help="The contract in the mock's place: on an anvil, or the test node at a URL."
)
@conventions
def up(
    console: Output,
    port: int,
    state: Path | None,
    genesis: Path,
    chain: int,
    cap: tuple[tuple[int, int], ...],
    least: int,
    on: str | None,
) -> None:
    """Serve a mock outpost on this machine, until Ctrl-C or SIGTERM.

    It takes a sender's word for who it is and mints money for everybody: for development alone.
    What the committee attests to it verifies in earnest. It hears the committee of genesis, and
    keeps USDC and all assets that genesis lists. With --state and a file that is there, all other
    options but --port are the file's. With --on the contract itself answers, created anew.
    """
    if on is not None and state is not None:
        raise click.UsageError("--state is a mock's; a chain keeps its own")
    from rollup.harness.outpost_up import OutpostOptions, outpost_up

    options = OutpostOptions(port, state, genesis, chain, dict(cap), least, on)
    with known_errors():
        outpost_up(options, console.result, console.detail)


@outpost.command()
@l1_option
@outpost_option
@sender_option
@conventions
def announce(console: Output, l1: str, outpost: str, sender: "Address") -> None:
    """Have home hear of an outpost, in the governor's name, once the governance delay is over.

    Its chain, address and caps are what the outpost itself says. They never change.
    """
    from rollup.l1.elsewhere import Outpost

    with known_errors(), remote_l1(l1) as home, _remote(outpost) as there:
        link, caps = there.link, there.deployment.caps
        _require_home(home.deployment.genesis, link)
        valid_from = home.announce_outpost(sender, Outpost(link.chain, link.address, caps))
    record = {"chain": link.chain, "address": link.address.hex(), "valid_from": valid_from}
    console.result(record, f"the outpost of chain {link.chain} is heard from {valid_from} ms on")


@outpost.command()
@outpost_option
@conventions
def status(console: Output, outpost: str) -> None:
    """What an outpost holds: deposits, what it heard of home, and money by the marks of assets."""
    with known_errors(), _remote(outpost) as there:
        link, (number, sent, taken, closed) = there.link, there.standing
        marks = [mark for mark, _ in there.deployment.caps]
        record: dict[str, Any] = {
            "url": outpost,
            "chain": link.chain,
            "address": link.address.hex(),
            "home": link.home,
            "venue": link.venue,
            "deposits": len(there.inbox),
            "taken_at_home": taken,
            "let_out": sent,
            "heard_batch": number,
            "home_closed": bool(closed),
            "committees_before": there.serial,
            "custody": {str(mark): str(there.custody(mark)) for mark in marks},
            "funds": {str(mark): str(there.funds(mark)) for mark in marks},
        }
    console.result(record, "\n".join(f"{name:<18} {value}" for name, value in record.items()))


@outpost.command()
@outpost_option
@sender_option
@click.option("--index", type=click.IntRange(0), required=True, help="Of the deposit there.")
@conventions
def reclaim(console: Output, outpost: str, sender: "Address", index: int) -> None:
    """Take a deposit back that home never took, once the committee said that home is closed."""
    with known_errors(), _remote(outpost) as there:
        paid = there.reclaim(sender, index)
    console.result({"paid": str(paid), "index": index}, f"deposit {index}: {paid} paid back")


def books_record(
    books: "dict[int, OutpostBook]", governance: "Governance", now: int
) -> list[dict[str, Any]]:
    """What home keeps of each outpost, for people and programs: amounts in quanta or lots by
    symbol."""
    from rollup.protocol.assets import symbol_of

    return [
        {
            "chain": chain,
            "address": book.outpost.address.hex(),
            "in_force": book.valid_from <= now,
            "valid_from": book.valid_from,
            "taken": book.taken,
            "outbox": len(book.outbox),
            "elsewhere": {
                symbol_of(governance, mark): str(amount)
                for mark, amount in sorted(book.elsewhere.items())
            },
        }
        for chain, book in sorted(books.items())
    ]


def books_text(books: list[dict[str, Any]]) -> str:
    """The same in a line."""
    told = []
    for each in books:
        away = ", ".join(f"{amount} {symbol}" for symbol, amount in each["elsewhere"].items())
        counts = f"{each['taken']} taken, {each['outbox']} let out, {away or 'nothing'} elsewhere"
        told.append(f"chain {each['chain']}: {counts}" + ("" if each["in_force"] else ", not yet"))
    return "; ".join(told) or "none"


def _require_home(genesis: Any, link: Any) -> None:
    """Lie: an outpost of another venue, whose committee this one's would be taken for."""
    if (link.home, link.venue) != (genesis.chain, genesis.venue):
        detail = f"it is of venue {link.venue} of chain {link.home}"
        wanted = f"L1 is of venue {genesis.venue} of chain {genesis.chain}"
        raise CommandError(ExitCode.BAD_INPUT, f"the outpost: {detail}, and {wanted}")


def _remote(url: str) -> "RemoteOutpost":
    from rollup.l1.remote_outpost import RemoteOutpost

    return RemoteOutpost(url)
