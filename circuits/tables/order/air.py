"""Order: one row is one signed order or outflow, in time, with its signature but for the long sum.

Row k is signature k. It hashes the order and the challenge, gives the ladder the key P of the
account's leaf and the challenge c, and takes back what the ladder comes to, s * G - c * P for some
s: that is R, which the challenge holds. Only then is the order offered to the fills. An outflow has
its members in the places of an order's, under a type code of its own, and is offered to the outflow
table.

A row without an order (active = 0) holds a signature all the same, of a key and a challenge nobody
asked about: the ladder is walked for every place, and `active` gates what is hashed, looked up and
offered.
Height: 4 rows a signature; the first fourth are used. Degree: 3. Buses: sends ORDER, LADDER_KEY,
WINDOW and CHALLENGE; receives KEY, HASH and LADDER_END.
Claims: docs/spec/claims/order.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS, Layout, bit, cell, cells, group, limbs, many, pack_pairs
from circuits.air.table import Table
from circuits.gadgets.buses import CHALLENGE, KEY, LADDER_END, LADDER_KEY, ORDER, WINDOW
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.hash import request_chain, request_hash
from circuits.tables.ladder.air import PointCells
from rollup.crypto import curve, schnorr
from rollup.hash.poseidon import chain_start
from rollup.protocol.constants import (
    FEE_RATE_BITS,
    GENERATION_BITS,
    MARKET_BITS,
    PEG_BITS,
    PRICE_BITS,
    SIGNATURE_SCHEME,
    SIZE_BITS,
    SLOT_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import TypeCode
from rollup.protocol.order import FLAGS

DIGEST = 8
MESSAGE_BLOCKS = 2
CHALLENGE_BLOCKS = 5

HIGH_BITS = 7
"""A field element is low + 2^24 high with high <= 127, since p - 1 = 127 * 2^24."""

HIGH_MAX = (1 << HIGH_BITS) - 1


class Part(Layout):
    """A digest element as low + 2^24 high; low is what remains, an expression."""

    high = limbs(HIGH_BITS)
    below_top = cell()  # 1 / (127 - high), or anything if low is 0


class Columns(Layout):
    """The columns."""

    active = bit()  # 1 on an order
    uses = cell()  # sides of fills that name it
    # What was signed, beside scheme, chain and venue.
    account = cell()
    backstop = bit()  # it is the one that governance names
    backstop_inverse = cell()  # of the account's number less the backstop's
    slot = limbs(SLOT_BITS)
    generation = limbs(GENERATION_BITS)
    market = limbs(MARKET_BITS)
    side = bit()  # 0 buys, 1 sells
    price = limbs(PRICE_BITS)
    size = limbs(SIZE_BITS)
    expiry = limbs(TIME_BITS)
    max_fee = limbs(FEE_RATE_BITS)
    outflow = bit()  # a withdrawal or a transfer
    immediate = bit()  # time in force
    reduce_only = bit()
    post_only = bit()
    pegged = bit()  # the price is an offset from the oracle's
    when_clamped = bit()
    time_left = cells(3)  # lower limbs of expiry - batch time
    # Hash chains, digest last.
    message = many(MESSAGE_BLOCKS, cells(DIGEST))
    challenge = many(CHALLENGE_BLOCKS, cells(DIGEST))
    parts = many(schnorr.CHALLENGE_PARTS, group(Part))
    # The signature.
    key = group(PointCells)  # P
    nonce = group(PointCells)  # R
    zeros = cell()  # digits of the challenge that are 0


class Fixed(Layout):
    """The fixed columns."""

    place = cell()  # 1 on the rows that have a ladder


def fixed_values(places: int, height: int) -> Mapping[str, Sequence[int]]:
    """The first `places` rows have a signature."""
    del height
    return {"place": [1] * places}


def constraints(air: Builder, row: Columns) -> None:
    """One order."""
    # Lie: half an order, counted in one sum and not in another.
    air.require_bit(row.active, "order.flags")
    # Lie: an order below the rows that have a ladder, so that no signature is checked.
    air.require_zero(row.active * (1 - air.fixed.place), "order.place")
    # Lie: a row without an order offers one.
    air.require_zero(row.uses * (1 - row.active), "order.unused")
    _fields(air, row)
    message = _message(air, row)
    _challenge(air, row, message)
    _signature(air, row)
    # Lie: a fill trades on other terms than those signed (or a fill of an order nobody signed).
    # Lie: a signed withdrawal is filled as an order, or an order paid out as a withdrawal.
    size = row.size.packed()
    terms = [row.account, row.slot.value(), row.generation.value(), row.market.value(), row.side]
    # Lie: an order of the backstop that does not say so takes risk, just when it is needed.
    reduces = row.reduce_only + row.backstop * (1 - row.reduce_only)
    marks = [row.pegged, reduces, row.when_clamped, row.backstop]
    terms += [*row.price.packed(), *size, row.max_fee.value(), *marks, row.outflow]
    air.send(ORDER, terms, row.uses, claim="order.offered")


def _fields(air: Builder, row: Columns) -> None:
    """Every signed number is inside its bounds, and the order is in time and a trader's."""
    distance = row.account - air.public("backstop_account")
    air.require_bit(row.backstop, "order.flags")
    with air.when(row.active):
        # Lie: the backstop's order passes for anybody's, and spends what liquidations need.
        air.require_equal(distance * row.backstop_inverse, 1 - row.backstop, "order.backstop")
    # Lie: somebody's order may be asked for no more than to reduce, so that it is never met.
    air.require_zero(row.backstop * distance, "order.backstop")
    # Lie: a slot that is the address of a cash or position word, a size that wraps,
    # a market number that is a slot's address.
    numbers = (row.slot, row.generation, row.market, row.price, row.size, row.expiry, row.max_fee)
    for number in numbers:
        air.range_check(number, row.active, claim="order.bounds")
    # Lie: a side that is neither, or flags this version does not know.
    marks = (row.immediate, row.reduce_only, row.post_only, row.pegged, row.when_clamped)
    for flag in (row.side, row.outflow, *marks):
        air.require_bit(flag, "order.flags")
    air.require_zero(row.outflow * sum(marks[1:], marks[0]), "order.flags")
    # Lie: an offset so large that it and the oracle price together are no price.
    _, middle, top = row.price
    air.range_check((middle, PEG_BITS - LIMB_BITS), row.pegged, claim="order.peg")
    air.require_zero(row.pegged * top, "order.peg")
    # Lie: the order expired before the end of the batch.
    low, high = pack_pairs(air.public("time", 4))
    expiry = row.expiry.packed()
    require_at_most(air, (low, high), expiry, TIME_BITS, row.time_left, row.active, "order.expiry")


def _message(air: Builder, row: Columns) -> Any:
    """The digest that was signed."""
    flags = row.immediate + sum(getattr(row, name) * flag for name, flag in FLAGS)
    names = [row.account, row.slot.value(), row.generation.value(), row.market.value(), row.side]
    blocks = (
        [SIGNATURE_SCHEME, air.public("chain"), air.public("venue"), *names],
        [
            row.price.value(),
            *row.size.packed(),
            *row.expiry.packed(),
            row.max_fee.value(),
            flags,
            0,
        ],
    )
    # Lie: the signature is for other terms, another venue, another slot or another message type.
    # Lie: an order's signature passes for a withdrawal's: the type of a message is in its start.
    kind, *rest = chain_start(TypeCode.ORDER, MESSAGE_BLOCKS)
    state: Any = (kind + row.outflow * (TypeCode.OUTFLOW - TypeCode.ORDER), *rest)
    for block, digest in zip(blocks, row.message, strict=True):
        request_hash(air, state, block, digest, row.active, claim="order.message")
        state = digest
    return row.message[-1]


def _challenge(air: Builder, row: Columns, message: Any) -> None:
    """c = the low 24 bits of five elements of hash(R, P, message)."""
    words = (*row.nonce.x, *row.nonce.y, *row.key.x, *row.key.y, *message, 0, 0, 0, 0)
    blocks = [words[i : i + DIGEST] for i in range(0, len(words), DIGEST)]
    # Lie: the challenge leaves out the nonce, the key or the message, so that R follows from c.
    request_chain(
        air, TypeCode.CHALLENGE, blocks, row.challenge, row.active, claim="order.challenge"
    )
    shift = 1 << schnorr.CHALLENGE_PART_BITS
    digest = row.challenge[-1]
    for j, part in enumerate(row.parts):
        high = part.high.value()
        low = digest[j] - high * shift
        # The ladder shows low < 2^24. Lie: a high part above 127.
        air.range_check(part.high, row.active, claim="order.canonical")
        # Lie: the second decomposition, low + 2^24 high = element + p, which has high = 127.
        air.require_zero(low * (1 - (HIGH_MAX - high) * part.below_top), "order.canonical")
        # Lie: the ladder multiplies by another challenge.
        air.send(CHALLENGE, [row.index, j, low], air.fixed.place, claim="order.challenge-part")


def _signature(air: Builder, row: Columns) -> None:
    """s * G - c * P = R for the account's key P, which the ladder is told, and some s."""
    key, nonce, place = (*row.key.x, *row.key.y), (*row.nonce.x, *row.nonce.y), air.fixed.place
    # Lie: the key is not the one in the account's leaf.
    air.receive(KEY, [row.account, *key], row.active, claim="order.key")
    # Lie: the ladder multiplies another key.
    air.send(LADDER_KEY, [row.index, *key], place, claim="order.ladder-key")
    # Lie: an entry for the digit 0 that is not S.
    offset = (*curve.WINDOW_OFFSET.x, *curve.WINDOW_OFFSET.y)
    air.send(WINDOW, [row.index, 0, *offset], row.zeros, claim="order.served")
    # Lie: R is another point than s * G - c * P, or one that is off the curve.
    air.receive(LADDER_END, [row.index, *nonce], place, claim="order.signature")


def table(places: int) -> Table:
    """The table with room for so many orders, which the ladder must have as well."""
    return Table("order", Columns, constraints, Fixed, partial(fixed_values, places))
