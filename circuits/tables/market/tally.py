"""What fills and positions of a batch add to a market's tally, and the cap on open interest."""

from circuits.air.builder import Builder
from circuits.gadgets.buses import TALLY
from circuits.gadgets.integer import require_identity
from circuits.gadgets.tally import NOTIONAL
from circuits.tables.market.columns import Columns
from circuits.tables.market.hour import (
    NEW_TALLY,
    cap_identity,
    open_identity,
    premium_identity,
    sizes_identity,
    volume_identity,
)


def require_tally(air: Builder, row: Columns) -> None:
    """One market."""
    hour, tally = row.hour, row.tally
    air.require_bit(tally.not_grown, "market.flags")
    _require_counted(air, row)
    numbers = (*tally.sizes, *tally.size_carries, *tally.premium, *tally.volume)
    carried = (tally.premium_carries, tally.volume_carries, tally.open_carries, tally.cap_carries)
    for number in (*numbers, *tally.open_interest, tally.cap_room, *carried):
        # Lie: a premium, a volume or an open interest that wraps, so that a large one is none.
        air.range_check(number, row.active, claim="market.tally-bounds")
    with air.when(row.active):
        for kind in range(NOTIONAL):
            carries = tally.size_carries[kind]
            require_identity(air, sizes_identity(tally, kind), carries, "market.sizes")
        # Lie: open interest falls, and nobody holds less; or tokens that come in meet a cap.
        opened = open_identity(tally, row.asset)
        require_identity(air, opened, tally.open_carries, "market.open-interest")
        # Lie: lots are opened beyond the cap.
        cap = cap_identity(hour, tally)
        require_identity(air, cap, tally.cap_carries, "market.open-interest-cap")
    _require_counting(air, row)
    # Lie: a market that is new brings a premium with it.
    with air.when(row.active - row.listed):
        air.require_all_equal(tally.words(0), NEW_TALLY, "market.new-tally")


def _require_counting(air: Builder, row: Columns) -> None:
    """Premium and volume go on, but where the market ends: then they are nothing, and what is
    settled is counted from there."""
    hour, tally = row.hour, row.tally
    with air.when(row.active - row.ends):
        # Lie: a fill is left out of the volume; an hour is not begun again, or begun too early.
        volume = volume_identity(hour, tally)
        require_identity(air, volume, tally.volume_carries, "market.volume")
        # Lie: a premium of the wrong sign, or of a price that is clipped elsewhere.
        # Lie: lots are settled and not counted, or counted and not settled.
        premium = premium_identity(hour, tally)
        require_identity(air, premium, tally.premium_carries, "market.premium")
    # Lie: what a market traded before it ended passes for lots that were settled.
    with air.when(row.ends):
        words = tally.counted_words(1)
        air.require_all_equal(words, NEW_TALLY[: len(words)], "market.ended-tally")


def _require_counted(air: Builder, row: Columns) -> None:
    for kind, limbs in enumerate(row.tally.counted):
        for place, total in enumerate(limbs):
            # Lie: a fill or a position is counted in no market, or in a row that is none.
            count = row.active * total
            air.receive(TALLY, (row.market, kind, place), count, claim="market.counted")
