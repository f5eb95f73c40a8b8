"""Batches to measure with: so many trades between so many accounts, in a book of any size.

Orders are real: every fill has two of its own, each with a signature; where a class takes fewer
signatures than sides of fills, those who sell rest before, signed in batches of their own. Accounts
trade in pairs, and every round uses a slot of its own.
"""

import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rollup.field.koalabear import P
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.account import EMPTY_LEAF, account_leaves, header_digests
from rollup.protocol.batch import Batch, PartialState
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.constants import ACCOUNT_BITS, DEPOSITS_MAX, DIGEST_LENGTH, TRIGGER_BITS
from rollup.protocol.order import Order
from rollup.protocol.roots import state_roots
from rollup.protocol.shape_class import CLASS_M, CLASS_R, ShapeClass
from rollup.protocol.triggers import trigger_leaves
from rollup.tree.multi import sibling_addresses, update
from tests.helpers.venue import BTC_PRICE, Match, Venue, buy, real, register, sell

DEPOSIT = 10**12
"""A million dollars each: nobody comes near its margin."""

REFRESHED_SIZE = 1_000
"""Lots of who is refreshed."""


def trading_batches(
    trades: int, accounts: Sequence[int], shape_class: ShapeClass, book: int = 0
) -> Iterator[bytes]:
    """Batch files that follow each other, each as full as its class while trades last.

    `accounts` (an even number) are the indices that trade. With a `book`, indices below it that
    nobody names hold accounts too, as siblings that nobody can tell from real ones; then one batch
    is all there is, because the state behind those siblings does not exist.
    """
    venue = Venue(real())
    for first in range(0, len(accounts), DEPOSITS_MAX):
        consumed = venue.state.globals.deposits_consumed
        named = enumerate(accounts[first : first + DEPOSITS_MAX])
        venue.run(venue.batch([register(consumed + i, index, DEPOSIT) for i, index in named]))
    venue.shape_class = shape_class
    pairs = len(accounts) // 2
    matches = [
        _match(accounts[2 * (k % pairs)], accounts[2 * (k % pairs) + 1], k // pairs, 1_000 + k)
        for k in range(trades)
    ]
    if 2 * shape_class.trades > shape_class.orders:
        _place(venue, [match.sell for match in matches])
    for first in range(0, trades, shape_class.trades):
        batch = venue.batch([], matches[first : first + shape_class.trades])
        yield batch_to_bytes(in_a_book(batch, book) if book else batch)
        if first + shape_class.trades < trades:
            venue.run(batch)


def _place(venue: Venue, orders: Sequence[Order]) -> None:
    """Batches in which orders come to rest."""
    most = venue.shape_class.orders
    for first in range(0, len(orders), most):
        venue.run(venue.batch(placed=orders[first : first + most]))


def refreshing_batch(accounts: Sequence[int], book: int, seed: int = 1) -> bytes:
    """A batch file that opens these accounts (an even number) for their triggers only.

    They traded in pairs, with margins that a seed spreads from an eighth to a half of what they
    hold; then the price fell by a hundredth.
    """
    draw, venue = random.Random(seed), Venue(real(), shape_class=CLASS_M)
    held = REFRESHED_SIZE * BTC_PRICE
    for first in range(0, len(accounts), DEPOSITS_MAX):
        consumed = venue.state.globals.deposits_consumed
        entries = [
            register(consumed + i, index, int(held * draw.uniform(1 / 8, 1 / 2)))
            for i, index in enumerate(accounts[first : first + DEPOSITS_MAX])
        ]
        venue.run(venue.batch(entries))
    pairs = list(zip(accounts[::2], accounts[1::2], strict=True))
    for first in range(0, len(pairs), CLASS_M.accounts // 2 - 2):
        traded = pairs[first : first + CLASS_M.accounts // 2 - 2]
        matches = [_match(*pair, 0, REFRESHED_SIZE) for pair in traded]
        venue.run(venue.batch([], matches))
    venue.prices = (venue.prices[0] * 99 // 100, *venue.prices[1:])
    venue.shape_class = CLASS_R
    batch = venue.batch(refreshed=accounts, reported=True)
    return batch_to_bytes(in_a_book(batch, book))


def in_a_book(batch: Batch, book: int) -> Batch:
    """The batch as it would be if every account index below `book` held an account."""
    hashing, pre = real().compress_many, batch.pre
    indices = [opening.index for opening in pre.accounts]
    siblings = tuple(
        _digest() if address << level < book else sibling
        for (level, address), sibling in zip(
            sibling_addresses(indices, ACCOUNT_BITS), pre.account_siblings, strict=True
        )
    )
    present = [o.account for o in pre.accounts if o.account is not None]
    headers = header_digests([account.header for account in present], hashing)
    hashed = iter(account_leaves(present, headers, hashing))
    leaves = [EMPTY_LEAF if o.account is None else next(hashed) for o in pre.accounts]
    pairs = {index: (leaf, leaf) for index, leaf in zip(indices, leaves, strict=True)}
    root = update(ACCOUNT_BITS, pairs, siblings, hashing).roots[0][0]
    markets, globals_ = pre.markets.digest(hashing), pre.globals.digest(hashing)
    triggers = _triggers_root(pre, hashing)
    old_root = state_roots([root], [markets], [triggers], [globals_], hashing)[0]
    return replace(batch, old_root=old_root, pre=replace(pre, account_siblings=siblings))


def _triggers_root(pre: PartialState, hashing: CompressMany) -> Digest:
    """The root that the opened leaves of triggers lead to."""
    leaves = trigger_leaves([opening.counters for opening in pre.triggers], hashing)
    pairs = {o.index: (leaf, leaf) for o, leaf in zip(pre.triggers, leaves, strict=True)}
    return update(TRIGGER_BITS, pairs, pre.trigger_siblings, hashing).roots[0][0]


def _match(buyer: int, seller: int, slot: int, size: int) -> Match:
    return Match(buy(buyer, size, slot=slot), sell(seller, size, slot=slot), size)


def _digest() -> Digest:
    a, b, c, d, e, f, g, h = (secrets.randbelow(P) for _ in range(DIGEST_LENGTH))
    return (a, b, c, d, e, f, g, h)
