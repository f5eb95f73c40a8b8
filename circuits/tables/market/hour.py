"""Market: the columns of what is counted of an hour, and of the rate that follows; and the integer
identities between them, which constraints run on cells and the trace on arrays.

How large everything can be stands here: from these bounds the builder proves that no column of an
identity reaches p. Sums of limbs come over TALLY, from at most FILL_ROWS_MAX fills, ROWS_MAX
positions and TAKEOVER_ROWS_MAX settlements, and have range-checked limbs there; public numbers are
the verifier's.
"""

from typing import Any, Final

from circuits.air.layout import Layout, bit, carries, cells, limb_widths, limbs, many
from circuits.gadgets.balanced import HALF
from circuits.gadgets.integer import (
    Coefficient,
    Integer,
    constant,
    from_cells,
    from_limbs,
    from_small,
    from_sums,
)
from circuits.gadgets.tally import KINDS, LIMBS, NOTIONAL, OPENED
from circuits.tables.fill.columns import FILL_ROWS_MAX
from circuits.tables.position.columns import ROWS_MAX
from circuits.tables.takeover.columns import TAKEOVER_ROWS_MAX
from rollup.protocol.constants import (
    CLIP_BITS,
    FEE_SCALE,
    IMPACT_BITS,
    OPEN_INTEREST_BITS,
    ORACLE_PRICE_BITS,
    PREMIUM_BITS,
    PREMIUM_LIMIT,
    PREMIUM_UNIT,
    VOLUME_BITS,
)
from rollup.protocol.encoding import LIMB, LIMB_BITS, tally_words

FILLED_MAX: Final = FILL_ROWS_MAX * (LIMB - 1)
"""A sum of one limb of every fill."""

SETTLED_MAX: Final = TAKEOVER_ROWS_MAX * (LIMB - 1)
"""The same of every settlement, of either sign."""

OPENED_MAX: Final = ROWS_MAX << LIMB_BITS
"""And of every position."""

SIZES_BITS: Final = 51
"""All sizes of a batch: 2^11 of 40 bits."""

BASE_BITS: Final = 70
"""What a premium is measured against: a volume of 64 bits, or open interest at a price, 69."""

REST_BITS: Final = 74
"""Below ten times that."""

RATE_TOP: Final = 17
"""A rate within 2^17 has a top digit within 2^4, and what the lower one carries."""


class Hour(Layout):
    """Public numbers: limbs of the oracle price, of how far from it a price counts, of the least
    that a premium is measured against, of the cap on open interest; whether the tally starts again,
    whether a rate is proved, and its balanced digits."""

    price = cells(3)
    clip = cells(3)
    impact = cells(4)
    cap = cells(4)
    due = bit()
    rated = bit()
    rate = cells(2)

    @property
    def cells(self) -> tuple[Any, ...]:
        """All, as MARKET carries them."""
        numbers = (*self.price, *self.clip, *self.impact, *self.cap)
        return (*numbers, self.due, self.rated, *self.rate)


class Tally(Layout):
    """A market's tally, before and after the batch, and what was counted in it."""

    counted = many(KINDS, cells(LIMBS))  # sums of limbs
    sizes = many(NOTIONAL, limbs(SIZES_BITS))  # the first three of them, as numbers
    size_carries = many(NOTIONAL, carries(LIMBS - 1, 13))
    premium = many(2, limbs(PREMIUM_BITS))  # biased by 2^63
    premium_carries = carries(5, 17)
    volume = many(2, limbs(VOLUME_BITS))
    volume_carries = carries(5, 17)
    open_interest = many(2, limbs(OPEN_INTEREST_BITS))
    open_carries = carries(3, 15)
    not_grown = bit()  # the cap does not bind: no more is held than before
    cap_room = limbs(OPEN_INTEREST_BITS)
    cap_carries = carries(1, 3)  # of packed pairs

    def counted_words(self, time: int) -> tuple[Any, ...]:
        """Those of premium and volume, before (0) or after (1)."""
        found = (self.premium[time], self.volume[time])
        return tuple(word for number in found for word in number.packed())

    def words(self, time: int) -> tuple[Any, ...]:
        """As the leaf has it, before (0) or after (1)."""
        return (*self.counted_words(time), *self.open_interest[time].packed())


class Rate(Layout):
    """Where a rate is proved: what the premium is measured against, and the division."""

    thin = bit()  # less was traded than the impact notional
    thin_room = limbs(VOLUME_BITS)  # how much less, less one; or how much more
    thin_carries = carries(2, 3)  # of packed pairs, as those of `traded` and of `left`
    base = limbs(BASE_BITS)
    held = bit()  # it is the open interest at the price, which is more than was traded
    gap = limbs(BASE_BITS)  # between these two
    traded_carries = carries(2, 3)
    held_carries = carries(5, 17)
    rest = limbs(REST_BITS)  # of the division
    rest_carries = carries(6, 16)
    left = limbs(REST_BITS)  # from there to the next rate
    left_carries = carries(2, 5)
    tens = carries(1, 15)  # where little was traded: the rate in tens


NEW_TALLY: Final = tally_words(0, 0, 0)
"""Words of a market that is new."""


def _price(hour: Hour) -> Integer:
    return from_cells(hour.price, limb_widths(ORACLE_PRICE_BITS))


def _clip(hour: Hour) -> Integer:
    return from_cells(hour.clip, limb_widths(CLIP_BITS))


def sizes_identity(tally: Tally, kind: int) -> Integer:
    """The sizes of one kind: number - sums of limbs."""
    return from_limbs(tally.sizes[kind]) - from_sums(tally.counted[kind], FILLED_MAX)


def volume_identity(hour: Hour, tally: Tally) -> Integer:
    """volume after - before, but where it starts again - price x all sizes."""
    before, after = (from_limbs(number) for number in tally.volume)
    inside, above, below = (from_limbs(sizes) for sizes in tally.sizes)
    return after - before.times(1 - hour.due, 0, 1) - _price(hour) * (inside + above + below)


def premium_identity(hour: Hour, tally: Tally) -> Integer:
    """premium after - before, but where it starts again - (notional - price x size) of what counts
    whole - clip x (sizes above - sizes below). Of a market that has ended: the same of what is
    settled, in the place of the notional; there are no fills, and it never starts again."""
    before, after = (from_limbs(number) - PREMIUM_LIMIT for number in tally.premium)
    inside, above, below = (from_limbs(sizes) for sizes in tally.sizes)
    notional = tuple(
        Coefficient(c, -SETTLED_MAX, FILLED_MAX + SETTLED_MAX) for c in tally.counted[NOTIONAL]
    )
    whole = Integer(notional) - _price(hour) * inside
    return after - before.times(1 - hour.due, 0, 1) - whole - _clip(hour) * (above - below)


def open_identity(tally: Tally, asset: Any) -> Integer:
    """open interest after - before - lots opened, net; of an asset none are."""
    before, after = (from_limbs(number) for number in tally.open_interest)
    opened = tuple(Coefficient(c, -OPENED_MAX, OPENED_MAX) for c in tally.counted[OPENED])
    return after - before - Integer(opened).times(1 - asset, 0, 1)


def cap_identity(hour: Hour, tally: Tally) -> Integer:
    """cap, or open interest before where it has not grown - after - room."""
    before, after = (from_limbs(number) for number in tally.open_interest)
    cap = from_cells(hour.cap, limb_widths(OPEN_INTEREST_BITS))
    most = cap + (before - cap).times(tally.not_grown, 0, 1)
    return (most - after - from_limbs(tally.cap_room)).packed()


def _impact(hour: Hour) -> Integer:
    return from_cells(hour.impact, limb_widths(IMPACT_BITS))


def thin_identity(hour: Hour, tally: Tally, rate: Rate) -> Integer:
    """impact notional - 1 - volume where little was traded, volume - impact notional where not, -
    room."""
    more = from_limbs(tally.volume[0]) - _impact(hour)
    room = from_small(rate.thin, 0, 1) + from_limbs(rate.thin_room)
    return (more.times(1 - 2 * rate.thin, -1, 1) - room).packed()


def traded_identity(hour: Hour, tally: Tally, rate: Rate) -> Integer:
    """base - the larger one of volume and impact notional - the gap where more is held."""
    volume = from_limbs(tally.volume[0])
    most = volume + (_impact(hour) - volume).times(rate.thin, 0, 1)
    gap = from_limbs(rate.gap).times(rate.held, 0, 1)
    return (from_limbs(rate.base) - most - gap).packed()


def held_identity(hour: Hour, tally: Tally, rate: Rate) -> Integer:
    """base - open interest x price - the gap where less is held."""
    exposed = from_limbs(tally.open_interest[0]) * _price(hour)
    gap = from_limbs(rate.gap).times(1 - rate.held, 0, 1)
    return from_limbs(rate.base) - exposed - gap


def rest_identity(hour: Hour, tally: Tally, rate: Rate) -> Integer:
    """premium x 10^6 - rate x base - rest."""
    low, top = hour.rate
    digits = (Coefficient(low, -HALF, HALF - 1), Coefficient(top, -RATE_TOP, RATE_TOP))
    premium = (from_limbs(tally.premium[0]) - PREMIUM_LIMIT) * FEE_SCALE
    return premium - Integer(digits) * from_limbs(rate.base) - from_limbs(rate.rest)


def left_identity(rate: Rate) -> Integer:
    """base, or ten times it where little was traded - 1 - rest - left."""
    unit = 1 + (PREMIUM_UNIT - 1) * rate.thin
    step = from_limbs(rate.base).times(unit, 1, PREMIUM_UNIT)
    return (step - constant(1) - from_limbs(rate.rest) - from_limbs(rate.left)).packed()
