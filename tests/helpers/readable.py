"""Who reads what a batch published: a key folds the words to the leaf, or it does not."""

from pathlib import Path

from rollup.crypto.batched import verify_many
from rollup.hash.batched import compress_many
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.account import header_digests
from rollup.protocol.availability import read_blocks
from rollup.protocol.encoding import fold_accounts
from rollup.protocol.outcome import Outcome
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.replay import replay


def reads(outcome: Outcome, index: int, key: Digest, by: CompressMany) -> bool:
    """Whether a key reads what a batch published of an account."""
    (leaf,) = (each.leaf for each in outcome.published if each.leaf.index == index)
    (account,) = (each.after for each in outcome.accounts if each.index == index)
    assert account is not None
    (header,) = header_digests([account.header], by)
    (found,) = fold_accounts([(header, *read_blocks(leaf, key, by))], by)
    return found == leaf.leaf


def readable_in(state: Path) -> dict[int, list[int]]:
    """By batch of a venue's folder, of class S, the accounts that everybody can read."""
    folder = VenueFolder(state)
    setup = Setup(folder.read_genesis(), folder.read_salt_key(), compress_many, verify_many)
    done = replay(folder.journal, setup)
    return {each.batch.number: readable_by_all(each.outcome, compress_many) for each in done}


def readable_by_all(outcome: Outcome, by: CompressMany) -> list[int]:
    """The accounts that a batch published under what L1 shows of their viewing keys."""
    shown = {each.index: each.after.header.viewing for each in outcome.accounts if each.after}
    return [index for index, key in shown.items() if reads(outcome, index, key, by)]
