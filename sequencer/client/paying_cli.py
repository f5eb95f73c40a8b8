"""Commands that take money out: withdraw, transfer, exit, and claim at L1."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup.program.cli import Output, conventions
from rollup.protocol.constants import ACCOUNT_BITS
from sequencer.client.options import (
    DEFAULT_L1,
    account_option,
    asset_option,
    outpost_option,
    trading_options,
)

if TYPE_CHECKING:  # libraries are loaded when a command is called
    from sequencer.client.outflows import OwnOutflow

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=600.0,
    show_default=True,
    help="Seconds to wait for it.",
)


@click.command()
@click.argument("amount")
@trading_options
@asset_option
@timeout_option
@conventions
def withdraw(
    console: Output,
    amount: str,
    url: str,
    account: Path,
    password_file: Path | None,
    asset: str,
    timeout: float,
) -> None:
    """Withdraw AMOUNT of USDC, or of an asset, to the owner of the account.

    It leaves the account at the end of the batch, or the venue says why not: `margin` where too
    little would be left, `shut` where no cash leaves because a price is clamped or missing, or
    somebody is still to be liquidated. Ask again in the next batch. The owner claims it at L1 once
    the batch is proved.

    \b
    crypsis withdraw 250 --account trader.json
    crypsis claim --account trader.json
    """
    from sequencer.client.command import number, trading

    wanted = number("amount", amount)
    with trading(console, url, account, password_file) as venue:
        paid = venue.withdraw(wanted, timeout, asset=asset)
    _say(console, paid, "claim it at L1 once that batch is proved: crypsis claim")


@click.command()
@click.argument("receiver", type=click.IntRange(0, (1 << ACCOUNT_BITS) - 1))
@click.argument("amount")
@trading_options
@asset_option
@timeout_option
@conventions
def transfer(
    console: Output,
    receiver: int,
    amount: str,
    url: str,
    account: Path,
    password_file: Path | None,
    asset: str,
    timeout: float,
) -> None:
    """Pay AMOUNT of USDC, or of an asset, to the account RECEIVER of the same venue.

    By the same rules as a withdrawal; only payer, receiver and venue learn of it.

    \b
    crypsis transfer 7 250 --account trader.json
    """
    from sequencer.client.command import number, trading

    wanted = number("amount", amount)
    with trading(console, url, account, password_file) as venue:
        paid = venue.transfer(receiver, wanted, timeout, asset=asset)
    _say(console, paid, f"account {receiver} has it")


@click.command()
@account_option
@click.option("--l1", default=DEFAULT_L1, show_default=True, help="Of the L1.")
@asset_option
@outpost_option
@click.option(
    "--amount", help="At an outpost: how much to let out there; else all that is pending."
)
@timeout_option
@conventions
def claim(
    console: Output,
    account: Path,
    l1: str,
    asset: str,
    outpost: str | None,
    amount: str | None,
    timeout: float,
) -> None:
    """Have L1 pay the owner what was withdrawn in proved batches, and what was refunded.

    With --outpost it is paid on the outpost's chain, as far as money is there: L1 lets it out, the
    committee tells the outpost, and the outpost pays. What was let out can be claimed again, where
    the wait came to its end before that.

    \b
    crypsis claim --account trader.json --l1 http://127.0.0.1:8645/
    crypsis claim --account trader.json --outpost http://127.0.0.1:8655/ --amount 250
    """
    from sequencer.client.depositing import claim as ask

    if outpost is not None:
        _claim_there(console, account, l1, outpost, amount, timeout, asset)
        return
    if amount is not None:
        raise click.UsageError("--amount is for --outpost: L1 pays all that is pending")
    record = ask(account, l1, asset)
    console.result(record, f"L1 paid {record['amount']} {record['asset']} to {record['owner']}")


def _claim_there(console: Output, account: Path, *call: Any) -> None:
    from sequencer.client.elsewhere import claim_there

    record = claim_there(account, *call)
    paid = f"{record['amount']} {record['asset']} to {record['owner']}"
    console.result(record, f"the outpost of chain {record['chain']} paid {paid}")


@click.command("exit")
@click.argument("amount")
@account_option
@click.option("--l1", default=DEFAULT_L1, show_default=True, help="Of the L1.")
@click.option("--mint", is_flag=True, help="Test money for the stake: of a development L1.")
@conventions
def request_exit(console: Output, amount: str, account: Path, l1: str, mint: bool) -> None:
    """Ask L1 for AMOUNT of USDC out of the account, where the operator cannot refuse to hear it.

    A batch pays it, or proves that no batch could: because the step is open, a price is missing or
    clamped, the account is liquidated, or too little would be left. Everybody sees which account
    asked for how much, and whether it was paid: a withdrawal shows neither. A stake of the least
    deposit comes back with the answer; claim both.

    \b
    crypsis exit 250 --account trader.json
    crypsis claim --account trader.json
    """
    from sequencer.client.depositing import request_exit as ask

    record = ask(account, l1, amount, mint)
    told = f"entry {record['index']} of the queue asks for {amount} USDC"
    console.result(record, f"{told}; once its batch is proved: crypsis claim")


def _say(console: Output, paid: "OwnOutflow", what_next: str) -> None:
    from sequencer.client.rows import outflow_record

    record = outflow_record(paid)
    console.result(record, f"{paid.amount} {paid.asset} left in batch {paid.batch}; {what_next}")
