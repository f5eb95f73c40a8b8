"""Replay: the journal through core and batcher again. The roots must be the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rollup.crypto.salt import SaltKey
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.genesis import Genesis
from rollup.protocol.rejection import Rejected
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.units import VerifyMany
from sequencer.batches.batcher import Batcher, BatcherError
from sequencer.batches.journal import JournalError, RootEntry, identity_of, read
from sequencer.engine.core import CoreError, new_state, step
from sequencer.engine.event import BatchClosed


class RootsDiffer(Exception):
    """A replayed batch has another root than the journal noted."""

    def __init__(self, number: int, noted: str, replayed: str) -> None:
        super().__init__(
            f"batch {number}: the journal noted root {noted}, the replay has {replayed}"
        )
        self.number = number
        self.noted = noted
        self.replayed = replayed


@dataclass(frozen=True, slots=True, repr=False)
class ReplayedBatch(Private):
    """One batch of the journal, as it came out again."""

    number: int
    deposits: int
    orders: int
    fills: int
    root: Digest


def replay(
    path: Path,
    genesis: Genesis,
    salt_key: SaltKey,
    *,
    compress_many: CompressMany,
    verify_many: VerifyMany,
    shape_class: ShapeClass = CLASS_S,
) -> Iterator[ReplayedBatch]:
    """Every closed batch of a journal. Raises JournalError with the offset, or RootsDiffer."""
    core = new_state(genesis, shape_class)
    batcher = Batcher(
        genesis,
        salt_key,
        compress_many=compress_many,
        verify_many=verify_many,
        shape_class=shape_class,
    )
    done: ReplayedBatch | None = None
    for entry in read(path, identity_of(genesis, shape_class)):
        if isinstance(entry.content, RootEntry):
            _compare(entry.content, core.number, batcher.state.root, entry.offset)
            continue
        if done is not None:
            yield done
            done = None
        try:
            closed = step(core, entry.content)[-1:]
            if closed and isinstance(closed[0], BatchClosed):
                batcher.close(closed[0], core)
                done = _replayed(closed[0], batcher.state.root)
        except (CoreError, BatcherError, Rejected) as error:
            raise JournalError(entry.offset, f"the command cannot be replayed: {error}") from error
    if done is not None:
        yield done


def _compare(noted: RootEntry, number: int, root: Digest, offset: int) -> None:
    if noted.number != number:
        detail = f"a root of batch {noted.number} after batch {number}"
        raise JournalError(offset, detail)
    replayed = digest_bytes(root)
    if noted.root != replayed:
        raise RootsDiffer(number, noted.root.hex(), replayed.hex())


def _replayed(closed: BatchClosed, root: Digest) -> ReplayedBatch:
    return ReplayedBatch(
        closed.number, len(closed.deposits), len(closed.orders), len(closed.fills), root
    )
