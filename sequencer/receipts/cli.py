"""`crypsis receipt`: what an operator's receipts prove, offline, and its answer to a challenge."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.files import PRIVATE_MODE, write_whole
from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES
from sequencer.receipts.challenge_cli import challenge
from sequencer.receipts.reading_cli import (
    genesis_option,
    judged,
    read_list,
    read_public,
    read_signed,
    read_signer,
)

if TYPE_CHECKING:  # the curve is loaded when a command is called
    from rollup.protocol.misconduct import Finding
    from rollup.protocol.public import PublicInput
    from rollup.protocol.receipt import Receipt


@click.group()
def receipt() -> None:
    """Receipts of envelopes: whom they bind, and what they prove.

    Exit 1 says that the operator is proved to have misbehaved; of `verify` also, with no
    "misconduct" in its JSON, that the receipt binds nobody. 3 says that a file is not what is
    needed to say anything: to `fraud` and `check` that is a receipt that binds nobody, too.
    """


receipt.add_command(challenge)


@receipt.command()
@click.argument("file", type=file_type)
@genesis_option
@click.option("--public", type=file_type, help="public.json of the batch that it promises.")
@conventions
def verify(console: Output, file: Path, genesis: Path, public: Path | None) -> None:
    """Whether a receipt is the venue's: its form, its signature, and the batch that it promises.

    With --public also whether that batch has the window that the receipt promised, and whether the
    receipt is the head that it holds. Where it is not, `check` shows its place, by the operator's
    list.
    """
    from rollup.protocol.misconduct import judge_promise

    signer, signed = read_signer(genesis), read_signed(file)
    with judged(unsigned=ExitCode.INVALID):
        found = signer.require(signed)
        held = None if public is None else read_public(public)
        finding = None if held is None else judge_promise(signed, held, signer)
    record: dict[str, object] = {
        "signed_by": signer.address.hex(),
        "chain": found.chain,
        "venue": found.venue,
        "sequence": found.sequence,
        "batch": found.batch,
        "time": found.time,
        "envelope": found.envelope.hex(),
        "digest": found.digest().hex(),
    }
    text = f"receipt {found.sequence} of venue {found.venue}, for batch {found.batch}: signed by "
    text += signer.address.hex()
    if held is not None:
        record |= _held_record(found, held)
        text += "\n" + _held_text(found, held)
    _say(console, finding, record, text)


@receipt.command()
@click.argument("file", type=file_type)
@conventions
def show(console: Output, file: Path) -> None:
    """What a receipt says, whoever signed it: `verify` tells whether it binds anybody.

    \b
    crypsis order place BTC-PERP buy 0.01 @61800.5 --account trader.json --receipts kept
    crypsis receipt show kept/receipt-17.json
    """
    found = read_signed(file).receipt
    record = {
        "chain": found.chain,
        "venue": found.venue,
        "sequence": found.sequence,
        "batch": found.batch,
        "time": found.time,
        "envelope": found.envelope.hex(),
        "previous": found.previous.hex(),
        "digest": found.digest().hex(),
    }
    console.result(record, "\n".join(f"{name:<9} {value}" for name, value in record.items()))


@receipt.command()
@click.argument("first", type=file_type)
@click.argument("second", type=file_type)
@genesis_option
@conventions
def fraud(console: Output, first: Path, second: Path, genesis: Path) -> None:
    """What two receipts prove by themselves: a fork, or a receipt that was backdated."""
    from rollup.protocol.misconduct import judge_pair

    signer = read_signer(genesis)
    with judged():
        finding = judge_pair(read_signed(first), read_signed(second), signer)
    record: dict[str, object] = {"signed_by": signer.address.hex()}
    _say(console, finding, record, "these two receipts prove nothing against the operator")


@receipt.command()
@click.argument("file", type=file_type)
@click.option("--chain", type=file_type, required=True, help="The operator's list of receipts.")
@click.option(
    "--public", type=file_type, required=True, help="public.json whose head the list leads to."
)
@genesis_option
@conventions
def check(console: Output, file: Path, chain: Path, public: Path, genesis: Path) -> None:
    """Whether a receipt is in its place in the chain that a batch holds.

    The list is what `crypsis receipt publish` writes. Know first that the public input is of a
    batch that L1 holds (`crypsis verify`, and its digest in the header), and the genesis that of
    L1's deployment.
    """
    from rollup.protocol.misconduct import judge_list

    signer, signed, held = read_signer(genesis), read_signed(file), read_public(public)
    receipts = read_list(chain)
    with judged():
        finding = judge_list(signed, receipts, held, signer)
    place, address, digest = signed.receipt.sequence, signer.address.hex(), held.digest().hex()
    record = {
        "signed_by": address,
        "sequence": place,
        "batch": held.number,
        "public_digest": digest,
    }
    text = f"receipt {place} is in its place in the chain that batch {held.number} holds"
    _say(console, finding, record, text, f" (public input {digest}, signer {address})")


@receipt.command()
@click.argument("journal", type=file_type)
@click.option("--batch", type=click.IntRange(1), required=True, help="The last batch listed.")
@click.option("--since", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--shape-class", type=click.Choice(list(SHAPE_CLASSES)), default=CLASS_S.name, show_default=True
)
@click.option(
    "--crash-class", type=click.Choice(list(SHAPE_CLASSES)), help="Of a venue that has one."
)
@click.option("-o", "--output", type=file_type, required=True, help="File to write, one a line.")
@conventions
def publish(
    console: Output,
    journal: Path,
    batch: int,
    since: int,
    shape_class: str,
    crash_class: str | None,
    output: Path,
) -> None:
    """Write the receipts that lead to a batch's head, from sequence --since on.

    The operator's answer to a challenge, out of target/private/journal. It tells how many envelopes
    opened, and which of those that somebody saw, so it is given when asked for, from the
    receipt in question on, and not before.
    """
    from rollup.protocol.receipt_json import list_to_ndjson
    from sequencer.batches.artefacts import ArtefactError
    from sequencer.batches.entries import JournalError
    from sequencer.batches.receipts import published

    try:
        classes = (SHAPE_CLASSES[name] for name in (shape_class, crash_class) if name)
        receipts = published(journal, batch, since, *classes)
    except (ArtefactError, JournalError) as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
    write_whole(output, list_to_ndjson(receipts), PRIVATE_MODE)
    record = {"receipts": len(receipts), "batch": batch, "file": str(output)}
    console.result(record, f"{len(receipts)} receipts up to batch {batch} in {output}")


def _say(
    console: Output,
    finding: "Finding | None",
    record: dict[str, object],
    text: str,
    rests_on: str = "",
) -> None:
    """The result; CommandError if misconduct is proved."""
    if finding is None:
        console.result({**record, "misconduct": None}, text + rests_on)
        return
    kind, detail = finding.misconduct.value, finding.detail
    proved = {**record, "misconduct": kind, "detail": detail}
    raise CommandError(ExitCode.INVALID, f"misconduct proved: {kind}: {detail}{rests_on}", proved)


def _held_record(receipt: "Receipt", held: "PublicInput") -> dict[str, object]:
    """What the public input of the batch adds to a receipt that promises it."""
    return {
        "public_digest": held.digest().hex(),
        "head": held.receipts.hex(),
        "is_head": held.receipts == receipt.digest(),
    }


def _held_text(receipt: "Receipt", held: "PublicInput") -> str:
    head = held.receipts.hex()
    text = f"public input {held.digest().hex()} of batch {held.number}: its window ends as promised"
    if held.receipts == receipt.digest():
        return f"{text}, at {held.time}, and the head that it holds, {head}, is this receipt"
    return (
        f"{text}, at {held.time}; the head that it holds, {head}, is another receipt: "
        "crypsis receipt check shows that this one is in its chain"
    )
