"""Slot: one row is one touched slot of an account, its leaf opened once and closed once.

The leaf of a slot is the order that rests in it: the generation, which is one above the order's,
its terms and what is left of it; zeros but for the generation where none does. The row puts
generation and lots left on the memory bus at timestamp 0 and takes the last ones off it. What
rested before the batch is offered to fills from here, in time and under the key of its account now.
As the batch ends the slot is *live* or not: what rests there then is what was signed in the batch
and is told by its row, or what was there before; or it lapsed, and nothing rests there.
Height: one row a touched slot, padded. Degree: 3.
Buses: MEMORY, NODE, HASH; sends ORDER, receives RESTING and KEY_MARK.
No range checks of what is only kept: the words of an old leaf were checked by whoever wrote them in
an earlier batch. Claims: docs/spec/claims/slot.md. Spec: docs/spec/04-orders.md.

What is offered comes apart in one way. `kind` = market + 2^16 (side and marks) + 2^20 (upper 4 bits
of the price), and the marks are bits. A fill says its sides, has a listed market, whose number is
below 2^16, and a limit whose upper part, less the oracle's where it is pegged, is within 2^4 of
that of the fill's price: so it lies within 2^5, and an integer within 2^26 comes apart in one such
way. `expiry_fee` = upper 17 bits of the expiry + 2^17 fee is made of range-checked limbs, together
below 2^30.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import Expr
from circuits.air.layout import LIMB_BITS, Layout, bit, cell, cells, limbs, pack_pairs
from circuits.air.table import Table
from circuits.gadgets.buses import KEY_MARK, MEMORY, NODE, ORDER, RESTING
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.hash import request_hash
from circuits.gadgets.words import SLOT_WORD, kind_of
from rollup.hash.poseidon import chain_start
from rollup.protocol.constants import EXPIRY_BITS, FEE_RATE_BITS, SLOT_BITS
from rollup.protocol.encoding import LEAF_FEE, TypeCode

DIGEST = 8
WORDS = 5
"""Words of a leaf that are terms of its order: kind, lower 26 bits of the price, lower 26 bits of
the expiry, upper bits of the expiry with the highest fee, mark of the key."""


class Columns(Layout):
    """The columns, before and after the batch."""

    active = bit()
    account = cell()
    backstop = cell()  # 1 if it is the backstop's, where something is offered
    slot = cell()
    last_ts = cell()  # timestamp of the last access; 0 if there was none
    offers = bit()  # what rested before the batch trades in it
    uses = cell()  # sides of fills that name it
    # The leaf before.
    generation = cell()
    market = cell()
    side = cell()
    pegged = bit()
    reduce_only = bit()
    when_clamped = bit()
    price = cells(2)  # packed pairs
    left = cells(2)
    expiry_low = cell()
    expiry_high = limbs(EXPIRY_BITS - 2 * LIMB_BITS)
    max_fee = limbs(FEE_RATE_BITS)
    key_mark = cell()
    time_left = cells(3)  # lower limbs of expiry - batch time
    # Afterwards.
    live = bit()  # an order rests there
    rests = bit()  # one that was signed in the batch
    last_generation = cell()
    last_left = cells(2)  # lots left at the last access
    left_inverse = cell()  # of the sum of both
    terms = cells(WORDS)
    leaf_before = cells(DIGEST)
    leaf_after = cells(DIGEST)


def constraints(air: Builder, row: Columns) -> None:
    """One slot."""
    marks = (row.pegged, row.reduce_only, row.when_clamped)
    for flag in (row.active, row.offers, row.live, row.rests, *marks):
        air.require_bit(flag, "slot.flags")
    before = _terms_before(row)
    # Lie: the value before the batch is not what the old leaf holds, or the leaf is of another type
    # (an account leaf, an inner node): the chain starts from the type and length of a slot leaf.
    # Lie: an order fills on other terms than those that came to rest: market, side, price, fee,
    # marks, expiry, key or what is left.
    words = (row.generation, row.left, before)
    _leaf(air, words, row.leaf_before, row.active, "slot.leaf-before")
    # Lie: the fills of the batch are forgotten in the new leaf.
    # Lie: lots are left where nothing rests.
    left = [row.live * part for part in row.last_left]
    words = (row.last_generation, left, row.terms)
    _leaf(air, words, row.leaf_after, row.active, "slot.leaf-after")
    # Lie: a slot of another account, another slot, or one slot opened twice.
    node = [row.account + 1, SLOT_BITS, row.slot, *row.leaf_before, *row.leaf_after]
    air.receive(NODE, node, row.active, claim="slot.opened-once")
    # Lie: fills start from more lots than are left, or their last count is dropped; the slot is not
    # past the generations that acted in the batch.
    word = row.slot + SLOT_WORD
    start = [row.account, word, 0, row.generation, *row.left, 0]
    air.send(MEMORY, start, row.active, claim="slot.value-before")
    end = [row.account, word, row.last_ts, row.last_generation, *row.last_left, 0]
    air.receive(MEMORY, end, row.active, claim="slot.value-after")
    _offered(air, row)
    _closed(air, row, before)


def _terms_before(row: Columns) -> tuple[Any, ...]:
    """The terms in the old leaf."""
    marks = (row.pegged, row.reduce_only, row.when_clamped)
    low, high = row.price
    kind = kind_of(row.market, row.side, marks, high)
    expiry_fee = row.expiry_high.value() + row.max_fee.value() * 2**LEAF_FEE
    return (kind, low, row.expiry_low, expiry_fee, row.key_mark)


def _offered(air: Builder, row: Columns) -> None:
    """What rested before the batch may fill, in time and under the account's key."""
    # Lie: a row that opens no leaf offers an order.
    air.require_zero(row.offers * (1 - row.active), "slot.padding-is-silent")
    # Lie: an order fills whose time and key nobody looked at.
    air.require_zero(row.uses * (1 - row.offers), "slot.unoffered")
    # Lie: the expiry comes apart as a later one, or the fee as a higher one.
    for number in (row.expiry_high, row.max_fee):
        air.range_check(number, row.offers, claim="slot.bounds")
    expiry = (row.expiry_low, row.expiry_high.value())
    # Lie: the order expired before the end of the batch.
    time = pack_pairs(air.public("time", 4))
    require_at_most(air, time, expiry, EXPIRY_BITS, row.time_left, row.offers, "slot.expiry")
    # Lie: whoever had the account's key before its owner exchanged it has orders that fill.
    # Lie: an order of the backstop does not say so, and takes risk, just when it is needed.
    mark = (row.account, row.key_mark, row.backstop)
    air.receive(KEY_MARK, mark, row.offers, claim="slot.key-mark")
    marks = (row.pegged, row.reduce_only, row.when_clamped, row.backstop)
    place = (row.account, row.slot, row.generation)
    terms = (*place, row.market, row.side, *row.price, row.max_fee.value(), *marks)
    # Lie: a fill of an order that rests nowhere.
    air.send(ORDER, terms, row.uses, claim="slot.offered")


def _closed(air: Builder, row: Columns, before: Sequence[Any]) -> None:
    """What rests there afterwards."""
    # Lie: something comes to rest in a row that opens no leaf, or in a slot where nothing rests.
    air.require_zero(row.rests * (1 - row.active * row.live), "slot.rests")
    # Lie: an order that nobody signed comes to rest, or one with other terms than signed, or one
    # that was to be filled at once or not at all.
    told = (row.account, row.slot, row.last_generation, *row.terms)
    air.receive(RESTING, told, row.rests, claim="slot.rests")
    kept = row.live - row.rests
    # Lie: what rested before lives on in the place of what was signed since, or of what a cancel or
    # an outflow ended: any of these raises the generation, or leaves nothing.
    air.require_zero(kept * (row.last_generation - row.generation), "slot.kept")
    for now, then in zip(row.terms, before, strict=True):
        # Lie: other terms than rested before; terms where nothing rests.
        air.require_equal(now * (1 - row.rests), kept * then, "slot.kept")
    low, high = row.last_left
    # Lie: an order rests of which nothing is left. 26 and 14 bits sum below p.
    air.require_equal((low + high) * row.left_inverse, row.live, "slot.something-left")


def _leaf(
    air: Builder, words: Sequence[Any], leaf: Sequence[Expr], count: Expr, claim: str
) -> None:
    generation, left, (kind, price, *others) = words
    block = (generation, kind, price, *left, *others)
    request_hash(air, chain_start(TypeCode.SLOT, 1), block, leaf, count, claim=claim)


TABLE = Table(name="slot", columns=Columns, constraints=constraints)
