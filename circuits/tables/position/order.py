"""Deleveraging in order: which positions are taken, and which may stay.

Where somebody of a side of a market is deleveraged, the market's row has a *zone*: the triggers
from the price down to the lowest that any of them had before the batch. Who is deleveraged had his
there or above it, and loses all unless his was the last. The trigger table asks every position that
has its trigger in the zone after the batch; a row says that it may stay for one of four reasons: it
is exempt (liquidated, flagged, the backstop), it is deleveraged and the last, its old trigger was
not above the last, or its side held nothing before.
"""

from circuits.air.builder import Builder
from circuits.gadgets.buses import STAYS
from circuits.tables.position.columns import Columns


def require_order(air: Builder, row: Columns) -> None:
    """One position's part in it."""
    _require_old_trigger(air, row)
    _require_stay(air, row)
    _require_backstop(air, row)


def _require_old_trigger(air: Builder, row: Columns) -> None:
    """Where the old trigger is, of one that is deleveraged and of one that stays behind."""
    before, zones, deleveraged = row.before, row.zones, row.deleveraged
    # Lie: an account is deleveraged that is liquidated, left below maintenance, or the backstop.
    air.require_zero(deleveraged * row.exempt, "position.deleveraged-only")
    # Lie: of nobody, so that a row which no account has hands out lots.
    air.require_zero(deleveraged * (1 - before.held), "position.deleveraged-only")
    # Lie: an order of his took lots in the market, to grow what he is to lose.
    air.require_zero(deleveraged * row.took, "position.took-not")
    # Lie: it is both, so that neither is asked.
    air.require_zero(deleveraged * row.behind, "position.deleveraged-only")
    long, short = zones.zone
    air.require_equal(row.zone, long + before.short * (short - long), "position.zone")
    asked = deleveraged + row.behind
    air.bit_elsewhere(asked, "at most one of both is 1")
    long, short = zones.zoned
    # Lie: of a side of which nobody is deleveraged, so that no zone is looked at.
    zoned = long + before.short * (short - long)
    air.require_zero(asked * (1 - zoned), "position.zone")
    # Lie: somebody further away is deleveraged first. Lie: or one who was nearer stays.
    air.range_check(row.zone_room, asked, claim="position.in-line")
    with air.when(asked):
        away = (2 * deleveraged - 1) * (before.trigger - row.zone)
        air.require_equal(row.zone_room.value(), away, "position.in-line")
    # Lie: a friend loses one lot, and others behind him lose theirs.
    left = deleveraged * row.after.held
    air.require_zero(left * row.zone_room.value(), "position.taken-whole")


def _require_stay(air: Builder, row: Columns) -> None:
    """It says that it may stay only for one of the four reasons, and only where it is."""
    before, after = row.before, row.after
    # Lie: it was there, and says that it has just come.
    same = before.short + after.short - 1
    air.require_zero(row.came * before.held * same, "position.came")
    reasons = row.exempt + row.deleveraged + row.behind + row.came
    # Lie: a friend stays for no reason. Where there are several, none is one.
    air.require_zero(row.stays * (1 - reasons), "position.stays")
    # Lie: what is not there makes room in a counter for who is.
    air.require_zero(row.stays * (1 - after.held), "position.stays")
    seat = (row.market * 2 + after.short, after.trigger)
    air.send(STAYS, seat, row.stays, claim="position.stays")


def _require_backstop(air: Builder, row: Columns) -> None:
    """The backstop has no lots of a side of which somebody is deleveraged."""
    after, (long, short) = row.after, row.zones.zoned
    # Lie: a trader loses his place while the backstop keeps lots that a takeover would close.
    air.require_zero(row.clear * (after.held - after.short) * long, "position.backstop-clear")
    air.require_zero(row.clear * after.short * short, "position.backstop-clear")
