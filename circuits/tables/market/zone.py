"""Where somebody of a side is deleveraged: how far that goes, and that the backstop is full.

The zone of a side has the triggers from the price's bucket down to the lowest that anybody had who
is deleveraged there. The trigger table goes over it as over what a frontier passes.
"""

from circuits.air.builder import Builder
from circuits.gadgets.buses import BACKSTOP, SWEEP
from circuits.gadgets.integer import require_identity
from circuits.gadgets.tally import ESTATE
from circuits.tables.market.columns import Columns, Side, estate_identity, lacking


def require_zone(air: Builder, row: Columns, place: int, side: Side) -> None:
    """One side of a market."""
    for flag in (side.zoned, side.deep):
        air.require_bit(flag, "market.flags")
    # Lie: a padding row hears what the backstop has.
    air.require_zero(side.zoned * (1 - row.active), "market.padding-is-silent")
    # Lie: somebody is deleveraged while others of his side are due, and were not looked at.
    air.require_zero(side.zoned * side.lags, "market.zone-swept")
    number = (row.risk.long_number, row.risk.short_number)[place]
    # Lie: the zone is said to be empty, so that nobody in it is asked.
    air.require_zero(side.deep * (1 - side.zoned), "market.zone")
    above = side.zone - number
    air.range_check(side.zone_room, side.zoned, claim="market.zone")
    with air.when(side.zoned):
        away = above - side.deep * (2 * above + 1)
        air.require_equal(side.zone_room.value(), away, "market.zone")
    key = row.market * 2 + place
    # Lie: somebody between the price and the last that is deleveraged is left out.
    air.send(SWEEP, (key, number), side.deep, claim="market.zone-whole")
    air.receive(SWEEP, (key, side.zone), side.deep, claim="market.zone-whole")
    _require_full(air, row, place, side)


def require_estate(air: Builder, row: Columns) -> None:
    """What takeovers say that the estate takes is what everybody is told. It has a zone of the side
    that nobody has, down to nothing, so that the backstop is full."""
    first, *others = row.tally.counted[ESTATE]
    # Lots of each takeover are not below zero, and four sums of limbs stay below p.
    taken = sum(others, first)
    # Lie: the estate takes a perpetual, that nobody can sell at L1.
    air.require_zero(taken * (1 - row.asset), "market.estate-asset")
    # Lie: the estate takes what the backstop could: it pays more, and others lack it.
    air.require_zero(taken * (1 - row.sides[1].zoned), "market.estate-full")
    air.range_check(row.estate_carries, row.active, claim="market.estate")
    with air.when(row.active):
        # Lie: lots leave the state and L1 is not told; or it is, and they stay.
        require_identity(air, estate_identity(row), row.estate_carries, "market.estate")


def _require_full(air: Builder, row: Columns, place: int, side: Side) -> None:
    # Lie: traders lose their places while the backstop could take one lot more.
    air.require_one_hot(side.full, side.zoned, "market.full")
    # Lie: the means of somebody else, or of another time.
    air.receive(BACKSTOP, row.backstop.cells, side.zoned, claim="market.full")
    for number in (side.short, side.short_carries):
        air.range_check(number, side.zoned, claim="market.full")
    with air.when(side.zoned):
        lack = lacking(row, place).packed()
        require_identity(air, lack, side.short_carries, "market.full")
