"""A venue that runs on a folder and a mock L1: toy hashing, real envelopes, a clock by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rollup.crypto.envelope import Destination
from rollup.crypto.salt import SaltKey
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.order import Order, SignedOrder, message_digest
from sequencer.batches.artefacts import LockedFolder, VenueFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.entries import Entry
from sequencer.batches.journal import read
from sequencer.batches.machine import Setup
from sequencer.batches.ports import L1
from sequencer.client.travelling import cancel_action, order_action
from sequencer.service.answer import Answer
from sequencer.service.facts import Fact
from sequencer.service.keeper import SNAPSHOT_EVERY
from sequencer.service.venue import Venue
from tests.helpers import venue as small
from tests.helpers.l1 import OPERATOR, World, proof_of
from tests.helpers.oracle import reports

SALT = bytes(range(32))
WINDOW_MS = 1_000
SETUP = Setup(small.genesis(), SaltKey(SALT), small.toy_compress_many, small.toy_verify_many)
HERE = Destination(small.CHAIN, small.VENUE)


@dataclass
class Running:
    """The venue, the world it runs in, and what traders do in it."""

    root: Path
    world: World = field(default_factory=World)
    reach: Callable[[], L1] | None = None
    snapshot_every: int = SNAPSHOT_EVERY

    def __post_init__(self) -> None:
        with VenueFolder(self.root).lock() as folder:
            folder.start(SETUP.genesis, SALT, small.RECEIPT_MATERIAL)
        self.start()

    def start(self) -> None:
        """Start on the folder, whatever is in it."""
        self.folder: LockedFolder = VenueFolder(self.root).lock()
        try:
            l1 = self.world.l1 if self.reach is None else self.reach()
            every = self.snapshot_every
            self.venue = Venue(SETUP, self.folder, l1, OPERATOR, snapshot_every=every)
        except BaseException:
            self.folder.close()
            raise

    def stop(self) -> None:
        """As an orderly end does."""
        self.venue.close()
        self.folder.close()

    def crash(self) -> None:
        """As a kill does: what was not synced is gone, nothing is closed in order."""
        self.venue._journal._pending.clear()
        self.venue._journal.close()
        self.venue._keeper.close()
        self.folder.close()

    def restart(self) -> None:
        self.crash()
        self.start()

    def open(self, prices: tuple[int, ...] = small.PRICES) -> None:
        """The next window, from now on."""
        time = self.world.now + WINDOW_MS
        self.venue.open_batch(time, reports(small.GOVERNANCE, prices, time))

    def close(self) -> ClosedBatch:
        """At the end of the window."""
        self.world.pass_time(WINDOW_MS)
        return self.venue.close_batch()

    def envelope(self, order: Order, by: int | None = None) -> bytes:
        """An order, signed by its account's first key or by another one."""
        signer = order.account if by is None else by
        signature = small.TOY.sign(signer, message_digest(order, small.toy_compress_many))
        action = order_action(SignedOrder(order, signature))
        return self.venue.sealing_key.seal(action, HERE, self.venue.core.clock + WINDOW_MS)

    def cancel_envelope(self, account: int, slot: int, generation: int) -> bytes:
        cancel = CancelOrder(small.CHAIN, small.VENUE, account, slot, generation)
        (digest,) = cancel_digests([cancel], small.toy_compress_many)
        signature = small.TOY.sign(account, digest)
        action = cancel_action(SignedCancel(cancel, signature))
        return self.venue.sealing_key.seal(action, HERE, self.venue.core.clock + WINDOW_MS)

    def submit(self, *orders: Order) -> list[Answer]:
        return self.venue.submit([self.envelope(order) for order in orders])

    def facts(self, order: Order) -> list[str]:
        """Names of what became of one order, or the reason of its refusal."""
        (answer,) = self.submit(order)
        return [str(answer.reason)] if answer.reason else names(answer.facts)

    def post(self, closed: ClosedBatch) -> None:
        self.venue.post(closed.outcome.public, proof_of(closed.outcome.public))

    def batch(self, *orders: Order) -> ClosedBatch:
        """Open, submit, close, hold to it at L1, prove, post."""
        self.open()
        self.submit(*orders)
        closed = self.close()
        assert self.venue.commit_headers() is None
        self.post(closed)
        return closed

    def entries(self) -> list[Entry]:
        """What the journal's file holds now."""
        key = SETUP.salt_key.chain_key()
        return list(read(self.folder.journal, SETUP.identity, key))


def names(facts: "tuple[Fact, ...] | list[Fact]") -> list[str]:
    return [type(fact).__name__ for fact in facts]
