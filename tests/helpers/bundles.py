"""Batches in which bundles act: one of four quotes and a cancel, one of two, and an order alone."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from circuits.statement.replay import replay
from circuits.statement.witness import Witness
from circuits.tables.records import Records
from rollup.protocol.batch import Batch
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.order import SignedOrder
from rollup.protocol.outcome import Outcome
from rollup.protocol.slot_steps import Authority
from tests.helpers.statement import small_witness
from tests.helpers.venue import USDC, Match, Venue, buy, cancel, real, sell

RICH = 1_000_000 * USDC

MAKER, TAKER, OTHER = 1, 2, 3
"""Who signed five actions at once, who signed one order, and who signed two."""

QUOTES = [buy(MAKER, 10 + k, slot=20 + k) for k in range(4)]
MADE = [*QUOTES[:2], cancel(MAKER, slot=9), *QUOTES[2:]]
"""Five actions: a tree of depth 3, whose last three leaves are nobody's."""
OFFERS = [sell(OTHER, 7 + k, slot=40 + k) for k in range(2)]


def with_bundle(batch: Batch, signed: Sequence[SignedOrder | SignedCancel]) -> Batch:
    """The batch with bundled orders and cancels in the place of the same signed alone."""
    by_what = {
        each.order if isinstance(each, SignedOrder) else each.cancel: each for each in signed
    }
    orders = tuple(by_what.get(each.order, each) for each in batch.orders)
    cancels = tuple(by_what.get(each.cancel, each) for each in batch.cancels)
    return replace(batch, orders=orders, cancels=cancels)  # type: ignore[arg-type]


def bundled_venue() -> Venue:
    """Three rich traders, on Poseidon and Schnorr; the first has an order in slot 9."""
    venue = Venue(suite=real()).with_traders(RICH, RICH, RICH)
    venue.run(venue.batch(placed=[buy(MAKER, 5, slot=9)]))
    return venue


def bundled_batch(venue: Venue) -> Batch:
    """Of the five, three quotes and the cancel act, and a quote is filled by the order signed
    alone; of the two, both rest."""
    taken = sell(TAKER, QUOTES[1].size, slot=30)
    match = Match(QUOTES[1], taken, taken.size)
    quotes = [QUOTES[0], QUOTES[3], *OFFERS]
    batch = venue.batch(matches=[match], placed=quotes, cancels=[cancel(MAKER, slot=9)])
    return with_bundle(with_bundle(batch, venue.bundled(MADE)), venue.bundled(OFFERS))


@cache
def bundled_outcome() -> Outcome:
    """What that batch does."""
    venue = bundled_venue()
    return venue.apply(bundled_batch(venue))


def authority() -> Authority:
    """By whose word."""
    return bundled_outcome().steps.authority


def bundled_records() -> Records:
    """The records of it."""
    return replay(bundled_outcome())


@cache
def bundle_witness() -> Witness:
    """Its witness at small heights; it breaks nothing."""
    witness = small_witness(bundled_outcome())
    if witness.failures():
        raise AssertionError("a batch of bundles is not honest")
    return witness
