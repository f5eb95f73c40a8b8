"""crypsis sequencer leaves: what a venue's operator gives the owners once it has ended."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions
from sequencer.client.options import DEFAULT_L1
from sequencer.running.errors_cli import program_errors

if TYPE_CHECKING:
    from rollup.hash.poseidon import Digest

_folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--state", type=_folder, required=True, help="Folder of the venue.")
@click.option(
    "--account",
    type=click.IntRange(0),
    multiple=True,
    help="Of this account; of several.",
)
@click.option(
    "--batch",
    type=click.IntRange(0),
    help="After this one; L1 is not asked.",
)
@click.option("--l1", default=DEFAULT_L1, show_default=True, help="Whose last proved batch it is.")
@click.option("-o", "--output", type=_folder, required=True, help="Folder for the files.")
@conventions
def leaves(
    console: Output,
    state: Path,
    account: tuple[int, ...],
    batch: int | None,
    l1: str,
    output: Path,
) -> None:
    """Write what owners escape with: a file for each account, its leaf with its path.

    An escape opens an account as the last batch that L1 took proved it, so the files are of that
    batch, and of no use for another. The journal is done again up to there, which checks it, and
    what comes out is compared with the root that L1 holds. Give each owner that owner's own file
    and no other: it tells what the account has.

    \b
    crypsis sequencer leaves --state DIR -o leaves
    crypsis l1 escape leaves/account-3.exit.json
    """
    from rollup.protocol.encoding import hex_digest
    from sequencer.running.leaves import state_of, wanted_accounts, write_leaves

    with program_errors():
        number, root = _proved(l1) if batch is None else (batch, None)
        found = state_of(state, number)
        if root not in (None, found.root):
            detail = f"batch {number}: the journal has root {hex_digest(found.root)}, L1 another"
            raise CommandError(ExitCode.ROOTS_DIFFER, detail)
        indices = wanted_accounts(found, account)
        files = [str(path) for path in write_leaves(found, indices, output)]
    record = {"batch": number, "root": hex_digest(found.root), "files": files}
    counted = "1 file" if len(files) == 1 else f"{len(files)} files"
    console.result(record, f"{output}: {counted}, good for the root after batch {number}")


def _proved(l1: str) -> "tuple[int, Digest]":
    """The last batch that L1 took, and the root after it."""
    from rollup.l1.remote import RemoteL1

    with RemoteL1(l1) as remote:
        number, root = remote.read_all([("proved_number", {}), ("root", {})])
        return number, root
