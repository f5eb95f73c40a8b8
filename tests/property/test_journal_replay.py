"""A journal of random traffic, replayed from genesis and salt key alone, gives the same roots."""

import tempfile
from pathlib import Path

from hypothesis import given, settings

from rollup.crypto.salt import SaltKey
from rollup.protocol.encoding import digest_bytes
from sequencer.batches.journal import Journal, identity_of
from sequencer.batches.replay import replay
from sequencer.engine.command import Command
from sequencer.engine.event import BatchClosed, Event
from tests.property.test_step import Plan, World, batches
from tests.strategies import venues


class Journalled(World):
    """The world of the other properties, with every command written before it is done."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.journal = Journal(path, identity_of(venues.genesis()))
        self.roots: list[bytes] = []

    def do(self, command: Command) -> list[Event]:
        self.journal.append(command)
        return super().do(command)

    def close(self) -> BatchClosed:
        closed = super().close()
        self.roots.append(digest_bytes(self.batcher.state.root))
        self.journal.append_root(closed.number, self.roots[-1])
        return closed


@settings(max_examples=30, deadline=None)
@given(batches)
def test_a_replayed_journal_has_the_same_roots(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        world = Journalled(path)
        with world.journal:
            world.run(plan)
        replayed = replay(
            path,
            venues.genesis(),
            SaltKey(bytes(32)),
            compress_many=venues.quick_compress_many,
            verify_many=venues.always_valid,
        )
        assert [digest_bytes(batch.root) for batch in replayed] == world.roots
