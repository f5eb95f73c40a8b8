"""`crypsis receipt challenge`: misconduct that receipts prove, checked here and brought to L1."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.harness.l1_cli import known_errors, l1_option, remote_l1, sender_option
from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from sequencer.receipts.reading_cli import (
    genesis_option,
    judged,
    read_list,
    read_public,
    read_signed,
    read_signer,
)

if TYPE_CHECKING:
    from rollup.l1.interface import L1, Address
    from rollup.protocol.header import BatchHeader
    from rollup.protocol.misconduct import Finding, Misconduct
    from rollup.protocol.public import PublicInput
    from rollup.protocol.receipt import Receipt, SignedReceipt


@click.command()
@click.argument("files", type=file_type, nargs=-1, required=True, metavar="FILE [SECOND]")
@genesis_option
@click.option("--public", type=file_type, help="public.json of the batch, beside one receipt.")
@click.option("--chain", type=file_type, help="The list of receipts that leads to its head.")
@l1_option
@sender_option
@conventions
def challenge(
    console: Output,
    files: tuple[Path, ...],
    genesis: Path,
    public: Path | None,
    chain: Path | None,
    l1: str,
    sender: "Address",
) -> None:
    """Show L1 that an operator misbehaved: the venue ends, and its bond is lost.

    Two FILEs are judged by themselves; one beside --public of the batch that it promised; or beside
    that of any batch and the list of at most 64 receipts that leads to its head. All is judged here
    first, and what proves nothing is brought nowhere. Exit 3: it proves nothing, or is of another
    venue than this L1. 5: L1 refuses, and says why. An eighth of the bond is the sender's, whoever
    found it out: another one can bring the same before.
    """
    _require_together(files, public, chain)
    signed = [read_signed(file) for file in files]
    held = None if public is None else read_public(public)
    receipts = None if chain is None else read_list(chain)
    finding = _judge(genesis, signed, held, receipts)
    with known_errors(), remote_l1(l1) as remote:
        if remote.deployment.genesis.receipt_signer != read_signer(genesis).address:
            raise CommandError(ExitCode.BAD_INPUT, "this L1's venue has another receipt key")
        header = None if held is None else _header(remote, held)
        found = _bring(remote, sender, signed, header, receipts)
        bond, number = remote.bond, remote.proved_number
    record = {
        "misconduct": found.value,
        "detail": finding.detail,
        "reward": str(bond.held),
        "burned": str(bond.burned),
        "last_batch": number,
    }
    text = f"{found.value}: {finding.detail}\nL1 takes it: batch {number} is the venue's last"
    console.result(record, f"{text}; {bond.held} quanta are {sender.hex()}'s, {bond.burned} burned")


def _require_together(files: tuple[Path, ...], public: Path | None, chain: Path | None) -> None:
    """UsageError for what no judge is asked."""
    if len(files) > 2:
        raise click.UsageError("two receipts at most are judged together")
    if (len(files) == 1) != (public is not None):
        raise click.UsageError("two receipts are wanted, or one and --public")
    if chain is not None and public is None:
        raise click.UsageError("--chain leads to the head of a batch: --public says which")


def _judge(
    genesis: Path,
    signed: "list[SignedReceipt]",
    held: "PublicInput | None",
    receipts: "list[Receipt] | None",
) -> "Finding":
    """What all this proves by the rules. CommandError where that is nothing, or is more than L1
    reads."""
    from rollup.l1.bond import RECEIPTS_MAX
    from rollup.protocol.misconduct import judge_list, judge_pair, judge_promise

    signer = read_signer(genesis)
    with judged():
        if held is None:
            finding = judge_pair(signed[0], signed[1], signer)
        elif receipts is None:
            finding = judge_promise(signed[0], held, signer)
        else:
            finding = judge_list(signed[0], receipts, held, signer)
    if finding is None:
        raise CommandError(ExitCode.BAD_INPUT, "this proves nothing against the operator")
    if receipts is not None and len(receipts) > RECEIPTS_MAX:
        said = f"L1 reads {RECEIPTS_MAX} receipts of a list at most, these are {len(receipts)}"
        hint = "a shorter one from the receipt on, or a batch whose head is nearer, is wanted"
        raise CommandError(ExitCode.BAD_INPUT, f"{said}: {hint}")
    return finding


def _header(l1: "L1", held: "PublicInput") -> "BatchHeader":
    """The header that L1 holds of a batch. CommandError where it holds another, or none."""
    from rollup.protocol.header import header_of

    count = held.deposits_before + len(held.deposits)
    queue_head, digest = l1.queue_head(count), l1.header_digest(held.number)
    if queue_head is not None:
        header = header_of(held, queue_head)
        if header.digest() == digest:
            return header
    there = "holds none" if digest is None else f"holds {digest.hex()}"
    detail = f"L1 {there} under number {held.number}: this public.json is of another batch"
    raise CommandError(ExitCode.BAD_INPUT, detail)


def _bring(
    l1: "L1",
    sender: "Address",
    signed: "list[SignedReceipt]",
    header: "BatchHeader | None",
    receipts: "list[Receipt] | None",
) -> "Misconduct":
    """L1's verdict. Reverted where it refuses."""
    if header is None:
        return l1.challenge_pair(sender, signed[0], signed[1])
    if receipts is None:
        return l1.challenge_window(sender, signed[0], header)
    return l1.challenge_place(sender, signed[0], header, receipts)
