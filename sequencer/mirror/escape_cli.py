"""crypsis da escape: an account out of a frozen venue in private, proved here by its key.

`crypsis l1 escape` does so in public, by the owner's word. Spec: docs/spec/23-private-exit.md.
"""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from rollup.harness.l1_cli import DEFAULT_URL, Hex, known_errors, remote_l1
from rollup.program.cli import CommandError, ExitCode, Output, conventions
from rollup.protocol.constants import OWNER_BYTES
from sequencer.client.options import password_option

if TYPE_CHECKING:
    from rollup.crypto.schnorr import SecretKey
    from rollup.l1.escape import LeafOpening
    from rollup.l1.exit_asked import ExitAsked, ExitProved
    from rollup.l1.remote import RemoteL1
    from rollup.protocol.market_book import MarketBook

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_file)
@click.option("--keys", type=_file, required=True, help="Key file of the account.")
@password_option
@click.option("--to", type=Hex(OWNER_BYTES), required=True, help="Who can withdraw it: anybody.")
@click.option("--sender", type=Hex(OWNER_BYTES), help="Who calls L1; else who is paid.")
@click.option("--l1", default=DEFAULT_URL, show_default=True, help="Of the L1.")
@conventions
def escape(
    console: Output,
    file: Path,
    keys: Path,
    password_file: Path | None,
    to: bytes,
    sender: bytes | None,
    l1: str,
) -> None:
    """Take an account out of a frozen venue without saying which, with its leaf and path in FILE.

    Its trading key is asked for, and no other: a proof made here shows what the account is worth,
    and that its key lets the address in --to have that. L1 and whoever sees it learn no more, but
    for who can read what the venue published of the account: the operator, and everybody where the
    venue was never told its viewing key.
    An account that holds assets escapes by `crypsis l1 escape`.

    \b
    crypsis da rebuild mirror --keys trader.json -o account-3.exit.json
    crypsis da escape account-3.exit.json --keys trader.json --to 00112233...
    """
    if not any(to):
        raise click.UsageError("--to is the address of nobody, who would never withdraw it")
    secret = _secret(keys, password_file)
    leaf, book = _read(file)
    start = perf_counter()
    with known_errors(), remote_l1(l1) as remote:
        parameters = _require_ready(remote, leaf, book)
        asked = _asked(remote, leaf, book, secret, to)
        proved = _proved(console, parameters, remote, asked)
        seconds = round(perf_counter() - start, 1)
        wanted = proved.statement.wanted
        remote.escape_privately(sender or to, wanted, book, proved.proof)
    from rollup.protocol.encoding import hex_digest

    record = {
        "amount": str(wanted.amount),
        "recipient": to.hex(),
        "nullifier": hex_digest(wanted.nullifier),
        "proof_bytes": len(proved.proof),
        "seconds": seconds,
    }
    console.result(record, f"{wanted.amount} quanta can be withdrawn by {to.hex()}")


def _secret(keys: Path, password_file: Path | None) -> "SecretKey":
    from sequencer.client.command import known_errors as client_errors
    from sequencer.client.command import password_of
    from sequencer.client.keystore import Keystore

    with client_errors():
        return Keystore.open(keys, lambda: password_of(password_file)).secret


def _read(file: Path) -> "tuple[LeafOpening, MarketBook]":
    from rollup.codec.strict import CodecError
    from rollup.l1.exit_file import exit_from_bytes

    try:
        return exit_from_bytes(file.read_bytes())
    except CodecError as error:
        raise CommandError(ExitCode.BAD_INPUT, f"{file}: {error}") from error


def _require_ready(remote: "RemoteL1", leaf: "LeafOpening", book: "MarketBook") -> str:
    """The set of its proofs, where L1 takes a proof of this leaf: asked before any work."""
    from rollup.hash.batched import compress_many
    from rollup.l1.private_exit import EXIT_CLASS

    pinned = [each for each in remote.deployment.pins if each.shape_class == EXIT_CLASS]
    if not pinned:
        detail = "this venue takes no private exits; `crypsis l1 escape` takes the file"
        raise CommandError(ExitCode.REFUSED_BY_PEER, detail)
    if not remote.is_frozen:
        raise CommandError(ExitCode.REFUSED_BY_PEER, "the venue lives: nobody escapes from it")
    if leaf.root(compress_many) != remote.root:
        detail = "the file is of another root than L1's last; rebuild it to that"
        raise CommandError(ExitCode.ROOTS_DIFFER, detail)
    if book.digest() != remote.book:
        detail = "the market book in the file is not the one beside L1's last root; rebuild it"
        raise CommandError(ExitCode.ROOTS_DIFFER, detail)
    return pinned[0].parameter_set


def _asked(
    remote: "RemoteL1", leaf: "LeafOpening", book: "MarketBook", secret: "SecretKey", to: bytes
) -> "ExitAsked":
    from rollup.l1.exit_asked import ExitAsked

    genesis = remote.deployment.genesis
    of_venue = (genesis.chain, genesis.venue, remote.governance)
    return ExitAsked(*of_venue, leaf, book, secret, to)


def _proved(
    console: Output, parameters: str, remote: "RemoteL1", asked: "ExitAsked"
) -> "ExitProved":
    from rollup.installed import installed_exit_prover
    from rollup.l1.exit_asked import CannotExit

    try:
        _require_worth_it(remote, asked)
        return installed_exit_prover(parameters).prove(
            asked, lambda phase, share: console.say(f"{phase} ({share:.0%} done)")
        )
    except CannotExit as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error


def _require_worth_it(remote: "RemoteL1", asked: "ExitAsked") -> None:
    """Refuse before any work what L1 would refuse after it, and what would pay nothing. L1 is not
    told which nullifier is meant: it is looked for here, among all that are spent."""
    from rollup.hash.batched import compress_many
    from rollup.l1.reasons import Revert, Reverted

    wanted = asked.statement(compress_many).wanted
    if wanted.nullifier in remote.exits.nullifiers:
        raise Reverted(Revert.ESCAPED, "the account with this nullifier has escaped")
    if wanted.amount == 0:
        detail = "the account is worth nothing: there is nothing to take out"
        raise CommandError(ExitCode.BAD_INPUT, detail)
