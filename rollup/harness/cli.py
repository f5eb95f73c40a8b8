"""Commands of the L1 harness. What they run is imported when a command is called."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup.harness.bond_cli import add_bond, bond_record
from rollup.harness.chain_cli import add_chain
from rollup.harness.estate_cli import add_estate
from rollup.harness.exits_cli import add_exits
from rollup.harness.governing_cli import add_governing
from rollup.harness.l1_cli import (
    MOCK,
    PORT,
    Hex,
    known_errors,
    l1_option,
    looked_at,
    remote_l1,
    sender_option,
    target_of,
)
from rollup.harness.outpost_cli import books_record, books_text, outpost
from rollup.harness.relay_cli import relay
from rollup.program.cli import CommandError, ExitCode, Output, conventions
from rollup.protocol.constants import COLLATERAL_DECIMALS, OWNER_BYTES
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES

if TYPE_CHECKING:
    from rollup.harness.suite import Report
    from rollup.l1.evm.view import EvmView
    from rollup.l1.interface import Address
    from rollup.l1.remote import RemoteL1
    from rollup.protocol.deposit import QueueEntry

SETS = ("fast", "balanced", "l1", "l1-tall")
TARGETS = "mock; the contracts on pyrevm or on an anvil; the URL of an endpoint, or of a test node."
FAILURES_SHOWN = 20
GOVERNANCE_DELAY_MS = 24 * 3_600_000
PROOF_DEADLINE_MS = 6 * 3_600_000
LEAST_DOLLARS = "10"
file_type = click.Path(path_type=Path)

_AMOUNT = re.compile(rf"([0-9]{{1,20}})(?:\.([0-9]{{1,{COLLATERAL_DECIMALS}}}))?")


class Dollars(click.ParamType[int]):
    """An amount of USDC in decimals, as quanta; no more decimals than there are, no rounding."""

    name = "usdc"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The quanta, or what is wanted instead."""
        if isinstance(value, int):
            return value
        found = _AMOUNT.fullmatch(str(value))
        if found is None:
            self.fail(f"wanted USDC with up to {COLLATERAL_DECIMALS} decimals", param, ctx)
        whole, decimals = found[1], (found[2] or "").ljust(COLLATERAL_DECIMALS, "0")
        return int(whole + decimals)


amount_option = click.option("--amount", type=Dollars(), required=True, help="USDC.")
mint_option = click.option(
    "--mint", is_flag=True, help="Give the sender the money first: test money, of a test L1."
)

asset_option = click.option(
    "--asset",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Its mark: 0 for USDC, n + 1 for the asset of market n.",
)


@click.group()
def l1() -> None:
    """The L1 of a venue: serve a mock, call one, or hold one to the conformance suite."""


@l1.command()
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--state", type=file_type, help="Go on from this file, and keep everything in it.")
@click.option("--genesis", type=file_type, help="Of the venue; by default one to develop with.")
@click.option("--operator", type=Hex(OWNER_BYTES), help="Who brings headers and proofs.")
@click.option("--governor", type=Hex(OWNER_BYTES), help="Who announces parameters.")
@click.option("--parameters", type=click.Choice(SETS), default=SETS[0], show_default=True)
@click.option(
    "--shape-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    multiple=True,
    default=(CLASS_S.name,),
    show_default=True,
    help="Of batches that it takes proofs of; more than once for several.",
)
@click.option(
    "--interval-ms",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Batches end at genesis and every so many ms after it, and at no other time.",
)
@click.option(
    "--governance-delay-ms", type=click.IntRange(1), default=GOVERNANCE_DELAY_MS, show_default=True
)
@click.option(
    "--proof-deadline-ms", type=click.IntRange(1), default=PROOF_DEADLINE_MS, show_default=True
)
@click.option("--least-deposit", type=Dollars(), default=LEAST_DOLLARS, show_default=True)
@click.option("--private-exits", is_flag=True, help="Take proofs of these too, by the same set.")
@click.option(
    "--chain", help="The contracts in the mock's place: on an anvil, or the test node at a URL."
)
@conventions
def up(
    console: Output,
    port: int,
    state: Path | None,
    genesis: Path | None,
    operator: bytes | None,
    governor: bytes | None,
    parameters: str,
    shape_class: tuple[str, ...],
    interval_ms: int,
    governance_delay_ms: int,
    proof_deadline_ms: int,
    least_deposit: int,
    private_exits: bool,
    chain: str | None,
) -> None:
    """Serve a mock L1 on this machine, until Ctrl-C or SIGTERM.

    It takes a sender's word for who it is and mints money for everybody: for development alone.
    Proofs it verifies in earnest, by the verifier that is installed. With --state and a file that
    is there, all other options but --port are the file's. --port 0 takes a free one and says which.
    With --chain the contracts themselves answer, created anew: the chain keeps their state, and -v
    says the gas of each transaction.
    """
    if chain is not None and state is not None:
        raise click.UsageError("--state is a mock's; a chain keeps its own")
    from rollup.harness.up import UpOptions
    from rollup.harness.up import up as serve

    options = UpOptions(
        port,
        state,
        genesis,
        operator,
        governor,
        parameters,
        shape_class,
        interval_ms,
        governance_delay_ms,
        proof_deadline_ms,
        least_deposit,
        chain,
        private_exits,
    )
    with known_errors():
        serve(options, console.result, console.detail)


@l1.command()
@click.option("--target", default=MOCK, show_default=True, help=TARGETS)
@click.option("--only", multiple=True, metavar="NAME", help="Only scenarios of this name or group.")
@click.option("--seed", type=click.IntRange(0), help="Of the random calls; else a fresh one.")
@click.option("--sequences", type=click.IntRange(0, 10_000), default=20, show_default=True)
@click.option("--calls", type=click.IntRange(1, 10_000), default=100, show_default=True)
@conventions
def check(
    console: Output,
    target: str,
    only: tuple[str, ...],
    seed: int | None,
    sequences: int,
    calls: int,
) -> None:
    """Hold an L1 to the conformance suite; exit 1 if it does anything else.

    Every scenario starts from a fresh contract with a test verifier, so the endpoint must be one
    for tests: `crypsis l1 up` has one at /test. Random calls follow, each compared with the model.
    """
    from secrets import randbelow

    from rollup.harness.suite import RANDOM_GROUP, run

    chosen = _chosen(only)
    seed = randbelow(2**32) if seed is None else seed
    walks = [(f"{seed}/{place}", calls) for place in range(sequences)]
    if only and RANDOM_GROUP not in only:
        walks = []
    with known_errors(), target_of(target) as found:
        report = run(found, chosen, walks, lambda finding: console.progress(finding.name))
    record = _record(report, target, seed)
    text = _table(report, seed)
    if report.failed:
        raise CommandError(ExitCode.INVALID, f"{target} is not conformant\n{text}", record)
    console.result(record, text)


@l1.command()
@l1_option
@click.option("--node", help="URL of an execution node that has the contract, in place of --l1.")
@click.option("--contract", type=file_type, help="Which it is: what `crypsis l1 deploy` wrote.")
@conventions
def status(console: Output, l1: str, node: str | None, contract: Path | None) -> None:
    """What an L1 holds: batches, queue, money, refusals, clock, and what is at outposts."""
    from rollup.protocol.encoding import hex_digest

    if (node is None) != (contract is None):
        raise click.UsageError("--node and --contract go together")
    with known_errors(), looked_at(l1, node, contract) as remote:
        refusal, tail = remote.refusal, remote.tail
        record: dict[str, Any] = {
            "url": node or l1,
            "time": remote.now(),
            "proved_number": remote.proved_number,
            "head_number": remote.head_number,
            "root": hex_digest(remote.root),
            "waiting_for_proof": [held.header.number for held in tail],
            "redo_wanted_of": None if refusal is None else refusal.number,
            "slots_given": len(remote.given),
            "queue": len(remote.queue),
            "consumed": remote.consumed,
            "custody": str(remote.custody),
            "queued": str(remote.queued),
            "funds": str(remote.funds),
            "owed": str(remote.owed),
            "accounts": len(remote.accounts),
            "assets": _assets(remote),
            "estate_lacks": str(remote.estate.lacks),
            "outposts": books_record(dict(remote.outposts), remote.governance, remote.now()),
            "bond": str(remote.bond.stands),
            "misconduct": bond_record(remote)["misconduct"],
        }
    lines = {**record, "outposts": books_text(record["outposts"])}
    console.result(record, "\n".join(f"{name:<18} {value}" for name, value in lines.items()))


def _assets(remote: "RemoteL1 | EvmView") -> dict[str, str]:
    """What is under custody of each asset that anybody has any of, in lots, by its symbol."""
    from rollup.protocol.assets import symbol_of

    governance = remote.governance
    ledgers = sorted(remote.assets.items())
    return {symbol_of(governance, mark): str(ledger.custody) for mark, ledger in ledgers}


@l1.command()
@l1_option
@sender_option
@click.option("--account", type=click.IntRange(0), required=True, help="Whom it credits.")
@amount_option
@mint_option
@conventions
def deposit(
    console: Output, l1: str, sender: "Address", account: int, amount: int, mint: bool
) -> None:
    """Queue a deposit into an account that is registered."""
    with known_errors(), remote_l1(l1) as remote:
        if mint:
            remote.mint(sender, amount)
        entry = remote.credit(sender, account, amount)
    _say_queued(console, entry)


@l1.command()
@l1_option
@sender_option
@click.option("--key", type=Hex(56), required=True, help="Trading key: x and y, 28 bytes each.")
@click.option("--viewing", type=Hex(32), required=True, help="Viewing commitment.")
@amount_option
@mint_option
@conventions
def register(
    console: Output,
    l1: str,
    sender: "Address",
    key: bytes,
    viewing: bytes,
    amount: int,
    mint: bool,
) -> None:
    """Queue the registration of the sender's own account, with a first deposit."""
    from rollup.protocol.encoding import words_of

    with known_errors(), remote_l1(l1) as remote:
        if mint:
            remote.mint(sender, amount)
        entry = remote.register(sender, words_of(key), words_of(viewing), amount)
    _say_queued(console, entry)


@l1.command()
@l1_option
@sender_option
@asset_option
@conventions
def withdraw(console: Output, l1: str, sender: "Address", asset: int) -> None:
    """Pay out what batches granted to the sender, and what refused deposits gave back."""
    with known_errors(), remote_l1(l1) as remote:
        paid = remote.withdraw(sender, asset)
    unit = "lots" if asset else "quanta"
    console.result({"paid": str(paid)}, f"paid {paid} {unit}")


add_bond(l1)
add_estate(l1)
add_exits(l1)
add_chain(l1)
l1.add_command(outpost)
l1.add_command(relay)
add_governing(l1)


@l1.command()
@l1_option
@click.argument("milliseconds", type=click.IntRange(0))
@conventions
def warp(console: Output, l1: str, milliseconds: int) -> None:
    """Move the clock of a test L1 on by so many MILLISECONDS."""
    with known_errors(), remote_l1(l1) as remote:
        now = remote.warp(milliseconds)
    console.result({"time": now}, f"L1's clock shows {now}")


def _chosen(only: tuple[str, ...]) -> list[Any]:
    """The scenarios that are asked for."""
    from rollup.harness.scenario import load
    from rollup.harness.suite import RANDOM_GROUP

    scenarios = load()
    known = {RANDOM_GROUP, *(s.name for s in scenarios), *(s.group for s in scenarios)}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise click.UsageError(f"no scenario and no group is called {unknown[0]!r}")
    return [s for s in scenarios if not only or s.name in only or s.group in only]


def _say_queued(console: Output, entry: "QueueEntry") -> None:
    record = {
        "index": entry.index,
        "account": entry.account,
        "asset": entry.asset,
        "amount": str(entry.amount),
    }
    console.result(record, f"queued as entry {entry.index}, for account {entry.account}")


def _record(report: "Report", target: str, seed: int) -> dict[str, object]:
    failed = [
        {"group": each.group, "name": each.name, "difference": each.difference}
        for each in report.failed
    ]
    return {
        "target": target,
        "conformant": not failed,
        "scenarios": len(report.findings),
        "groups": {name: list(counts) for name, counts in report.counts().items()},
        "left_out": list(report.left_out),
        "seed": seed,
        "failed": failed,
    }


def _table(report: "Report", seed: int) -> str:
    """Groups with their counts, and below them what failed."""
    lines = [f"{'group':<18} {'passed':>6} {'of':>5}"]
    lines += [
        f"{name:<18} {passed:>6} {all_of:>5}" for name, (passed, all_of) in report.counts().items()
    ]
    total = len(report.findings)
    lines += [f"{'all':<18} {total - len(report.failed):>6} {total:>5}   seed {seed}"]
    if report.left_out:
        lines.append(f"left out, of outposts, which it has none of: {len(report.left_out)}")
    shown = report.failed[:FAILURES_SHOWN]
    lines += [f"FAILED {each.group}: {each.name}: {each.difference}" for each in shown]
    if len(shown) < len(report.failed):
        lines.append(f"and {len(report.failed) - len(shown)} more: --json lists all")
    return "\n".join(lines)
