"""crypsis l1 bond: what stands for an operator's receipts, who posts it, and who takes it back."""

from typing import TYPE_CHECKING, Any

import click

from rollup.harness.l1_cli import Hex, known_errors, l1_option, looked_at, remote_l1, sender_option
from rollup.harness.signing_cli import file_type
from rollup.program.cli import Output, conventions
from rollup.protocol.constants import OWNER_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from rollup.l1.evm.view import EvmView
    from rollup.l1.interface import Address
    from rollup.l1.remote import RemoteL1

quanta_option = click.option(
    "--amount", type=click.IntRange(0), required=True, help="In quanta of USDC."
)


def add_bond(group: click.Group) -> None:
    """Give a group of commands this one."""
    group.add_command(bond)


@click.group()
def bond() -> None:
    """The bond for an operator's receipts: whoever shows that they lie takes a part of it."""


@bond.command()
@l1_option
@click.option("--node", help="URL of an execution node that has the contract, in place of --l1.")
@click.option("--contract", type=file_type, help="Which it is: what `crypsis l1 deploy` wrote.")
@conventions
def status(console: Output, l1: str, node: str | None, contract: "Path | None") -> None:
    """What stands, what leaves and from when on, and what was shown.

    Count on what stands. What leaves is lost to misconduct too, until it is withdrawn.
    """
    if (node is None) != (contract is None):
        raise click.UsageError("--node and --contract go together")
    with known_errors(), looked_at(l1, node, contract) as remote:
        record = bond_record(remote)
    console.result(record, "\n".join(f"{name:<11} {value}" for name, value in record.items()))


def bond_record(remote: "RemoteL1 | EvmView") -> dict[str, Any]:
    """A bond for machines: amounts in quanta, times in ms."""
    found, deployment = remote.bond, remote.deployment
    shown = found.conviction
    return {
        "stands": str(found.stands),
        "held": str(found.held),
        "leaving": str(found.leaving),
        "due": found.due or None,
        "least": str(deployment.bond_least),
        "delay_ms": deployment.bond_delay_ms,
        "burned": str(found.burned),
        "misconduct": None if shown is None else shown.misconduct.value,
        "challenger": None if shown is None else shown.challenger.hex(),
    }


@bond.command()
@l1_option
@sender_option
@quanta_option
@click.option("--mint", is_flag=True, help="Give the sender as much test money first.")
@conventions
def post(console: Output, l1: str, sender: "Address", amount: int, mint: bool) -> None:
    """Bring money for the bond. It is the operator's from then on, whoever brings it."""
    with known_errors(), remote_l1(l1) as remote:
        if mint and amount:
            remote.mint(sender, amount)
        remote.post_bond(sender, amount)
        stands = remote.bond.stands
    console.result({"stands": str(stands)}, f"a bond of {stands} quanta stands")


@bond.command()
@l1_option
@click.option("--sender", type=Hex(OWNER_BYTES), required=True, help="The operator.")
@quanta_option
@conventions
def announce(console: Output, l1: str, sender: "Address", amount: int) -> None:
    """Say how much of the bond will be withdrawn, in place of what was said before; 0: nothing."""
    with known_errors(), remote_l1(l1) as remote:
        due = remote.leave_bond(sender, amount)
        stands = remote.bond.stands
    record = {"leaving": str(amount), "due": due, "stands": str(stands)}
    text = f"{amount} quanta can be withdrawn from {due} on; {stands} stand"
    console.result(record, text if amount else f"nothing leaves; {stands} quanta stand")


@bond.command()
@l1_option
@click.option(
    "--sender", type=Hex(OWNER_BYTES), required=True, help="The operator, or who showed misconduct."
)
@conventions
def withdraw(console: Output, l1: str, sender: "Address") -> None:
    """Pay the operator what it announced and is due, or a challenger his reward."""
    with known_errors(), remote_l1(l1) as remote:
        paid = remote.withdraw_bond(sender)
    console.result({"paid": str(paid)}, f"paid {paid} quanta")
