"""What a venue's owners must be given to escape with, out of its folder: a file for each account.

Whoever has the folder has the salts, so it is for a venue's operator alone; a file tells what its
account has, and is for that account's owner alone. Spec: docs/spec/20-exits.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rollup.crypto.batched import verify_many
from rollup.files import PRIVATE_MODE, make_private_folder, write_whole
from rollup.hash.batched import compress_many
from rollup.l1.exit_file import exit_to_bytes
from rollup.l1.leaf_of import leaf_of
from rollup.protocol.shape_class import SHAPE_CLASSES
from rollup.protocol.state import State
from sequencer.batches.artefacts import ArtefactError, VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.replay import state_after
from sequencer.running.state import pinned_file

LEAF_FILE: Final = "account-{}.exit.json"


def state_of(root: Path, number: int) -> State:
    """The state of the venue of a folder after a batch. A venue that runs may run on: its journal
    is only read. ArtefactError, CodecError, JournalError or RootsDiffer."""
    folder, names = VenueFolder(root), pinned_file(root).shape_classes
    classes = (SHAPE_CLASSES[name] for name in names)
    salt_key = folder.read_salt_key()
    setup = Setup(folder.read_genesis(), salt_key, compress_many, verify_many, *classes)
    return state_after(folder.journal, setup, number)


def wanted_accounts(state: State, asked: Sequence[int]) -> list[int]:
    """The accounts asked for, or all. ArtefactError for one that the state has not."""
    for index in asked:
        if index not in state.accounts:
            known = len(state.accounts)
            raise ArtefactError(f"account {index}: none of the {known} accounts of that batch")
    return sorted(set(asked) or state.accounts)


def write_leaves(state: State, accounts: Iterable[int], output: Path) -> Iterator[Path]:
    """Write the files of accounts, each its owner's alone, and name each once it is there."""
    make_private_folder(output)
    for index in accounts:
        path = output / LEAF_FILE.format(index)
        write_whole(path, exit_to_bytes(leaf_of(state, index), state.book), PRIVATE_MODE)
        yield path
