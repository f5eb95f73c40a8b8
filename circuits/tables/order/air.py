"""Order: one row is an action, what somebody signed: an order, an outflow or a cancel.

Its digest is a leaf of the tree of a signature (circuits.tables.signature), of its account: the
only one if it was signed alone, or one of a bundle's. It takes its slot to the generation above the
signed one, so that nothing signed acts twice: with the lots of an order, which only then is offered
to the fills, and rests there for later batches if it is still in its slot as the batch ends; or
with none. An outflow has its members in the places of an order's, under a type code of its own, and
is told to the outflow table; a cancel has zeros there.
Height: one row an action, padded. Degree: 3. Buses: sends ORDER, SIGNED_OUTFLOW and RESTING;
receives AUTHORITY, NODE and HASH; accesses a word of MEMORY.
Claims: docs/spec/claims/order.md. Spec: docs/spec/04-orders.md.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS, Layout, bit, cell, cells, limbs, many, pack_pairs
from circuits.air.table import Table
from circuits.gadgets.buses import AUTHORITY, NODE, ORDER, RESTING, SIGNED_OUTFLOW
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.hash import request_hash
from circuits.gadgets.memory import require_access
from circuits.gadgets.words import SLOT_WORD, kind_of
from rollup.hash.poseidon import chain_start
from rollup.protocol.bundle import BUNDLE_TREE
from rollup.protocol.constants import (
    EXPIRY_BITS,
    FEE_RATE_BITS,
    GENERATION_BITS,
    MARKET_BITS,
    PEG_BITS,
    PRICE_BITS,
    SIGNATURE_SCHEME,
    SIZE_BITS,
    SLOT_BITS,
)
from rollup.protocol.encoding import LEAF_FEE, TypeCode
from rollup.protocol.order import FLAGS

DIGEST = 8
MESSAGE_BLOCKS = 2

_PER_LIMB = pow(2**LIMB_BITS, -1, MODULUS)


class Columns(Layout):
    """The columns."""

    active = bit()  # 1 on what is signed
    uses = cell()  # sides of fills that name the order
    rests = cell()  # 1 if it is an order that is in its slot as the batch ends
    # The slot's word until then.
    ts = cell()  # when it takes the slot
    previous_ts = cell()
    stored_generation = cell()
    stored_left = cells(2)
    rise = cell()  # low limb of the signed generation less the stored one, plus 1 for a cancel
    # By whose word, and where its leaf is under what was signed.
    signature = cell()  # number of the signature
    key_mark = cell()  # first element of the key that signed
    depth = cell()  # 0 if it was signed alone
    place = cell()
    # What was signed, beside scheme, chain and venue.
    account = cell()
    backstop = cell()  # 1 if the account is the one that governance names, as its header says
    slot = limbs(SLOT_BITS)
    generation = limbs(GENERATION_BITS)
    market = limbs(MARKET_BITS)
    side = bit()  # 0 buys, 1 sells
    price = limbs(PRICE_BITS)
    size = limbs(SIZE_BITS)
    expiry = limbs(EXPIRY_BITS)
    max_fee = limbs(FEE_RATE_BITS)
    outflow = bit()  # a withdrawal or a transfer
    cancel = bit()
    immediate = bit()  # time in force
    reduce_only = bit()
    post_only = bit()
    pegged = bit()  # the price is an offset from the oracle's
    when_clamped = bit()
    time_left = cells(3)  # lower limbs of expiry - batch time
    # The hash chain of what was signed, digest last.
    message = many(MESSAGE_BLOCKS, cells(DIGEST))


def constraints(air: Builder, row: Columns) -> None:
    """One action."""
    # Lie: half an order, counted in one sum and not in another.
    air.require_bit(row.active, "order.flags")
    _fields(air, row)
    _signed(air, row, _message(air, row))
    _slot(air, row)
    _offered(air, row)


def _is_order(row: Columns) -> Any:
    return row.active - row.outflow - row.cancel


def _fields(air: Builder, row: Columns) -> None:
    """Every signed number is inside its bounds, and what is signed is in time and of one kind."""
    # Lie: a slot that is the address of a cash or position word, a size that wraps,
    # a market number that is a slot's address.
    numbers = (row.slot, row.generation, row.market, row.price, row.size, row.expiry, row.max_fee)
    for number in numbers:
        air.range_check(number, row.active, claim="order.bounds")
    # Lie: a side that is neither, or flags this version does not know.
    marks = (row.immediate, row.reduce_only, row.post_only, row.pegged, row.when_clamped)
    for flag in (row.side, row.outflow, row.cancel, *marks):
        air.require_bit(flag, "order.flags")
    # Lie: an outflow that is a cancel as well, so that nothing leaves; either in a padding row.
    air.require_bit(_is_order(row), "order.one-kind")
    others = row.outflow + row.cancel
    air.require_zero(others * sum(marks[1:], marks[0]), "order.flags")
    # Lie: an offset so large that it and the oracle price together are no price.
    _, middle, top = row.price
    air.range_check((middle, PEG_BITS - LIMB_BITS), row.pegged, claim="order.peg")
    air.require_zero(row.pegged * top, "order.peg")
    # Lie: the order expired before the end of the batch. A cancel is in time for ever.
    low, high = pack_pairs(air.public("time", 4))
    expiry, timed = row.expiry.packed(), row.active - row.cancel
    air.bit_elsewhere(timed, "a cancel is active: order.one-kind")
    require_at_most(air, (low, high), expiry, EXPIRY_BITS, row.time_left, timed, "order.expiry")


def _signed(air: Builder, row: Columns, digest: Any) -> None:
    """Its digest is a leaf under what a signature of its account is for."""
    # Lie: nobody signed it, or somebody else did.
    # Lie: an order of the backstop does not say so, and takes risk, just when it is needed.
    # Lie: it rests under the mark of another key than signed it.
    told = [row.signature, row.account, row.key_mark, row.backstop]
    air.receive(AUTHORITY, told, row.active, claim="order.authority")
    # Lie: the signature is for something else; one leaf of a bundle acts twice.
    place = [BUNDLE_TREE + row.signature, row.depth, row.place]
    air.receive(NODE, [*place, *digest, *digest], row.active, claim="order.signed")


def _slot(air: Builder, row: Columns) -> None:
    """Its slot has the generation above the signed one from now on, and the lots of an order; a
    cancel may end what rests there under its own."""
    risen = row.generation.value() - row.stored_generation + row.cancel
    high = (risen - row.rise) * _PER_LIMB
    # Lie: a signature acts a second time, in this batch or in a later one: that of an order that
    # was filled, cancelled or replaced, of an outflow that was paid, of an old cancel.
    for limb in (row.rise, high):
        air.range_check((limb, LIMB_BITS), row.active, claim="order.generation")
    # Lie: a cancel or an outflow leaves lots that a fill takes.
    left = [_is_order(row) * words for words in row.size.packed()]
    before = (row.stored_generation, *row.stored_left, 0)
    after = (row.generation.value() + 1, *left, 0)
    word, times = (row.account, row.slot.value() + SLOT_WORD), (row.previous_ts, row.ts)
    # Lie: it takes the slot of another account, or leaves it as it was.
    require_access(air, word, times, (before, after), row.active, "order.slot-access")


def _offered(air: Builder, row: Columns) -> None:
    """An order is offered to fills and may come to rest; an outflow is told to its table."""
    order, generation = _is_order(row), row.generation.value() + 1
    # Lie: a row without an order offers one.
    air.require_zero(row.uses * (1 - order), "order.unused")
    # Lie: a fill trades on other terms than those signed (or a fill of an order nobody signed).
    # Lie: a signed withdrawal is filled as an order.
    price, fee = row.price.packed(), row.max_fee.value()
    marks = [row.pegged, row.reduce_only, row.when_clamped, row.backstop]
    place = [row.account, row.slot.value(), generation]
    terms = [*place, row.market.value(), row.side, *price, fee, *marks]
    air.send(ORDER, terms, row.uses, claim="order.offered")
    # Lie: an order comes to rest that nobody signed, or one that was to be filled at once or not
    # at all.
    air.require_zero(row.rests * (1 - order + row.immediate), "order.rests")
    kind = kind_of(row.market.value(), row.side, marks[:3], price[1])
    low, above = row.expiry.packed()
    leaf = [kind, price[0], low, above + fee * 2**LEAF_FEE, row.key_mark]
    # Lie: it rests on other terms than those signed.
    air.send(RESTING, [*place, *leaf], row.rests, claim="order.rests")
    # Lie: an order is paid out as a withdrawal; another amount, asset or receiver.
    outflow = [row.account, row.market.value(), row.side, *price, *row.size.packed(), fee]
    air.send(SIGNED_OUTFLOW, outflow, row.outflow, claim="order.outflow")


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
    # Lie: an order's signature passes for a withdrawal's, or for a cancel's: the type of a message
    # is in its start.
    kind: Any
    kind, *rest = chain_start(TypeCode.ORDER, MESSAGE_BLOCKS)
    kind += row.outflow * (TypeCode.OUTFLOW - TypeCode.ORDER)
    state: Any = (kind + row.cancel * (TypeCode.CANCEL - TypeCode.ORDER), *rest)
    for block, digest in zip(blocks, row.message, strict=True):
        request_hash(air, state, block, digest, row.active, claim="order.message")
        state = digest
    return row.message[-1]


TABLE = Table("order", Columns, constraints)
