"""What was signed and in which sequence: action, bundle, branch, envelope. Measured, not traced."""

from typing import Any

from benchmarks.orders.state import (
    ACTION,
    ADMITTED,
    BRANCH,
    DIGEST,
    FLOOR,
    MARKS,
    SECONDS_BITS,
    STATE,
    STATE_WIDTH,
    State,
    leaf_words,
)
from circuits.air.builder import Builder
from circuits.air.layout import (
    LIMB_BITS,
    Layout,
    bit,
    bits,
    cell,
    cells,
    limbs,
    pack_pairs,
)
from circuits.air.table import Table
from circuits.gadgets.hash import request_hash
from rollup.protocol.constants import (
    FEE_RATE_BITS,
    GENERATION_BITS,
    MARKET_BITS,
    PRICE_BITS,
    SIZE_BITS,
    SLOT_BITS,
)


class ActionColumns(Layout):
    """One action of a bundle: a registration or modification, a cancel, or cancel-all."""

    active = bit()
    bundle = cell()
    place = cell()
    account = cell()
    registers = bit()
    floors = bit()
    slot = limbs(SLOT_BITS)
    generation = limbs(GENERATION_BITS)
    market = limbs(MARKET_BITS)
    side = bit()
    immediate = bit()
    post_only = bit()
    marks = bits(MARKS)
    price = limbs(PRICE_BITS)
    size = limbs(SIZE_BITS)
    expiry = limbs(SECONDS_BITS)
    trigger = limbs(PRICE_BITS)
    max_fee = limbs(FEE_RATE_BITS)
    agent = limbs(SLOT_BITS)
    client = cells(4)
    terms = cells(DIGEST)
    digest = cells(DIGEST)
    time = cell()
    last_ts = cell()
    ts_low = cell()
    prior = cells(STATE_WIDTH)
    rise = limbs(GENERATION_BITS)
    expiry_room = limbs(SECONDS_BITS)
    refused = bits(4)
    size_inverse = cell()


def _action(air: Builder, row: Any) -> None:
    flags = (row.active, row.registers, row.floors, row.side, row.immediate, row.post_only)
    for flag in (*flags, *row.marks, *row.refused):
        air.require_bit(flag, "action.flags")
    numbers = (row.slot, row.generation, row.market, row.price, row.size, row.expiry)
    for number in (*numbers, row.trigger, row.max_fee, row.agent):
        air.range_check(number, row.active, claim="action.bounds")
    fee = row.max_fee.value() + row.agent.value() * 2**FEE_RATE_BITS
    price = pack_pairs(row.price.cells)
    names = (row.generation.value(), row.market.value(), row.side)
    ends = (fee, row.expiry.value(), row.trigger.value())
    words = [*names, *row.marks, *price, *row.size.packed(), *ends]
    new = State.bind(words)
    flags = row.registers + 2 * row.floors + 4 * row.immediate + 8 * row.post_only
    rest = [row.slot.value(), flags, *row.client, row.place, 0]
    request_hash(air, (0,) * 8, leaf_words(new), row.terms, row.active, claim="action.terms")
    request_hash(air, row.terms, rest, row.digest, row.active, claim="action.digest")
    said = [row.bundle, row.place, row.account, *row.digest]
    air.receive(ACTION, said, row.active, claim="action.of-bundle")
    acts = row.active - sum(row.refused[1:], row.refused[0]) - row.floors
    air.bit_elsewhere(acts, "one-hot")
    for number, away in (
        (row.rise, row.generation.value() - row.prior[0] - 1),
        (row.expiry_room, row.expiry.value() - air.public("time", 4)[0]),
    ):
        air.range_check(number, row.active, claim="action.refused")
        room = number.value()
        air.require_zero((room - away) * (room + away) * row.active, "action.refused")
    first, *others = row.size
    total = sum(others, first)
    air.require_equal(total * row.size_inverse, row.registers, "action.size")
    key = (row.account, row.slot.value())
    room = row.time - row.last_ts - row.ts_low
    for part in ((row.ts_low, LIMB_BITS), (room, LIMB_BITS)):
        air.range_check(part, acts, claim="action.access")
    air.receive(STATE, (*key, row.last_ts, *row.prior), acts, claim="action.access")
    air.send(STATE, (*key, row.time, *words), acts, claim="action.access")
    air.send(FLOOR, (row.account, row.generation.value()), row.floors, claim="action.floor")


ACTIONS = Table("action", ActionColumns, _action)


class BundleColumns(Layout):
    """What was signed once: account, number of actions, root, and words that hide it."""

    active = bit()
    number = cell()
    account = cell()
    count = limbs(7)
    blind = cells(4)
    root = cells(DIGEST)
    head = cells(DIGEST)
    message = cells(DIGEST)


def _bundle(air: Builder, row: Any) -> None:
    air.require_bit(row.active, "bundle.flags")
    air.range_check(row.count, row.active, claim="bundle.count")
    venue = (air.public("chain"), air.public("venue"))
    first = (*venue, row.account, row.count.value(), *row.blind)
    request_hash(air, (0,) * 8, first, row.head, row.active, claim="bundle.message")
    request_hash(air, row.head, row.root, row.message, row.active, claim="bundle.message")
    air.receive(ADMITTED, (row.number, *row.message), row.active, claim="bundle.admitted")
    air.send(BRANCH, (row.number, 0, 0, *row.root), row.active, claim="bundle.root")


BUNDLE = Table("bundle", BundleColumns, _bundle)


class BranchColumns(Layout):
    """An inner node of a bundle; or, with `leaf`, the last above an action."""

    active = bit()
    bundle = cell()
    depth = cell()
    place = cell()
    opened = bits(2)
    children = cells(2 * DIGEST)
    node = cells(DIGEST)


def _branch(air: Builder, row: Any) -> None:
    for flag in (row.active, *row.opened):
        air.require_bit(flag, "branch.flags")
    left, right = row.children[:DIGEST], row.children[DIGEST:]
    request_hash(air, left, right, row.node, row.active, claim="branch.hash")
    own = (row.bundle, row.depth, row.place)
    air.receive(BRANCH, (*own, *row.node), row.active, claim="branch.node")
    for k, child in enumerate((left, right)):
        below = (row.bundle, row.depth + 1, 2 * row.place + k)
        air.send(BRANCH, (*below, *child), row.opened[k], claim="branch.children")


BRANCHES = Table("branch", BranchColumns, _branch)


class SequenceColumns(Layout):
    """An envelope of the batch, in the order of receipts."""

    active = bit()
    void = bit()
    number = cell()
    commitment = cells(DIGEST)
    head = cells(DIGEST)


def _sequence(air: Builder, row: Any, below: Any) -> None:
    for flag in (row.active, row.void):
        air.require_bit(flag, "sequence.flags")
    with air.transition():
        air.require_zero(below.active * (1 - row.active), "sequence.contiguous")
        air.require_zero(below.active * (below.number - row.number - 1), "sequence.number")
    air.send(
        ADMITTED, (row.number, *row.commitment), row.active - row.void, claim="sequence.handed-on"
    )
    air.bit_elsewhere(row.active - row.void, "void only where active")
    request_hash(air, row.head, row.commitment, row.commitment, row.active, claim="sequence.head")


SEQUENCE = Table("sequence", SequenceColumns, _sequence)
