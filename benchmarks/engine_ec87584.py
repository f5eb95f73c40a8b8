"""The run of benchmarks/engine.py for the sequencer of commit ec87584: the same orders and parts.

A script, started with that commit's sources on PYTHONPATH and nothing of the present ones. It has
no good-until, no answers, and one flush a batch; `answers_s` is therefore 0.
"""

import json
import sys
import tempfile
from pathlib import Path
from time import process_time
from types import SimpleNamespace

from rollup.crypto.batched import sign_many, verify_many
from rollup.crypto.envelope import Destination
from rollup.crypto.salt import SaltKey
from rollup.hash.batched import compress_many
from rollup.protocol.order import SignedOrder, message_digests
from rollup.protocol.shape_class import SHAPE_CLASSES
from sequencer.admission import order_action
from sequencer.artefacts import VenueFolder
from sequencer.batcher import Policy
from sequencer.venue import Venue
from tests.helpers import venue as small

TRADERS, DEPOSIT, WINDOW_MS, GROUP = 60, 10**12, 1_000, 64
SALT = bytes(range(32))
HERE = Destination(small.CHAIN, small.VENUE)


def crossing_orders(count):
    orders = []
    for pair in range(count // 2):
        seller, slot = 1 + 2 * (pair % (TRADERS // 2)), pair // (TRADERS // 2)
        size = 1 + pair % 7
        orders += [small.sell(seller, size, slot=slot), small.buy(seller + 1, size, slot=slot)]
    return orders


def sealed_orders(orders, sealing):
    messages = message_digests(orders, compress_many)
    signatures = sign_many([small.trader_key(order.account) for order in orders], messages)
    actions = [
        order_action(SignedOrder(order, signature.to_bytes()))
        for order, signature in zip(orders, signatures, strict=True)
    ]
    return [sealing.seal(action, HERE) for action in actions]


def measure(shape_class, count):
    l1 = SimpleNamespace(
        queue=[small.register(place, place + 1, DEPOSIT) for place in range(TRADERS)]
    )
    with tempfile.TemporaryDirectory(prefix="crypsis-load-") as temporary:
        folder = VenueFolder(Path(temporary))
        genesis = small.genesis()
        folder.start(genesis, SALT)
        policy = Policy(shape_class.trades, WINDOW_MS, shape_class)
        suite = {"compress_many": compress_many, "verify_many": verify_many}
        venue = Venue(genesis, folder, l1, bytes(20), SaltKey(SALT), policy, **suite)
        venue.open_batch(small.START + WINDOW_MS, small.PRICES)
        venue.close_batch()
        envelopes = sealed_orders(crossing_orders(count), venue.sealing_key)
        venue.open_batch(venue.core.time + WINDOW_MS, small.PRICES)
        submitting = closing = 0.0
        for first in range(0, count, GROUP):
            start = process_time()
            receipts = venue.submit(envelopes[first : first + GROUP])
            taken = process_time()
            for receipt in receipts:
                if receipt.reason is not None:
                    raise RuntimeError(f"an order was refused: {receipt.reason}")
            if (first + GROUP) % shape_class.orders == 0 or first + GROUP >= count:
                venue.close_batch()
                venue.open_batch(venue.core.time + WINDOW_MS, small.PRICES)
            submitting += taken - start
            closing += process_time() - taken
        venue.close()
    return {"submit_s": submitting, "answers_s": 0.0, "close_s": closing}


if __name__ == "__main__":
    shape, orders = SHAPE_CLASSES[sys.argv[1]], int(sys.argv[2])
    measure(shape, GROUP)
    print(json.dumps(measure(shape, orders)))
