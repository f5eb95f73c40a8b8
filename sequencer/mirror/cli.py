"""crypsis da: what a venue publishes, mirrored, checked, and an account rebuilt from it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type
from sequencer.client.options import password_option
from sequencer.mirror.escape_cli import escape
from sequencer.mirror.member_cli import draw_key, serve

if TYPE_CHECKING:
    from rollup.availability.holder import Holder
    from rollup.hash.poseidon import Digest
    from rollup.protocol.genesis import Genesis
    from sequencer.mirror.folder import Mirror
    from sequencer.mirror.following import Followed

KEY_TEXT_MAX: Final = 128

_folder = click.Path(file_okay=False, path_type=Path)
_folder_argument = click.argument("folder", type=_folder)
_genesis_option = click.option(
    "--genesis", type=file_type, help="Of the venue; by default genesis.json in FOLDER."
)


@click.group()
def da() -> None:
    """Published data: mirror it, check it, and rebuild an account if its operator is gone.

    Every batch publishes the new leaf of each account that it touched, encrypted so that only the
    account's viewing key reads it. Whoever mirrors that needs nobody's help to leave:

    \b
    crypsis da fetch http://127.0.0.1:8550 -o mirror --genesis genesis.json
    crypsis da check mirror
    crypsis da rebuild mirror --keys trader.json -o account-3.exit.json
    crypsis l1 escape account-3.exit.json

    `crypsis da serve` is a member of a committee, who attests that the data is held.
    """


da.add_command(draw_key)
da.add_command(serve)


@da.command()
@_folder_argument
@_genesis_option
@conventions
def check(console: Output, folder: Path, genesis: Path | None) -> None:
    """Check what every batch in FOLDER published against its public input, from genesis on.

    FOLDER is a venue's own, or a mirror: batches/000001/public/ has public.json and data.bin. The
    data must be what public.json commits to, and its leaves must give the new root. Whether
    public.json was proved is not asked: `crypsis verify` does that.
    """
    with known_errors():
        place, holder = _opened(folder, genesis)
        found = _followed(console, _follow(place, holder))
    console.result({**_state_of(holder), **_sums(found)}, f"{folder}: {_told(holder, found)}")


@da.command()
@click.argument("url")
@click.option("-o", "--output", type=_folder, required=True, help="Folder of the mirror.")
@_genesis_option
@conventions
def fetch(console: Output, url: str, output: Path, genesis: Path | None) -> None:
    """Fetch what the venue at URL published, up to its last proved batch.

    What is in the folder is checked first, and is not fetched again. Each new file is checked as it
    comes, as `crypsis da check` does, and a wrong one is not written. --genesis is wanted once: a
    copy of it is kept.
    """
    from sequencer.client.command import known_errors as client_errors
    from sequencer.mirror.fetching import Source
    from sequencer.mirror.fetching import fetch as fetched

    with known_errors(), client_errors(), Source(url) as source:
        place, holder = _opened(output, genesis)
        kept = _followed(console, _follow(place, holder))
        place.begin(genesis_of(place, genesis))
        found = _followed(console, fetched(source, place, holder))
    record = {**_state_of(holder), **_sums(found), "kept": len(kept)}
    console.result(record, f"{output}: {_told(holder, found)}; {len(kept)} were here")


@da.command()
@_folder_argument
@_genesis_option
@click.option("--account", type=click.IntRange(0), help="Its number; else that of --keys.")
@click.option("--keys", type=file_type, help="The account's key file, which has its viewing key.")
@password_option
@click.option(
    "--viewing-key-file", type=file_type, help="In place of --keys: 32 bytes in hex, in a file."
)
@click.option("--l1", help="L1 of the venue: up to its last proved batch, and its root.")
@click.option("-o", "--output", type=file_type, required=True, help="The exit file to write.")
@conventions
def rebuild(
    console: Output,
    folder: Path,
    genesis: Path | None,
    account: int | None,
    keys: Path | None,
    password_file: Path | None,
    viewing_key_file: Path | None,
    l1: str | None,
    output: Path,
) -> None:
    """Rebuild an account from FOLDER and its viewing key, as the file that it escapes with.

    Nothing else is needed, and nobody is asked: the last leaf that any batch published of the
    account, who owns it by the queue entries in public.json, and the path above it by the leaves of
    all others. An escape opens the last batch that L1 took, so FOLDER must reach to that: --l1 asks
    which it is, and compares the root. An account whose viewing key the venue was never told is
    published for everybody to read, and is rebuilt without one.

    \b
    crypsis da rebuild mirror --keys trader.json -o account-3.exit.json --l1 http://127.0.0.1:8645/
    crypsis l1 escape account-3.exit.json
    """
    from rollup.availability.rebuild import rebuild as rebuilt
    from rollup.files import PRIVATE_MODE, write_whole
    from rollup.l1.exit_file import exit_to_bytes
    from sequencer.mirror.following import fast_hashing

    if keys is not None and viewing_key_file is not None:
        raise click.UsageError("--keys or --viewing-key-file, not both")
    with known_errors():
        index, viewing_key = _reader(account, keys, password_file, viewing_key_file)
        place, holder = _opened(folder, genesis)
        proved = None if l1 is None else _proved(l1)
        _followed(console, _follow(place, holder, None if proved is None else proved[0]))
        if proved is not None:
            _require_reaches(holder, *proved)
        published = holder.last(index).number
        leaf = rebuilt(holder, index, holder.header(index), viewing_key, fast_hashing())
        write_whole(output, exit_to_bytes(leaf, holder.book), PRIVATE_MODE)
    record = {**_state_of(holder), "account": index, "published": published, "file": str(output)}
    text = f"{output}: account {index}, as batch {published} published it"
    console.result(record, f"{text}, good for the root after batch {holder.number}")


da.add_command(escape)


def _opened(folder: Path, genesis: Path | None) -> "tuple[Mirror, Holder]":
    from sequencer.mirror.folder import Mirror
    from sequencer.mirror.following import holder_of

    place = Mirror(folder)
    return place, holder_of(genesis_of(place, genesis))


def genesis_of(place: "Mirror", genesis: Path | None) -> "Genesis":
    """The genesis that is named, else that in the folder."""
    from sequencer.mirror.folder import read_genesis

    return place.genesis() if genesis is None else read_genesis(genesis)


def _follow(place: "Mirror", holder: "Holder", last: int | None = None) -> "Iterator[Followed]":
    from sequencer.mirror.following import follow

    return follow(place, holder, last)


def _followed(console: Output, batches: "Iterable[Followed]") -> "list[Followed]":
    """All of them, each shown as it comes."""
    found = []
    for each in batches:
        console.progress(f"batch {each.number}: {each.leaves} leaves")
        found.append(each)
    return found


def _reader(
    account: int | None, keys: Path | None, password_file: Path | None, key_file: Path | None
) -> "tuple[int, Digest | None]":
    """Which account it is, and what reads it. Usage error where nothing says which."""
    if keys is not None:
        from sequencer.client.command import known_errors as client_errors
        from sequencer.client.command import password_of
        from sequencer.client.keystore import Keystore

        with client_errors():
            opened = Keystore.open(keys, lambda: password_of(password_file))
        if account not in (None, opened.account):
            raise click.UsageError(f"{keys} is of account {opened.account}, not of {account}")
        return opened.account, opened.viewing_key
    if account is None:
        raise click.UsageError("--account is wanted, or --keys, which says which it is")
    return account, None if key_file is None else _key_in(key_file)


def _key_in(file: Path) -> "Digest":
    """The viewing key in a file, in hex. What is wrong with it is said without it."""
    from rollup.files import read_bounded
    from rollup.protocol.rejection import Rejected
    from rollup.protocol.viewing_key import viewing_key_from_bytes

    try:
        text = read_bounded(file, KEY_TEXT_MAX).decode("ascii").strip()
        return viewing_key_from_bytes(bytes.fromhex(text))
    except Rejected as refusal:
        raise CommandError(ExitCode.BAD_INPUT, f"{file}: {refusal}") from None
    except ValueError:
        detail = "a viewing key of 32 bytes in hex is wanted"
        raise CommandError(ExitCode.BAD_INPUT, f"{file}: {detail}") from None


def _proved(l1: str) -> "tuple[int, Digest]":
    """The last batch that L1 took, and the root after it."""
    from rollup.l1.remote import RemoteL1

    with RemoteL1(l1) as remote:
        number, root = remote.read_all([("proved_number", {}), ("root", {})])
        return number, root


def _require_reaches(holder: "Holder", number: int, root: "Digest") -> None:
    from rollup.protocol.encoding import hex_digest

    if holder.number < number:
        detail = f"L1 has proved batch {number}, and the folder ends at batch {holder.number}"
        raise CommandError(ExitCode.BAD_INPUT, detail)
    if holder.root != root:
        detail = f"batch {number}: the folder has root {hex_digest(holder.root)}, L1 another"
        raise CommandError(ExitCode.ROOTS_DIFFER, detail)


def _state_of(holder: "Holder") -> dict[str, object]:
    from rollup.protocol.encoding import hex_digest

    return {"batch": holder.number, "root": hex_digest(holder.root)}


def _sums(found: "list[Followed]") -> dict[str, object]:
    leaves, size = (sum(numbers) for numbers in _columns(found))
    return {"batches": len(found), "leaves": leaves, "bytes": size}


def _columns(found: "list[Followed]") -> tuple[list[int], list[int]]:
    return [each.leaves for each in found], [each.size for each in found]


def _told(holder: "Holder", found: "list[Followed]") -> str:
    leaves, size = (sum(numbers) for numbers in _columns(found))
    batches = "1 batch" if len(found) == 1 else f"{len(found)} batches"
    last = f"{len(holder.accounts)} accounts after batch {holder.number}"
    return f"{batches} with {leaves} leaves in {size:,} bytes; {last}"


@contextmanager
def known_errors() -> Iterator[None]:
    """What published data, files and L1 answer, as messages with exit codes."""
    from rollup.availability.fault import DataRefused, Fault
    from rollup.harness.l1_cli import known_errors as l1_errors
    from sequencer.mirror.folder import MirrorError

    try:
        with l1_errors():
            yield
    except MirrorError as error:
        raise CommandError(ExitCode.BAD_INPUT, str(error)) from error
    except DataRefused as error:
        differs = error.fault in (Fault.ROOT, Fault.LEAVES)
        code = ExitCode.ROOTS_DIFFER if differs else ExitCode.INVALID
        record = {"error": str(error), "reason": error.fault.value}
        raise CommandError(code, f"refused: {error}", record) from error
