"""A journal of random traffic, replayed from genesis and salt key alone, gives the same roots."""

import tempfile
from pathlib import Path

from hypothesis import given, settings

from rollup.crypto.salt import SaltKey
from rollup.protocol.encoding import digest_bytes
from sequencer.batches.entries import RootEntry
from sequencer.batches.journal import Journal
from sequencer.batches.machine import Setup
from sequencer.batches.replay import replay
from sequencer.engine.command import CloseBatch, Command
from sequencer.engine.decoys import open_decoys
from sequencer.engine.event import BatchClosed, Event
from tests.property.test_step import Plan, World, batches
from tests.strategies import venues

SETUP = Setup(venues.genesis(), SaltKey(bytes(32)), venues.quick_compress_many, venues.always_valid)


class Journalled(World):
    """The world of the other properties, with everything that was done written down."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.journal = Journal(path, SETUP.identity, SETUP.salt_key.chain_key())
        self.roots: list[bytes] = []

    def do(self, command: Command) -> list[Event]:
        work = self.core.work
        if isinstance(command, CloseBatch) and work is not None:
            open_decoys(self.core, SETUP.salt_key.lot(work.number, work.attempt))
        events = super().do(command)
        self.journal.append(command)
        return events

    def close(self) -> BatchClosed:
        closed = super().close()
        self.roots.append(digest_bytes(self.batcher.state.root))
        self.journal.append(RootEntry(closed.number, self.roots[-1]))
        return closed


@settings(max_examples=30, deadline=None)
@given(batches)
def test_a_replayed_journal_has_the_same_roots(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        world = Journalled(path)
        with world.journal:
            world.run(plan)
        replayed = replay(path, SETUP)
        assert [digest_bytes(each.outcome.public.new_root) for each in replayed] == world.roots
