"""crypsis l1 parameters and announce: what a venue's rules are, and its governor's next ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup.harness.l1_cli import Hex, known_errors, l1_option, looked_at, remote_l1
from rollup.program.cli import Output, conventions, file_type
from rollup.protocol.constants import OWNER_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollup.l1.committee_files import PublicMember
    from rollup.l1.evm.contract import EvmL1
    from rollup.l1.interface import Address
    from rollup.l1.remote import RemoteL1
    from rollup.protocol.market import Governance


def add_governing(group: click.Group) -> None:
    """Give a group of commands these two."""
    for command in (parameters, announce):
        group.add_command(command)


@click.command()
@l1_option
@click.option("--node", help="URL of an execution node that has the contract, in place of --l1.")
@click.option("--contract", type=file_type, help="Which it is: what `crypsis l1 deploy` wrote.")
@click.option("-o", "--output", type=file_type, help="File to write them to as well.")
@conventions
def parameters(
    console: Output, l1: str, node: str | None, contract: Path | None, output: Path | None
) -> None:
    """Show the last announced parameters of a venue, as `crypsis l1 announce` takes them."""
    from rollup.codec.shallow_json import loads
    from rollup.files import write_whole
    from rollup.l1.committee_files import parameters_to_bytes

    if (node is None) != (contract is None):
        raise click.UsageError("--node and --contract go together")
    with known_errors(), looked_at(l1, node, contract) as found:
        last = found.parameters[-1]
    data = parameters_to_bytes(last.governance)
    text = data.decode("ascii")
    if output is not None:
        write_whole(output, data)
    from_when = {"number": last.number, "valid_from": last.valid_from}
    console.result({**from_when, "parameters": loads(text)}, text.rstrip())


@click.command()
@click.argument("file", type=file_type, required=False)
@click.option("--threshold", type=click.IntRange(1), help="Members who are enough.")
@click.option(
    "--possession",
    type=file_type,
    multiple=True,
    help="A member's public file (crypsis da key --public); may be repeated.",
)
@click.option("--no-committee", is_flag=True, help="From then on nobody is asked.")
@click.option("--number", type=click.IntRange(1), help="First batch; else the next that is open.")
@l1_option
@click.option("--sender", type=Hex(OWNER_BYTES), help="The governor, at --l1.")
@click.option("--node", help="URL of a node's JSON-RPC that has the contract, in place of --l1.")
@click.option("--key", type=file_type, help="At --node: file with the governor's private key.")
@click.option("--contract", type=file_type, help="At --node: what `crypsis l1 deploy` wrote.")
@click.option("--confirmations", type=click.IntRange(1, 100), default=2, show_default=True)
@conventions
def announce(
    console: Output,
    /,
    file: Path | None,
    threshold: int | None,
    possession: tuple[Path, ...],
    no_committee: bool,
    number: int | None,
    **place: Any,
) -> None:
    """Announce parameters: those in FILE, or else the last ones with another committee.

    They are in force for batches from a number on, once the governance delay is over. Whoever
    announces a committee brings a proof of possession for each of its keys. --threshold makes one
    of the members whose files are given; without it they are those of the committee in FILE:

    \b
    crypsis l1 announce --threshold 2 --possession ann.json --possession ben.json \\
        --possession cleo.json --sender GOVERNOR --l1 URL
    """
    from rollup.harness.words import members_in, parameters_in, proofs_for

    _require_said(file, threshold, possession, no_committee)
    members = members_in(possession)
    asked = None if file is None else parameters_in(file)
    with known_errors(), _governor(console, **place) as (l1, sender):
        last = l1.parameters[-1].governance if asked is None else asked
        governance = _with_committee(last, threshold, members, no_committee)
        proofs = proofs_for(governance.committee, members)
        first = l1.head_number + 1 if number is None else number
        valid_from = l1.announce_governance(sender, governance, first, proofs)
    _say(console, governance, first, valid_from)


def _require_said(
    file: Path | None, threshold: int | None, possession: tuple[Path, ...], no_committee: bool
) -> None:
    """Usage error where nothing is announced, or two things at once."""
    if no_committee and (threshold is not None or possession):
        raise click.UsageError("--no-committee wants neither --threshold nor --possession")
    if threshold is not None and not possession:
        raise click.UsageError("--threshold wants a file of each member: --possession FILE")
    if file is None and threshold is None and not no_committee:
        raise click.UsageError("FILE, --threshold or --no-committee says what is announced")


def _with_committee(
    governance: "Governance",
    threshold: int | None,
    members: "Sequence[PublicMember]",
    no_committee: bool,
) -> "Governance":
    from dataclasses import replace

    from rollup.harness.words import committee_of
    from rollup.protocol.committee import NO_COMMITTEE

    if no_committee:
        return replace(governance, committee=NO_COMMITTEE)
    if threshold is None:
        return governance
    return replace(governance, committee=committee_of(members, threshold))


@contextmanager
def _governor(
    console: Output,
    l1: str,
    sender: "Address | None",
    node: str | None,
    key: Path | None,
    contract: Path | None,
    confirmations: int,
) -> "Iterator[tuple[RemoteL1 | EvmL1, Address]]":
    """The L1 that is announced at, and who announces."""
    if node is None and key is None and contract is None:
        if sender is None:
            raise click.UsageError("--sender is wanted, or --node, --key and --contract")
        with remote_l1(l1) as remote:
            yield remote, sender
        return
    if node is None or key is None or contract is None or sender is not None:
        raise click.UsageError("--node, --key and --contract go together, without --sender")
    from rollup.harness.on_chain import caller_of
    from rollup.harness.signing_cli import Costs, contract_of, require_chain, signed_chain

    there = contract_of(contract)
    with signed_chain(node, key, confirmations, there.block) as (chain, found):
        require_chain(found, there.chain)
        yield caller_of(chain, there, Costs(console)), chain.address


def _say(console: Output, governance: "Governance", first: int, valid_from: int) -> None:
    committee = governance.committee
    members = f"{committee.threshold} of {len(committee.keys)} members attest"
    said = members if committee else "no committee"
    record = {
        "number": first,
        "valid_from": valid_from,
        "threshold": committee.threshold,
        "members": [key.hex() for key in committee.keys],
    }
    when = f"for batches from {first} on whose time is {valid_from} ms or later"
    console.result(record, f"announced, {when}: {said}")
