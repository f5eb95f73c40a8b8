"""A venue in a process of its own, to be killed.

    python -m tests.faults.child ROOT URL SEED [LIMIT]

It trades for ever, brings everything to the L1 at URL, and says each receipt on standard output
once it was answered with. No file of it may grow beyond LIMIT bytes: how a full disk looks.
"""

import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rollup.l1.remote import RemoteL1
from sequencer.batches.artefacts import VenueFolder
from sequencer.service.facts import Accepted
from tests.helpers import venue as small
from tests.helpers.l1 import proof_of
from tests.helpers.oracle import reports
from tests.helpers.running import SALT, SETUP, Running
from tests.helpers.venue import RECEIPT_MATERIAL

WINDOW_MS = 200
ORDERS = 6


@dataclass
class Child(Running):
    """A venue on a folder, as it was left there."""

    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        with VenueFolder(self.root).lock() as folder:
            if not folder.journal.exists():
                folder.start(SETUP.genesis, SALT, RECEIPT_MATERIAL)
        self.start()

    def live(self) -> None:
        """Until somebody ends it."""
        while True:
            if self.venue.core.work is None:
                now = time.time_ns() // 1_000_000
                ends = max(now, self.venue.core.time) + WINDOW_MS
                self.venue.open_batch(ends, reports(small.GOVERNANCE, small.PRICES, ends))
            for _ in range(self.random.randint(1, 4)):
                self.trade()
            self.venue.close_batch()
            wanted = self.venue.commit_headers()
            while wanted is not None:
                self.venue.redo(wanted)
                wanted = self.venue.commit_headers()
            for closed in self.venue.unproved:
                self.venue.post(closed.outcome.public, proof_of(closed.outcome.public))

    def trade(self) -> None:
        """Some orders, under generations that were never used."""
        first = time.time_ns() // 1_000 % 2**26
        orders = [
            (small.sell if place % 2 else small.buy)(
                1 + place % 2, self.random.randint(1, 4), slot=place, generation=first
            )
            for place in range(ORDERS)
        ]
        for order, answer in zip(orders, self.submit(*orders), strict=True):
            if answer.receipt is None:
                continue
            is_live = any(isinstance(fact, Accepted) for fact in answer.facts)
            receipt = answer.receipt.receipt
            key = (order.account, order.slot, order.generation)
            print(receipt.sequence, receipt.digest().hex(), int(is_live), *key, flush=True)


def main(root: str, url: str, seed: str, limit: str = "") -> None:
    """Begin, or go on."""
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    child = Child(Path(root), reach=lambda: RemoteL1(url), snapshot_every=3, random=Random(seed))
    child.live()


if __name__ == "__main__":
    main(*sys.argv[1:])
