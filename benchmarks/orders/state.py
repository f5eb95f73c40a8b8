"""A slot whose leaf is an order, written to be measured and never traced: ADR 0047.

The tables of this package hold the constraints that bear columns and messages; whoever builds them
for good starts from the record, not from here. Messages and widths that they share are here too.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.layout import (
    Layout,
    bit,
    bits,
    cell,
    cells,
    limbs,
)
from circuits.air.table import Table
from circuits.gadgets.buses import NODE
from circuits.gadgets.hash import request_hash
from rollup.protocol.constants import (
    FEE_RATE_BITS,
    GENERATION_BITS,
    MARKET_BITS,
    PRICE_BITS,
    SLOT_BITS,
)

DIGEST = 8
SECONDS_BITS = 30
LEVEL_DEPTH = 19
"""Leaves of a list, of eight prices each: 2^22 steps of price."""
MARKS = 5
"""reduce-only, pegged, when-clamped, waits for its trigger, and is above it or below."""

STATE_WIDTH = 15
"""generation, market, side, marks, price 2, left 2, fee with agent, expiry, trigger."""


def _bus(name: str, number: int, width: int) -> Bus:
    return Bus(name, number, tuple(f"v{i}" for i in range(width)))


STATE = _bus("STATE", 101, 3 + STATE_WIDTH)
ACTION = _bus("ACTION", 102, 3 + DIGEST)
BRANCH = _bus("BRANCH", 103, 3 + DIGEST)
ADMITTED = _bus("ADMITTED", 104, 1 + DIGEST)
LEVEL = _bus("LEVEL", 105, 3)
FLOOR = _bus("FLOOR", 106, 2)
PRICE = _bus("PRICE", 107, 2)
WALK = _bus("WALK", 108, 5 + 2 * DIGEST)
EDGE = _bus("EDGE", 109, 2)
STEP = _bus("STEP", 110, 3)
TRADED = _bus("TRADED", 111, 6)


class State(Layout):
    """An order as STATE carries it; with limbs where a leaf is taken apart."""

    generation = cell()
    market = cell()
    side = cell()
    marks = cells(MARKS)
    price = cells(2)
    left = cells(2)
    fee = cell()
    expiry = cell()
    trigger = cell()


def state_words(state: Any) -> tuple[Any, ...]:
    """As the bus has them."""
    ends = (state.fee, state.expiry, state.trigger)
    names = (state.generation, state.market, state.side)
    return (*names, *state.marks, *state.price, *state.left, *ends)


def leaf_words(state: Any) -> tuple[Any, ...]:
    """As the leaf has them: eight elements."""
    kind = state.market + state.side * 2**MARKET_BITS + state.price[1] * 2 ** (MARKET_BITS + 6)
    for place, mark in enumerate(state.marks):
        kind = kind + mark * 2 ** (MARKET_BITS + 1 + place)
    words = (state.price[0], *state.left, state.expiry, state.trigger, state.fee)
    return (state.generation, kind, *words)


def seat(state: Any) -> tuple[Any, Any]:
    """Its list, 16 to a market, and its price there: its limit, or the trigger it waits for."""
    waits, price = state.marks[3], state.price[0] + state.price[1] * 2**26
    rests = state.side + 2 * state.marks[1] + 4 * state.marks[2]
    listed = state.market * 16 + rests + waits * (8 + state.marks[4] - rests)
    return listed, price + waits * (state.trigger - price)


class SlotColumns(Layout):
    """One slot, as an order before and after the batch."""

    active = bit()
    account = cell()
    slot = cell()
    last_ts = cell()
    before_generation = cell()
    before_market = limbs(MARKET_BITS)
    before_side = bit()
    before_marks = bits(MARKS)
    before_price = cell()
    before_price_high = limbs(PRICE_BITS - 26)
    before_left = cells(2)
    before_fee = limbs(FEE_RATE_BITS)
    before_agent = limbs(SLOT_BITS)
    before_expiry = cell()
    before_trigger = cell()
    after = cells(STATE_WIDTH)
    live = bits(2)
    live_inverse = cells(2)
    same = bit()
    same_inverse = cell()
    expired = bit()
    floored = bit()
    floor = cell()
    fired = bit()
    barred = bit()
    oracle = cell()
    expiry_room = limbs(SECONDS_BITS)
    floor_room = limbs(GENERATION_BITS)
    trigger_room = limbs(PRICE_BITS)
    leaf_before = cells(DIGEST)
    leaf_after = cells(DIGEST)


def _slot(air: Builder, row: Any) -> None:
    before, after = State.bind(_before(row)), State.bind(row.after)
    flags = (row.active, row.before_side, *row.before_marks, *row.live, row.same)
    for flag in (*flags, row.expired, row.floored, row.fired, row.barred):
        air.require_bit(flag, "slot.flags")
    for number in (row.before_market, row.before_price_high, row.before_fee, row.before_agent):
        air.range_check(number, row.active, claim="slot.taken-apart")
    for state, leaf in ((before, row.leaf_before), (after, row.leaf_after)):
        start = (0,) * DIGEST
        request_hash(air, start, leaf_words(state), leaf, row.active, claim="slot.leaf")
    node = [row.account + 1, SLOT_BITS, row.slot, *row.leaf_before, *row.leaf_after]
    air.receive(NODE, node, row.active, claim="slot.opened-once")
    for state, live, inverse in zip((before, after), row.live, row.live_inverse, strict=True):
        total = state.left[0] + state.left[1]
        air.require_equal(total * inverse, live, "slot.live")
        air.require_zero(total * (1 - live), "slot.live")
    rise = after.generation - before.generation
    kept = row.same + row.fired
    air.require_equal(rise * row.same_inverse, row.active - kept, "slot.same")
    air.require_zero(row.same * row.fired, "slot.same")
    air.require_zero(row.barred * (1 - row.same), "slot.barred")
    _openings(air, row, before)
    opened = list(state_words(before))
    dead = row.expired + row.floored
    opened[10], opened[11] = before.left[0] * (1 - dead), before.left[1] * (1 - dead)
    opened[6] = row.before_marks[3] - row.fired
    key = (row.account, row.slot)
    air.send(STATE, (*key, 0, *opened), row.active, claim="slot.state-before")
    air.receive(STATE, (*key, row.last_ts, *row.after), row.active, claim="slot.state-after")
    for live, state, sign in ((row.live[0], before, 0), (row.live[1], after, 1)):
        listed, price = seat(state)
        counted = live * (1 - row.same)
        air.bit_elsewhere(counted, "bits")
        air.send(LEVEL, (listed, price, sign), counted, claim="slot.counted")
    air.send(LEVEL, (*seat(before), 2), row.barred, claim="slot.barred")


def _openings(air: Builder, row: Any, before: State) -> None:
    """Whether it is over before anything happens, and whether its trigger is passed."""
    late = 1 - 2 * row.expired
    with air.when(row.live[0]):
        away = late * (before.expiry - air.public("time", 4)[0])
        air.require_equal(row.expiry_room.value(), away, "slot.expiry")
        away = (1 - 2 * row.floored) * (before.generation - row.floor)
        air.require_equal(row.floor_room.value(), away, "slot.floor")
    for number in (row.expiry_room, row.floor_room):
        air.range_check(number, row.live[0], claim="slot.over")
    air.receive(FLOOR, (row.account, row.floor), row.live[0], claim="slot.floor")
    waits = row.before_marks[3]
    air.range_check(row.trigger_room, waits, claim="slot.trigger")
    away = (1 - 2 * row.before_marks[4]) * (row.oracle - before.trigger)
    signed = (2 * row.fired - 1) * away
    air.require_equal(row.trigger_room.value(), signed, "slot.trigger")
    air.receive(PRICE, (before.market, row.oracle), waits, claim="slot.trigger")


def _before(row: Any) -> list[Any]:
    fee = row.before_fee.value() + row.before_agent.value() * 2**FEE_RATE_BITS
    names = (row.before_generation, row.before_market.value(), row.before_side)
    price = (row.before_price, row.before_price_high.value())
    ends = (fee, row.before_expiry, row.before_trigger)
    return [*names, *row.before_marks, *price, *row.before_left, *ends]


SLOT = Table("slot", SlotColumns, _slot)
