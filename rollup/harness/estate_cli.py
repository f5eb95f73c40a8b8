"""crypsis l1 estate, buy and cover: what the estate of a venue lacks, and who pays for it."""

from typing import TYPE_CHECKING, Any

import click

from rollup.harness.l1_cli import known_errors, l1_option, remote_l1, sender_option
from rollup.program.cli import Output, conventions

if TYPE_CHECKING:
    from rollup.l1.interface import Address
    from rollup.l1.remote import RemoteL1

asset_option = click.option("--asset", type=click.IntRange(1), required=True, help="Its mark.")


def add_estate(group: click.Group) -> None:
    """Give a group of commands these three."""
    for command in (estate, buy, cover):
        group.add_command(command)


@click.command()
@l1_option
@conventions
def estate(console: Output, l1: str) -> None:
    """What the estate lacks, and what it has for sale at which price now."""
    with known_errors(), remote_l1(l1) as remote:
        found = remote.estate
        sales = _sales(remote)
    record = {"lacks": str(found.lacks), "surplus": str(found.surplus), "sales": sales}
    lines = [f"lacks    {found.lacks} quanta", f"surplus  {found.surplus} quanta"]
    lines += [
        f"{each['symbol']:<8} {each['lots']} lots at {each['price']} quanta each (mark "
        f"{each['asset']})"
        for each in sales
    ]
    console.result(record, "\n".join(lines))


def _sales(remote: "RemoteL1") -> list[dict[str, Any]]:
    from rollup.protocol.assets import symbol_of

    now, duration = remote.now(), remote.deployment.estate_sale_ms
    return [
        {
            "asset": mark,
            "symbol": symbol_of(remote.governance, mark),
            "lots": str(sale.lots),
            "price": str(sale.price(now, duration)),
        }
        for mark, sale in sorted(remote.estate.sales.items())
    ]


@click.command()
@l1_option
@sender_option
@asset_option
@click.option("--lots", type=click.IntRange(1), required=True, help="How many.")
@click.option("--most", type=click.IntRange(0), required=True, help="Quanta at most.")
@click.option("--mint", is_flag=True, help="Give the sender as much test money first.")
@conventions
def buy(
    console: Output, l1: str, sender: "Address", asset: int, lots: int, most: int, mint: bool
) -> None:
    """Buy lots of an asset that the estate has, for what they cost now."""
    with known_errors(), remote_l1(l1) as remote:
        if mint and most:
            remote.mint(sender, most)
        paid = remote.buy(sender, asset, lots, most)
    console.result({"lots": str(lots), "paid": str(paid)}, f"{lots} lots for {paid} quanta")


@click.command()
@l1_option
@sender_option
@click.option("--amount", type=click.IntRange(1), required=True, help="In quanta of USDC.")
@click.option("--mint", is_flag=True, help="Give the sender as much test money first.")
@conventions
def cover(console: Output, l1: str, sender: "Address", amount: int, mint: bool) -> None:
    """Pay so much of what the estate lacks."""
    with known_errors(), remote_l1(l1) as remote:
        if mint:
            remote.mint(sender, amount)
        remote.cover(sender, amount)
        lacks = remote.estate.lacks
    console.result({"lacks": str(lacks)}, f"the estate lacks {lacks} quanta")
