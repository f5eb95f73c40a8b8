"""What a fill adds to its market's tally: its size, by whether the price counts whole, and its
notional where it does.

Of a price beyond the clip the nearest that counts whole is counted. The market row multiplies sums
of sizes by public prices, so a fill has no product of its own for this.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS
from circuits.gadgets.buses import TALLY
from circuits.gadgets.tally import NOTIONAL
from circuits.tables.fill.columns import Columns
from circuits.tables.fill.taken import taken


def distances(row: Columns) -> tuple[Any, Any]:
    """How far the price is from the highest and the lowest that count whole, on the side that is
    said. On cells and on arrays.

    A distance on the other side is negative and no number of 30 bits: prices lie in the band, so
    below twice the oracle price, and all of these within 2^29.3 of each other, while p is 2^24
    below 2^31.
    """
    price = row.price.value()
    high = (1 - 2 * row.above) * (row.clip_high - price)
    low = (1 - 2 * row.below) * (price - row.clip_low)
    return high, low


def require_counted(air: Builder, row: Columns) -> None:
    """Its part of the sums."""
    met = row.active - taken(row)
    air.bit_elsewhere(met, "only a row in use is taken, on one side")
    for flag in (row.above, row.below):
        air.require_bit(flag, "fill.flags")
        air.require_zero(flag * (1 - met), "fill.clip")
    air.require_zero(row.above * row.below, "fill.clip")
    rooms = (row.above_room, row.below_room)
    # Three limbs are asked for once, for two orders and for what is waived where a side is taken:
    # both ask for 13 bits, and a fill in use is one of both.
    *shared, last = row.waived
    for limb in shared:
        air.range_check((limb, LIMB_BITS), row.active, claim="fill.clip")
    air.range_check((last, LIMB_BITS), met, claim="fill.clip")
    for room, distance in zip(rooms, distances(row), strict=True):
        air.range_check((room[-1], room.widths[-1]), met, claim="fill.clip")
        with air.when(met):
            # Lie: a price far from the oracle's counts whole, or a near one as if it were far.
            air.require_equal(room.value(), distance, "fill.clip")
    kind = row.above + 2 * row.below
    # Lie: what a liquidated account lost counts as if the market had agreed on its price.
    whole = met - row.above - row.below
    for place, (size, notional) in enumerate(zip(row.size, row.notional, strict=True)):
        for what, count in ((kind, met * size), (NOTIONAL, whole * notional)):
            air.number_elsewhere(count, "a range-checked limb, of a fill that is active")
            # Lie: a fill that is counted in no volume, or in another market's.
            air.send(TALLY, (row.market, what, place), count, claim="fill.counted")
