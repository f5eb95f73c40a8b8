"""crypsis l1 freeze, reclaim and escape: the end of a venue, and what its people take out."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.harness.l1_cli import known_errors, l1_option, remote_l1, sender_option
from rollup.program.cli import CommandError, ExitCode, Output, conventions

if TYPE_CHECKING:
    from rollup.l1.escape import LeafOpening, Payout
    from rollup.l1.interface import Address
    from rollup.protocol.market_book import MarketBook


def add_exits(group: click.Group) -> None:
    """Give a group of commands these three."""
    for command in (freeze, reclaim, escape):
        group.add_command(command)


@click.command()
@l1_option
@sender_option
@conventions
def freeze(console: Output, l1: str, sender: "Address") -> None:
    """End a venue that kept a queue entry or a header waiting too long. It is for good."""
    with known_errors(), remote_l1(l1) as remote:
        remote.freeze(sender)
        number = remote.proved_number
    console.result({"number": number}, f"frozen: batch {number} is the last")


@click.command()
@l1_option
@sender_option
@click.option("--entry", type=click.IntRange(0), required=True, help="Its index in the queue.")
@conventions
def reclaim(console: Output, l1: str, sender: "Address", entry: int) -> None:
    """Take back what the sender brought with an entry that no proved batch consumed."""
    with known_errors(), remote_l1(l1) as remote:
        paid = remote.reclaim(sender, entry)
    console.result({"paid": str(paid)}, f"entry {entry}: {paid} came back")


@click.command()
@l1_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@conventions
def escape(console: Output, l1: str, file: Path) -> None:
    """Take an account out of a frozen venue, with its leaf and path in FILE.

    Who sends is the owner that the leaf names. What is paid can be withdrawn then.
    """
    leaf, book = _read(file)
    with known_errors(), remote_l1(l1) as remote:
        paid = remote.escape(leaf.account.header.owner, leaf, book)
    console.result(_record(paid), _told(paid))


def _read(file: Path) -> "tuple[LeafOpening, MarketBook]":
    from rollup.codec.strict import CodecError
    from rollup.l1.exit_file import exit_from_bytes

    try:
        return exit_from_bytes(file.read_bytes())
    except CodecError as error:
        raise CommandError(ExitCode.BAD_INPUT, f"{file}: {error}") from error


def _record(paid: "Payout") -> dict[str, object]:
    assets = [
        {"asset": each.asset, "lots": str(each.lots), "kept": str(each.kept)}
        for each in paid.assets
    ]
    return {"amount": str(paid.amount), "assets": assets}


def _told(paid: "Payout") -> str:
    lines = [f"{paid.amount} quanta can be withdrawn"]
    for each in paid.assets:
        kept = f", {each.kept} were kept for what the account owed" if each.kept else ""
        lines.append(f"{each.lots} lots of asset {each.asset}{kept}")
    return "\n".join(lines)
