"""Position: the columns. One row is one position of one touched account, before and after."""

from typing import Any

from circuits.air.layout import Layout, bit, cell, cells, group, limbs
from circuits.gadgets.balanced import BUCKET_COUNT, COUNT
from circuits.gadgets.buses import RISK_NUMBERS
from circuits.tables.position.sums import COLUMNS, Sums
from rollup.protocol.constants import (
    BUCKET_NUMBER_BITS,
    MARKET_BITS,
    POSITION_BITS,
    SAFETY_MAX,
)

DIGEST = 8
LIMB = 2**13

ROWS_MAX = 2**13
"""Tallest table: market numbers of 16 bits that rise over so many rows stay below p, and so do sums
of limbs of all rows."""

SAFETY_BITS = SAFETY_MAX.bit_length()
"""A safety is one limb, and its largest value is all ones."""


class Size(Layout):
    """A signed size: as the leaf has it, and as sign and magnitude, which margins multiply."""

    words = cells(2)  # biased by 2^40, packed pairs
    magnitude = limbs(POSITION_BITS)
    short = bit()  # 1 below zero
    borrow = bit()  # of the low pair, below zero
    held = bit()  # 1 if not empty
    inverse = cell()  # of the sum of the magnitude's limbs
    trigger = cell()  # the bucket at which its account must be looked at

    def block(self, market: Any) -> tuple[Any, ...]:
        """How the leaf hashes it."""
        return (market, *self.words, self.trigger, 0, 0, 0, 0)


class Risk(Layout):
    """What a lot adds to the sums, in balanced limbs, and in which buckets its sides are: public
    numbers of the market."""

    long_maintenance = cells(COUNT)
    short_maintenance = cells(COUNT)
    long_initial = cells(COUNT)
    short_initial = cells(COUNT)
    bucket = cells(BUCKET_COUNT)
    value = cells(COUNT)
    long_number = cell()
    short_number = cell()

    @property
    def cells(self) -> tuple[Any, ...]:
        """All numbers, as RISK carries them."""
        return (
            *self.long_maintenance,
            *self.short_maintenance,
            *self.long_initial,
            *self.short_initial,
            *self.bucket,
            *self.value,
            self.long_number,
            self.short_number,
        )


if Risk.width() != RISK_NUMBERS:
    raise TypeError("RISK carries another number of elements than a market's terms have")


def number_of(risk: Risk, short: Any) -> Any:
    """The bucket of a side at the batch's price; on cells and on arrays."""
    return risk.long_number + short * (risk.short_number - risk.long_number)


class Zones(Layout):
    """Of longs and of shorts: whether somebody is deleveraged, and down to which trigger."""

    zoned = cells(2)
    zone = cells(2)

    @property
    def cells(self) -> tuple[Any, ...]:
        """All four, as RISK carries them."""
        return (*self.zoned, *self.zone)


class Publishing(Layout):
    """What is published of the position: chaining values, and the pad of its block."""

    taken = cells(DIGEST)
    pad = cells(DIGEST)
    hash = cells(DIGEST)  # after the block, if there is one


class Given(Layout):
    """The sums that the row hands on in cells of their own: the ladder has lower degree."""

    excess_before = cells(COLUMNS)
    excess_after = cells(COLUMNS)
    initial_after = cells(COLUMNS)
    equity_after = cells(COLUMNS)


class Columns(Layout):
    """The columns. `taken` is what the row takes from the chain, `given` what it hands on."""

    active = bit()
    account = cell()
    market = cell()
    gap = limbs(MARKET_BITS)  # how far the market is above the least one allowed
    count = cell()
    safety = cell()  # buckets between the price and the account's triggers
    shrinks = bit()
    liquidated = bit()
    exhausted = cell()
    exempt = bit()  # it may stay where others are deleveraged
    clear = cell()  # it may not be of a side that is
    smaller = bit()  # it has not grown, nor changed its side
    excused = bit()  # the backstop's, which grew by takeovers
    paid_out = cell()
    takeovers = cell()  # of this position
    needed = bit()  # the liquidated account would be below maintenance with a lot more of it
    closed_out = bit()  # takeovers left nothing of it
    unsteady = bit()  # its market's price is clamped or missing, which bars an exit
    due = bit()  # its old trigger is above the price's bucket
    due_room = limbs(BUCKET_NUMBER_BITS)  # by how much more than one, or how far it is below
    dealt = cell()  # its account is counted as progress
    deleveraged = bit()
    behind = bit()  # it stays, and its old trigger is not above the last that is deleveraged
    came = bit()  # it stays, and its side held nothing before
    stays = bit()  # it says that it may
    zones = group(Zones)
    zone = cell()  # of its old side
    zone_room = limbs(BUCKET_NUMBER_BITS)  # how far its old trigger is from there
    last_ts = cell()  # of the position's word
    traded = cell()  # how often an order of the account met another one in the market
    took = cell()  # and took lots of a liquidated account
    before = group(Size)
    after = group(Size)
    least_size = cells(2)  # |size'| if it is smaller, else the least order; packed pairs
    most_size = cells(2)  # |size| before if it is smaller, else |size'|
    size_room = cells(3)  # lower limbs of the difference
    risk = group(Risk)
    least = cells(2)  # the market's least order, a packed pair
    steady = cell()  # 1 if the market's price is fresh and unclamped
    asset = cell()  # 1 if the market's lots are a token that L1 holds
    idle = cell()  # 1 if they count for nothing
    grown = cell()  # how often it was traded or taken, if it is not smaller
    uncounted = cell()  # 1 if it is of an asset, and cash leaves its account
    sunk = limbs(SAFETY_BITS)  # buckets that the trigger would be below the lowest
    kept = bit()  # 1 if side and trigger are as they were: then nothing is said of them
    old_taken = cells(DIGEST)
    old_hash = cells(DIGEST)  # after the old position's block, if there is one
    new_taken = cells(DIGEST)
    new_hash = cells(DIGEST)
    key = cells(DIGEST)  # what the new leaf is published under
    published = group(Publishing)
    taken = group(Sums)
    given = group(Given)
