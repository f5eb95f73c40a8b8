"""Market: the columns, and what a side lacks where the backstop is full."""

from collections.abc import Sequence
from typing import Any, Final

from circuits.air.layout import (
    LIMB_BITS,
    Layout,
    bit,
    bits,
    carries,
    cell,
    cells,
    group,
    limb_widths,
    limbs,
    many,
)
from circuits.gadgets.balanced import BUCKET_TOP, COUNT, HALF, TOP
from circuits.gadgets.buses import TRADE_KINDS
from circuits.gadgets.integer import (
    Coefficient,
    Integer,
    constant,
    from_cells,
    from_limbs,
    from_sums,
)
from circuits.gadgets.tally import ESTATE
from circuits.tables.market.hour import Hour, Rate, Tally
from circuits.tables.position.columns import DIGEST, Risk
from circuits.tables.position.sums import COLUMNS, LADDER_WIDTHS, SUM_BITS, normal, normal_ladder
from circuits.tables.takeover.columns import TAKEOVER_ROWS_MAX
from rollup.protocol.constants import BUCKET_NUMBER_BITS, ESTATE_BITS, LADDER_BITS

FULL: Final = ("initial", "excess", "ladder")
"""Why the backstop takes no lot more: it has not the initial margin, or the maintenance margin, or
its ladder would be too high."""

SHORT_BITS: Final = SUM_BITS + 1
"""What is lacking: a sum of 78 bits below zero, and a requirement."""

TAKEN_MAX: Final = TAKEOVER_ROWS_MAX << LIMB_BITS
"""A sum of one limb of every takeover."""

SHORT_PAIRS: Final = 4

SHORT_CARRY_BITS: Final = 4
"""What is there, what is wanted and what is lacking: within eight packed pairs of either sign."""


class Side(Layout):
    """The frontier of one side, as biased bucket numbers."""

    before = cell()
    after = cell()
    falls = bit()  # the frontier is lowered by a sweep
    lags = bit()  # it is above the price's bucket after the batch
    room = limbs(BUCKET_NUMBER_BITS)  # how far it may still fall, or how far it rose
    zoned = bit()  # somebody of the side is deleveraged
    deep = bit()  # and his old trigger was below the price
    zone = cell()  # the lowest that anybody's was
    zone_room = limbs(BUCKET_NUMBER_BITS)  # how far it was below or above the price
    full = bits(len(FULL))  # why the backstop takes no lot more
    short = limbs(SHORT_BITS)  # what that lacks, less one
    short_carries = carries(SHORT_PAIRS - 1, SHORT_CARRY_BITS)


class Means(Layout):
    """What the backstop has as it ends the batch, in limbs as its row has them."""

    initial = cells(COLUMNS)
    excess = cells(COLUMNS)
    ladder = cells(len(LADDER_WIDTHS))

    @property
    def cells(self) -> tuple[Any, ...]:
        """All, as BACKSTOP carries them."""
        return (*self.initial, *self.excess, *self.ladder)


class Fold(Layout):
    """The markets leaf, as far as the row's market."""

    listed = cell()  # 1 if the market before this one was listed before the batch
    lagging = cell()  # sides of the markets before this one that lag
    fallen = cell()  # buckets by which frontiers of the markets before this one came down
    old_taken = cells(DIGEST)
    old_middle = cells(DIGEST)  # after the first of the market's two blocks
    old_hash = cells(DIGEST)
    new_taken = cells(DIGEST)
    new_middle = cells(DIGEST)
    new_hash = cells(DIGEST)


class Columns(Layout):
    """The columns."""

    active = bit()
    listed = bit()  # before the batch too
    market = cell()
    risk = group(Risk)
    band_low = cells(2)  # packed pairs
    band_high = cells(2)
    taker_fee = cell()
    maker_fee = cell()
    funding = cells(COUNT)  # F in balanced limbs
    price = cells(2)  # the oracle's, a packed pair
    near_low = cells(2)  # least price at which an order buys lots of a liquidated account
    near_high = cells(2)  # highest at which one sells them
    net_low = cells(3)  # what such an account gets for a lot, but for F; limbs
    net_high = cells(3)  # what one costs it
    least = cells(2)  # the least order, a packed pair
    lot_fee = cells(3)  # of liquidation, limbs
    clip = cells(2)  # lowest and highest price that count whole towards the premium
    steady = cell()  # 1 if the price is fresh and unclamped
    missing = cell()  # 1 if no quorum gave it, or an asset is over
    asset = cell()  # 1 if its lots are a token that L1 holds
    idle = cell()  # 1 if they count for nothing
    ended = cell()  # 1 if it is over, and positions there become cash
    ends = cell()  # 1 if it is over with the step that the batch closes
    estate = cells(4)  # how many the estate takes, in limbs
    estate_carries = carries(3, 14)
    hour = group(Hour)
    risk_uses = cell()  # positions of this batch in the market
    trade_uses = cells(TRADE_KINDS)  # how often it is traded in, by kind
    take_uses = cell()  # takeovers
    asset_uses = cell()  # outflows of the asset
    sides = many(2, group(Side))
    backstop = group(Means)
    tally = group(Tally)
    rate = group(Rate)
    fold = group(Fold)


def estate_identity(row: Columns) -> Integer:
    """What the estate takes as the verifier says it - the sums of what takeovers say. On cells and
    on arrays."""
    counted = from_sums(row.tally.counted[ESTATE], TAKEN_MAX)
    return from_cells(row.estate, limb_widths(ESTATE_BITS)) - counted


def lacking(row: Columns, place: int) -> Integer:
    """What one lot more of the other side of a side needs, less what the backstop has, less 1, less
    what is said to be lacking: for the one reason that is given. On cells and on arrays."""
    side, risk, means = row.sides[place], row.risk, row.backstop
    wanted = (_initial(risk), _relief(risk, 1 - place))
    total = -from_limbs(side.short)
    for why, need, has in zip(side.full, wanted, (means.initial, means.excess), strict=False):
        total = total + (need - 1 - normal(has)).times(why, 0, 1)
    ladder = normal_ladder(means.ladder) + _balanced(risk.bucket, BUCKET_TOP)
    return total + (ladder - constant(1 << LADDER_BITS)).times(side.full[-1], 0, 1)


def _initial(risk: Risk) -> Integer:
    """What initial margin requires of a lot."""
    return _balanced(risk.value, TOP) - _balanced(risk.long_initial, TOP)


def _relief(risk: Risk, place: int) -> Integer:
    """What a lot of a side adds to an excess at most if it goes: so much it takes if it comes."""
    value = _balanced(risk.value, TOP)
    if place:
        return -value - _balanced(risk.short_maintenance, TOP)
    return value - _balanced(risk.long_maintenance, TOP)


def _balanced(digits: Sequence[Any], top: int) -> Integer:
    """A public number of either sign: the verifier bounds its digits."""
    reaches = [*[HALF] * (len(digits) - 1), top]
    pairs = zip(digits, reaches, strict=True)
    return Integer(tuple(Coefficient(digit, -most, most) for digit, most in pairs))
