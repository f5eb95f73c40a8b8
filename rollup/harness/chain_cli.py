"""crypsis l1 deploy, verify, post and gas: the contracts of a venue on a chain, by signed calls."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup.harness.l1_cli import Hex
from rollup.harness.signing_cli import (
    Costs,
    bundle_argument,
    chain_errors,
    contract_of,
    contract_option,
    file_type,
    line,
    read_bundle,
    require_chain,
    signed,
    signed_chain,
)
from rollup.program.cli import Output, conventions
from rollup.protocol.constants import OWNER_BYTES

if TYPE_CHECKING:
    from rollup.harness.gas import Bill


def add_chain(group: click.Group) -> None:
    """Give a group of commands these four."""
    for command in (deploy, verify, post, gas):
        group.add_command(command)


@click.command()
@signed
@click.option("--genesis", type=file_type, required=True, help="Of the venue.")
@click.option("--operator", type=Hex(OWNER_BYTES), help="Who brings batches; else who signs.")
@click.option("--governor", type=Hex(OWNER_BYTES), help="Who announces; else who signs.")
@click.option("--parameters", default="l1", show_default=True, help="Set of the proofs.")
@click.option("--shape-class", multiple=True, default=("S",), show_default=True)
@click.option("--private-exits", is_flag=True, help="Verify these too, by the same set.")
@click.option("--interval-ms", type=click.IntRange(1), required=True, help="Of batches.")
@click.option("--governance-delay-ms", type=click.IntRange(1), required=True)
@click.option("--proof-deadline-ms", type=click.IntRange(1), required=True)
@click.option("--least-deposit", type=click.IntRange(1), required=True, help="In quanta.")
@click.option("--usdc", type=Hex(OWNER_BYTES), help="Its token; else one that anybody mints.")
@click.option("--out", type=file_type, required=True, help="File to write; it must not be there.")
@conventions
def deploy(
    console: Output,
    /,
    node: str,
    key: Path,
    confirmations: int,
    genesis: Path,
    usdc: bytes | None,
    out: Path,
    **terms: Any,
) -> None:
    """Create the contracts of a venue on a node's chain, and verifiers of its proofs.

    What is written says where they are. Assets that genesis lists get tokens to develop with.
    """
    from rollup.harness.deploying import create
    from rollup.harness.up import read_genesis

    costs, venue = Costs(console), read_genesis(genesis)
    if out.exists():
        raise click.UsageError(f"{out} is there already")
    with signed_chain(node, key, confirmations) as (chain, found):
        require_chain(found, venue.chain)
        contract = create(chain, found, venue, usdc, terms, costs)
    contract.write(out)
    record = {
        "contract": contract.address.hex(),
        "verifiers": [each.hex() for each in contract.facts],
        "transactions": costs.entries,
        "gas": costs.total,
    }
    console.result(record, f"{line('all', costs.total)}\ncontract {contract.address.hex()}")


@click.command()
@signed
@contract_option
@bundle_argument
@conventions
def verify(
    console: Output, node: str, key: Path, confirmations: int, contract: Path, bundle: Path
) -> None:
    """Bring the proof in a BUNDLE to the contract that verifies its class; whoever likes may."""
    from rollup.harness.on_chain import facts_at

    costs, there = Costs(console), contract_of(contract)
    public, proof = read_bundle(bundle)
    with signed_chain(node, key, confirmations, there.block) as (chain, found):
        require_chain(found, there.chain)
        facts = facts_at(chain, there)
        if public.shape_class not in facts:
            raise click.UsageError(f"no class {public.shape_class} is pinned there")
        for place, receipt in enumerate(
            facts[public.shape_class].bring(public, proof, chain.address)
        ):
            costs(f"queries, part {place}" if place else "begin", receipt)
    said = "all" if costs.entries else "verified before"
    record = {"number": public.number, "transactions": costs.entries, "gas": costs.total}
    console.result(record, line(said, costs.total))


@click.command()
@signed
@contract_option
@click.option(
    "--attestation",
    type=file_type,
    help="The committee's word, of `crypsis sequencer attest`: wanted where there is a committee.",
)
@bundle_argument
@conventions
def post(
    console: Output,
    node: str,
    key: Path,
    confirmations: int,
    contract: Path,
    attestation: Path | None,
    bundle: Path,
) -> None:
    """Bring the batch in a BUNDLE, whose header is held and whose proof was verified.

    Where the parameters of the batch have a committee, its word comes with it: a word that is
    missing, of too few members or of another batch is refused before anything is sent.
    """
    from rollup.harness.on_chain import caller_of
    from rollup.harness.words import word_for

    costs, there = Costs(console), contract_of(contract)
    public, _ = read_bundle(bundle)
    word = word_for(public, attestation)
    with signed_chain(node, key, confirmations, there.block) as (chain, found):
        require_chain(found, there.chain)
        l1 = caller_of(chain, there, costs)
        l1.post_batch(chain.address, public, b"", word)
    record = {"number": public.number, "transactions": costs.entries, "gas": costs.total}
    console.result(record, line(f"batch {public.number}", costs.total))


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path, file_okay=False), help="Its proof too.")
@click.option("--parameters", default="l1", show_default=True, help="Set of the bundle's proof.")
@conventions
def gas(console: Output, bundle: Path | None, parameters: str) -> None:
    """What each call costs today, and under the next fork's prices of calldata, played on anvil."""
    from rollup.harness.anvil import anvil_node
    from rollup.harness.gas import Bill, bill_of, play_calls, play_proof
    from rollup.l1.evm.node_chain import NodeChain

    found: list[Bill] = []
    given = None if bundle is None else read_bundle(bundle)
    with chain_errors(), anvil_node(1, timestamp=1) as node:
        chain = NodeChain(node, lambda: 1)
        play_calls(chain, lambda name, receipt: found.append(bill_of(name, receipt)))
        if given is not None:
            paid = found.append
            play_proof(chain, *given, parameters, lambda name, each: paid(bill_of(name, each)))
    console.result({"bills": [_record(each) for each in found]}, _table(found))


def _record(bill: "Bill") -> dict[str, object]:
    return {
        "transaction": bill.name,
        "calldata": bill.calldata,
        "gas": bill.today,
        "gas_next_fork": bill.next_fork,
    }


def _table(bills: "list[Bill]") -> str:
    lines = [f"{'transaction':<20} {'calldata':>9} {'gas today':>12} {'next fork':>12}"]
    lines += [
        f"{each.name:<20} {each.calldata:>9,} {each.today:>12,} {each.next_fork:>12,}"
        for each in bills
    ]
    return "\n".join(lines)
