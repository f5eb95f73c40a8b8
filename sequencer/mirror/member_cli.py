"""`crypsis da key` and `crypsis da serve`: to be a member of a venue's committee."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type

if TYPE_CHECKING:
    from socket import socket

    from rollup.crypto.bls import BlsSecret

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 64


@click.command("key")
@click.option("-o", "--output", type=file_type, required=True, help="The key file to write.")
@click.option("--public", type=file_type, help="File to write of what others are told.")
@conventions
def draw_key(console: Output, output: Path, public: Path | None) -> None:
    """Draw the key of a member, and show what a venue is told of it.

    The file holds the secret: 32 bytes, for its owner alone to read. The public key and its proof
    of possession are for the venue file; --public writes them as a file for whoever announces
    parameters (crypsis l1 announce --possession).
    """
    from rollup.crypto.bls import BlsSecret
    from rollup.crypto.fresh import bls_material
    from rollup.files import PRIVATE_MODE, write_whole
    from rollup.l1.committee_files import PublicMember, member_to_bytes

    for path in (output, public):
        if path is not None and path.exists():
            raise CommandError(ExitCode.BAD_INPUT, f"{path}: it exists, and is not overwritten")
    material = bls_material()
    secret = BlsSecret(material)
    told = PublicMember(secret.key, secret.prove_possession())
    write_whole(output, material, PRIVATE_MODE)
    if public is not None:
        write_whole(public, member_to_bytes(told))
    record = {"key": told.key.hex(), "possession": told.possession.hex()}
    said = f"key {record['key']}\npossession {record['possession']}"
    console.result({"file": str(output), **record}, said)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--key", type=file_type, required=True, help="Of crypsis da key.")
@click.option("--genesis", type=file_type, help="Of the venue; by default genesis.json in FOLDER.")
@click.option("--l1", required=True, help="URL of the venue's L1: only its batches are taken.")
@click.option(
    "--outpost",
    multiple=True,
    metavar="URL",
    help="An outpost whose deposits and payouts are attested to as well; may be repeated.",
)
@click.option("--listen", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8560,
    show_default=True,
    help="0 takes one that is free.",
)
@conventions
def serve(
    console: Output,
    folder: Path,
    key: Path,
    genesis: Path | None,
    l1: str,
    outpost: tuple[str, ...],
    listen: str,
    port: int,
) -> None:
    """Be a member: hold in FOLDER what a venue's batches publish, and sign that it is held.

    The venue brings each batch whose header L1 holds. It is checked as `crypsis da check` does,
    written to the disk, and then signed; one that does not follow from what is here is not. What is
    here is served as the venue would: `crypsis da fetch` of this address gives a mirror to whoever
    wants out after the operator is gone. Anybody who reaches the address can read it.

    With --outpost it signs between chains too, for `crypsis l1 relay`: what it reads at --l1 and at
    the outpost itself, and nothing else. Give it nodes of your own, that tell of final blocks: what
    was signed is not taken back where a chain is.
    """
    import asyncio

    from rollup.harness.http import server
    from rollup.l1.remote import RemoteL1
    from rollup.l1.remote_outpost import RemoteOutpost
    from sequencer.mirror.between import Between
    from sequencer.mirror.cli import genesis_of, known_errors
    from sequencer.mirror.folder import Mirror
    from sequencer.mirror.member import Member
    from sequencer.mirror.member_app import make_member_app

    mirror, secret = Mirror(folder), read_key(key)
    with known_errors(), _listening(listen, port) as listening, ExitStack() as stack:
        home, apart = (stack.enter_context(RemoteL1(l1)) for _ in range(2))
        outposts = [stack.enter_context(RemoteOutpost(url)) for url in outpost]
        venue = genesis_of(mirror, genesis)
        member = Member(mirror, venue, secret, home)
        between = Between(secret, venue, apart, outposts)
        bound = listening.getsockname()[1]
        url = f"http://{f'[{listen}]' if ':' in listen else listen}:{bound}"
        record = {
            "url": url,
            "key": member.key.hex(),
            "batch": member.number,
            "outposts": list(outpost),
        }
        console.result(record, f"{url} holds batches up to {member.number} in {folder}")
        app = make_member_app(member, between, _said(console))
        asyncio.run(server(app).serve(sockets=[listening]))


def read_key(path: Path) -> "BlsSecret":
    """The secret in a key file. What is wrong with it is said without it."""
    from rollup.crypto.bls import SECRET_BYTES, BlsError, BlsSecret
    from rollup.files import FileTooLarge, read_bounded

    try:
        return BlsSecret(read_bounded(path, SECRET_BYTES))
    except (BlsError, FileTooLarge):
        detail = f"a member's key of {SECRET_BYTES} bytes is wanted"
        raise CommandError(ExitCode.BAD_INPUT, f"{path}: {detail}") from None


def _said(console: Output) -> Callable[[str], None]:
    """Each thing once, as long as it stays so."""
    last: list[str] = []

    def say(text: str) -> None:
        if last != [text]:
            last[:] = [text]
            console.say(text)

    return say


@contextmanager
def _listening(host: str, port: int) -> "Iterator[socket]":
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        detail = f"cannot listen on {host} port {port}: {reason}"
        raise CommandError(ExitCode.BAD_INPUT, detail) from error
    with bound:
        yield bound
