"""`make bench-restart`: how long a venue takes to start again after many batches, and how much
memory: from its snapshots beside from its whole journal, in one run.

Real hashing and signatures, a mock L1 that takes every proof. All batches are proved but the last
`UNPROVED`, which any start does again. Memory is what Python allocated at most while starting.
"""

import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import click

from benchmarks.engine import DEPOSIT, SALT, TRADERS, crossing_orders, sealed_orders
from benchmarks.timing import processor_name
from rollup.crypto.batched import verify_many
from rollup.crypto.salt import SaltKey
from rollup.files import remove
from rollup.hash.batched import compress_many
from rollup.l1.mock import MockL1
from rollup.program.cli import Output, conventions
from rollup.protocol.order import Order
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.batches.store import COMPANIONS
from sequencer.service.venue import Venue
from tests.helpers import venue as small
from tests.helpers.l1 import OPERATOR, StubVerifier, deployment, proof_of

SETUP = Setup(small.genesis(), SaltKey(SALT), compress_many, verify_many)
WINDOW_MS = 1_000
ORDERS = 16
UNPROVED = 4


@dataclass(frozen=True, slots=True)
class Started:
    """One start: wall and CPU seconds, and the most bytes that Python held beside those before."""

    wall: float
    cpu: float
    memory: int


@dataclass
class Town:
    """A venue on a folder, and the L1 that outlives it."""

    folder: Path
    batches: int = 0
    now: int = small.START

    def __post_init__(self) -> None:
        made = deployment(root=SETUP.genesis.state(compress_many).root)
        self.l1 = MockL1(made, [StubVerifier()], lambda: self.now, compress_many)

    def venue(self) -> "Opened":
        """Open it, for a `with`."""
        return Opened(self)

    def trade(self, venue: Venue, orders: list[Order]) -> None:
        """One batch: opened, filled, closed, held at L1."""
        venue.open_batch(self.now + WINDOW_MS)
        good_until = venue.core.clock + WINDOW_MS
        sealing = venue.sealing_key
        venue.submit(sealed_orders(orders, sealing, good_until))
        self.now += WINDOW_MS
        venue.close_batch()
        venue.commit_headers()
        self.batches += 1


class Opened(closing[Venue]):
    """A venue that is open, with the lock of its folder."""

    def __init__(self, town: Town) -> None:
        self._lock = VenueFolder(town.folder).lock()
        super().__init__(Venue(SETUP, self._lock, town.l1, OPERATOR))

    def __exit__(self, *error: object) -> None:
        try:
            super().__exit__(*error)
        finally:
            self._lock.close()


def grow(town: Town, until: int) -> None:
    """More batches, until there are so many; all but the last few are proved."""
    with town.venue() as venue:
        while town.batches < until:
            town.trade(venue, list(orders_of(town.batches)))
            for closed in venue.unproved[: -UNPROVED or None]:
                venue.post(closed.outcome.public, proof_of(closed.outcome.public))


def orders_of(batch: int) -> Iterator[Order]:
    """Half of them cross, and every slot is used again, under the next generation."""
    for order in crossing_orders(ORDERS):
        terms = {"slot": batch % 250, "generation": batch // 250}
        side = small.sell if order.side else small.buy
        yield side(order.account, order.size, **terms)


def found(folder: Path) -> Town:
    """A new venue whose traders are registered."""
    with VenueFolder(folder).lock() as lock:
        lock.start(SETUP.genesis, SALT, small.RECEIPT_MATERIAL)
    town = Town(folder)
    for account in range(1, TRADERS + 1):
        key = small.public_key(account)
        town.l1.mint(small.owner(account), DEPOSIT)
        words = ((*key.x, *key.y), small.viewing(account))
        town.l1.register(small.owner(account), *words, DEPOSIT)
    return town


def start(town: Town, before: Callable[[], None] = lambda: None) -> Started:
    """Timed once, and once more for its memory: what watches it makes it slow."""
    before()
    wall, cpu = perf_counter(), process_time()
    town.venue().__exit__(None, None, None)
    timed = perf_counter() - wall, process_time() - cpu
    before()
    tracemalloc.start()
    town.venue().__exit__(None, None, None)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Started(*timed, most)


def forget_store(town: Town) -> None:
    """As if there had never been one."""
    for companion in COMPANIONS:
        remove(Path(f"{VenueFolder(town.folder).store}{companion}"))


def snapshot_seconds(town: Town) -> tuple[int, float, float]:
    """Bytes of a snapshot, and seconds to write it down and to read it."""
    with town.venue() as venue:
        standing = venue._machine.standing
        wall = perf_counter()
        data = standing_to_bytes(standing)
        middle = perf_counter()
        machine_from_bytes(data, SETUP)
        return len(data), middle - wall, perf_counter() - middle


def measure(counts: list[int]) -> Iterator[dict[str, Any]]:
    """Both ways to start after so many batches."""
    with tempfile.TemporaryDirectory(prefix="crypsis-restart-") as temporary:
        town = found(Path(temporary) / "target")
        for count in sorted(counts):
            grow(town, count)
            size, write, read = snapshot_seconds(town)
            kept = start(town)
            whole = start(town, lambda: forget_store(town))
            yield {
                "batches": count,
                "journal_bytes": VenueFolder(town.folder).journal.stat().st_size,
                "snapshot_bytes": size,
                "snapshot_write_s": write,
                "snapshot_read_s": read,
                "start_s": kept.wall,
                "start_cpu_s": kept.cpu,
                "start_memory": kept.memory,
                "whole_s": whole.wall,
                "whole_cpu_s": whole.cpu,
                "whole_memory": whole.memory,
            }


def text(record: dict[str, Any]) -> str:
    """A line for people."""
    return (
        f"{record['batches']:5,} batches, journal {record['journal_bytes'] / 2**20:.1f} MiB: "
        f"start {record['start_s']:.2f} s ({record['start_cpu_s']:.2f} CPU-s, "
        f"{record['start_memory'] / 2**20:.1f} MiB), whole journal {record['whole_s']:.2f} s "
        f"({record['whole_cpu_s']:.2f} CPU-s, {record['whole_memory'] / 2**20:.1f} MiB); snapshot "
        f"{record['snapshot_bytes'] / 1024:.0f} KiB, {1000 * record['snapshot_write_s']:.1f} ms "
        f"to write down, {1000 * record['snapshot_read_s']:.1f} ms to read"
    )


@click.command()
@click.option("--batches", type=click.IntRange(1, 100_000), multiple=True, default=(10, 100, 1_000))
@conventions
def bench(output: Output, batches: tuple[int, ...]) -> None:
    """Measure how a start depends on the batches before it."""
    output.say(processor_name())
    records = []
    for record in measure(list(batches)):
        records.append(record)
        output.say(text(record))
    output.result({"restarts": records}, "")


if __name__ == "__main__":
    bench()
