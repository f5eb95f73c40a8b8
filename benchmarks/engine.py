"""One run of the sequencer without a network: `python -m benchmarks.engine`, for benchmarks.load.

Prints one JSON record. Envelopes are sealed before anything counts; then CPU seconds of opening,
admission, matching, journal and flush in groups, of sealing the answers, and of closing batches.
The orders are those of benchmarks/engine_ec87584.py, so that the two can be compared.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import process_time

import click

from rollup.crypto.answer import seal_action_answer
from rollup.crypto.batched import sign_many, verify_many
from rollup.crypto.envelope import Destination, SealingKey
from rollup.crypto.salt import SaltKey
from rollup.hash.batched import compress_many
from rollup.protocol.order import Order, SignedOrder, message_digests
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.machine import Setup
from sequencer.client.travelling import order_action
from sequencer.service.venue import Venue
from tests.helpers import venue as small
from tests.helpers.l1 import OPERATOR, World

TRADERS = 60
DEPOSIT = 10**12
WINDOW_MS = 1_000
GROUP = 64
SALT = bytes(range(32))
HERE = Destination(small.CHAIN, small.VENUE)


def crossing_orders(count: int) -> list[Order]:
    """Sells and buys in turn, every two of them a fill of both."""
    orders = []
    for pair in range(count // 2):
        seller, slot = 1 + 2 * (pair % (TRADERS // 2)), pair // (TRADERS // 2)
        size = 1 + pair % 7
        orders += [small.sell(seller, size, slot=slot), small.buy(seller + 1, size, slot=slot)]
    return orders


def sealed_orders(orders: Sequence[Order], sealing: SealingKey, good_until: int) -> list[bytes]:
    """Each order signed by its owner, in an envelope."""
    messages = message_digests(orders, compress_many)
    signatures = sign_many([small.trader_key(order.account) for order in orders], messages)
    actions = [
        order_action(SignedOrder(order, signature.to_bytes()))
        for order, signature in zip(orders, signatures, strict=True)
    ]
    return [sealing.seal(action, HERE, good_until) for action in actions]


@contextmanager
def running_venue(shape_class: ShapeClass) -> Iterator[Venue]:
    """A venue on a temporary folder whose traders are registered."""
    world = World()
    setup = Setup(small.genesis(), SaltKey(SALT), compress_many, verify_many, shape_class)
    with (
        tempfile.TemporaryDirectory(prefix="crypsis-load-") as temporary,
        VenueFolder(Path(temporary)).lock() as folder,
    ):
        folder.start(setup.genesis, SALT, small.RECEIPT_MATERIAL)
        venue = Venue(setup, folder, world.l1, OPERATOR)
        try:
            for account in range(1, TRADERS + 1):
                world.register(account, DEPOSIT)
            venue.open_batch(small.START + WINDOW_MS)
            venue.close_batch()
            yield venue
        finally:
            venue.close()


def measure(shape_class: ShapeClass, count: int, group: int = GROUP) -> dict[str, float]:
    """CPU seconds of `count` orders by part, in batches as full as their class takes."""
    with running_venue(shape_class) as venue:
        orders = crossing_orders(count)
        until = venue.core.time + WINDOW_MS * (2 + count // shape_class.orders)
        envelopes = sealed_orders(orders, venue.sealing_key, until)
        venue.open_batch(venue.core.time + WINDOW_MS)
        submitting = answering = closing = 0.0
        for first in range(0, count, group):
            start = process_time()
            receipts = venue.submit(envelopes[first : first + group])
            venue.take_facts()
            taken = process_time()
            for receipt in receipts:
                if receipt.reason is not None or receipt.answering is None:
                    raise RuntimeError(f"an order was refused: {receipt.reason}")
                seal_action_answer(bytes(400), receipt.answering)
            answered = process_time()
            if (first + group) % shape_class.orders == 0 or first + group >= count:
                venue.close_batch()
                venue.open_batch(venue.core.time + WINDOW_MS)
            submitting += taken - start
            answering += answered - taken
            closing += process_time() - answered
        return {"submit_s": submitting, "answers_s": answering, "close_s": closing}


@click.command()
@click.option("--shape-class", type=click.Choice(list(SHAPE_CLASSES)), default="M")
@click.option("--orders", type=click.IntRange(2, 6_000), default=2048)
def run(shape_class: str, orders: int) -> None:
    """Measure once. The first orders, before anything counts, load the kernels."""
    measure(SHAPE_CLASSES[shape_class], GROUP)
    click.echo(json.dumps(measure(SHAPE_CLASSES[shape_class], orders)))


if __name__ == "__main__":
    run()
