"""What a side of a fill says of its order: today, and of an order in the state. Not traced."""

from typing import Any

from benchmarks.orders.state import (
    STATE,
    STATE_WIDTH,
    State,
)
from circuits.air.builder import Builder
from circuits.air.layout import (
    LIMB_BITS,
    Layout,
    bit,
    carries,
    cell,
    cells,
    limbs,
)
from circuits.air.table import Table
from circuits.gadgets.buses import ORDER
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.integer import from_limbs, from_packed, require_identity
from circuits.gadgets.memory import require_access
from circuits.gadgets.words import SLOT_WORD
from circuits.tables.fill.columns import filled_identity
from rollup.protocol.constants import (
    SIZE_BITS,
)


class TodaySideColumns(Layout):
    """What a side of a fill says of its order and slot today: those cells of its columns."""

    taken = bit()
    active = bit()
    account = cell()
    market = cell()
    slot = cell()
    generation = cell()
    limit = cells(2)
    order_size = cells(2)
    max_fee = cell()
    marks = cells(4)
    continues = bit()
    generation_room = cell()
    slot_ts = cell()
    stored_generation = cell()
    filled_before = cells(2)
    filled_after = limbs(SIZE_BITS)
    filled_carries = carries(1, 2)
    size_room = cells(3)
    size = limbs(SIZE_BITS)


def _side_today(air: Builder, row: Any) -> None:
    """As `circuits.tables.fill.air` has it, in the same messages."""
    for flag in (row.taken, row.active, row.continues):
        air.require_bit(flag, "fill.flags")
    air.in_range_elsewhere(row.size, "the fill's")
    count = row.active - row.taken
    air.bit_elsewhere(count, "only a row in use is taken")
    names = (row.account, row.slot, row.generation, row.market, 0)
    signed = (*names, *row.limit, *row.order_size, row.max_fee, *row.marks, 0)
    air.receive(ORDER, signed, count, claim="fill.order")
    rise = row.generation - row.stored_generation
    with air.when(count):
        air.require_zero(row.continues * rise, "fill.generation")
    high = rise - 1 + row.continues - row.generation_room
    for part in (row.generation_room, high):
        air.range_check((part, LIMB_BITS), count, claim="fill.generation")
    for number in (row.filled_after, row.filled_carries):
        air.range_check(number, count, claim="fill.bounds")
    with air.when(count):
        identity = filled_identity(row, row)
        require_identity(air, identity, row.filled_carries, "fill.filled")
    filled = row.filled_after.packed()
    room = row.size_room
    require_at_most(air, filled, row.order_size, SIZE_BITS, room, count, "fill.cap")
    values = ((row.stored_generation, *row.filled_before, 0), (row.generation, *filled, 0))
    word = (row.account, row.slot + SLOT_WORD)
    times = (row.slot_ts, row.index)
    require_access(air, word, times, values, count, "fill.slot-access")


SIDE_TODAY = Table("fill", TodaySideColumns, _side_today)


class SlotSideColumns(Layout):
    """What it would say of an order in the state."""

    taken = bit()
    active = bit()
    account = cell()
    slot = cell()
    ts = cell()
    ts_low = cell()
    time = cell()
    state = cells(STATE_WIDTH)
    left_after = limbs(SIZE_BITS)
    left_carries = carries(1, 2)
    size = limbs(SIZE_BITS)


def _side(air: Builder, row: Any) -> None:
    for flag in (row.taken, row.active):
        air.require_bit(flag, "fill.flags")
    count = row.active - row.taken
    air.bit_elsewhere(count, "only a row in use is taken")
    for number in (row.left_after, row.left_carries):
        air.range_check(number, count, claim="fill.bounds")
    air.in_range_elsewhere(row.size, "the fill's")
    left = from_limbs(row.left_after).packed() + from_limbs(row.size).packed()
    state = State.bind(row.state)
    with air.when(count):
        before = from_packed(state.left, SIZE_BITS)
        require_identity(air, left - before, row.left_carries, "fill.left")
    room = row.time - row.ts - row.ts_low - 1
    for part in ((row.ts_low, LIMB_BITS), (room, LIMB_BITS)):
        air.range_check(part, count, claim="fill.state-access")
    after = list(row.state)
    after[10:12] = row.left_after.packed()
    key = (row.account, row.slot)
    air.receive(STATE, (*key, row.ts, *row.state), count, claim="fill.state-access")
    air.send(STATE, (*key, row.time, *after), count, claim="fill.state-access")


SIDE = Table("fill", SlotSideColumns, _side)
