"""Ended markets: when a market is over.

A market ends with the step that closes while its parameters delist it, or while its price is at an
end of what a price or the number of a bucket can be. From the next step on its price and its F
stand for good, so that a lot is worth a known amount of cash, and whoever runs the venue turns
every position of it into that. All of it follows from public data.
Spec: docs/spec/18-ended.md.
"""

from rollup.protocol.constants import BUCKET_NUMBER_BITS, FEE_SCALE, FRACTION_SCALE
from rollup.protocol.market import Governance, Market
from rollup.protocol.market_book import BookEntry, MarketBook
from rollup.protocol.oracle import PRICE_LEAST, PRICE_MOST, Feed
from rollup.protocol.rejection import Rejected
from rollup.protocol.terms import market_terms

_SCALES = FEE_SCALE // FRACTION_SCALE


def ending_markets(governance: Governance, book: MarketBook) -> frozenset[int]:
    """The markets that are over once a step of this book closes, and were not before."""
    listed = zip(governance.markets, governance.oracle.feeds, book.markets, strict=True)
    return frozenset(
        number
        for number, (market, feed, entry) in enumerate(listed)
        if not entry.ended and is_ending(market, feed, entry)
    )


def is_ending(market: Market, feed: Feed, entry: BookEntry) -> bool:
    """Whether a live market is over: it is delisted; or its price is held at an end of what a price
    can be; or one of its sides, of an asset that of who holds it, may leave the range of bucket
    numbers within two steps."""
    is_held = entry.clamped and entry.price in (PRICE_LEAST, PRICE_MOST)
    if market.delisted or is_held or entry.price < PRICE_LEAST:
        return True
    if market.is_idle:
        return False
    room = 2 * step_buckets(market, feed, entry.price)
    try:
        numbers = market_terms(market, entry.price, entry.funding).numbers
    except Rejected:  # of a book that no batch leaves
        return True
    sides = numbers[:1] if market.is_asset else numbers
    return any(min(n, (1 << BUCKET_NUMBER_BITS) - 1 - n) < room for n in sides)


def step_buckets(market: Market, feed: Feed, price: int) -> int:
    """By how many buckets a step moves a side's value at most: its price and its maintenance margin
    by the bound of a step each, and its F by the cap of an hour; and two for what is rounded."""
    moved = price * (2 * feed.step * _SCALES + market.funding_cap)
    return -(-moved // (FEE_SCALE * market.bucket)) + 2
