"""Account: the columns. One row is one touched account, before and after the batch side by side."""

from typing import Any

from circuits.air.layout import Layout, bit, carries, cell, cells, group, limbs
from circuits.gadgets.balanced import COUNT as BALANCED
from circuits.gadgets.balanced import VALUE_BITS
from circuits.tables.position.columns import DIGEST, SAFETY_BITS
from circuits.tables.position.sums import COLUMNS, LADDER_WIDTHS, SUM_BITS
from rollup.hash.many import compress_many
from rollup.protocol.constants import LADDER_BITS
from rollup.protocol.roots import fresh_slots_root

SALT = 4

FRESH_SLOTS_ROOT = fresh_slots_root(compress_many)
"""Root of the slot tree of an account that never traded."""

LEAF_BLOCKS = 3
"""Blocks of a leaf before its positions: header digest, slots root, cash with flags and salt."""

ACCOUNT_ROWS_MAX = 2**12
"""Tallest table: the sum of refresh fees, a limb each, stays below 2^25."""

CASH_WORDS = 3
"""Cash biased by 2^63, as on the memory bus and in the leaf: packed pairs of 26, 26 and 12 bits."""

CARRY_BITS = 13
"""Safety times a limb of the ladder stays below 2^25, so its carry within 2^12 of either sign."""

ROOM_CARRY_BITS = 2
"""Differences of packed pairs borrow at most twice."""


SPARE_CARRY_BITS = 3
"""A relief, less limbs of an excess and of what is spare: within four limbs of either sign."""


LACKING_CARRY_BITS = 3
"""An amount less one, limbs of a sum and of what is lacking: within four pairs of either sign."""


class Leaf(Layout):
    """What an account holds beside its positions, and how it is hashed; before or after."""

    slots_root = cells(DIGEST)
    with_slots = cells(DIGEST)  # chaining value after the block of the slots' root
    cash = cells(CASH_WORDS)
    below = bit()  # flagged: left with less than maintenance
    salt = cells(SALT)
    with_cash = cells(DIGEST)  # after the block of cash, from which the positions go on
    leaf = cells(DIGEST)


class Refresh(Layout):
    """The refresh fee: what is taken of the cash that the batch left, on the way to the leaf."""

    pays = bit()  # it was due, and is neither liquidated nor flagged nor the backstop
    charged = cell()
    cash_low = cell()  # low limb of the leaf's new cash
    stops = bit()  # the sum with the fee carries into the second pair
    passes = bit()  # and into the third
    inverse = cell()  # of one more than the pair of the leaf that it carries into
    sum = cell()  # of all fees up to this row


class Exit(Layout):
    """An exit that was refused: what it asked for, and the bar that holds."""

    refused = bit()
    amount = cells(CASH_WORDS)  # packed pairs of 62 bits
    shut = bit()  # nothing leaves in this batch
    standing = bit()  # it is the backstop, liquidated or flagged
    unsteady = bit()  # a position of it is in a market whose price is clamped or missing
    short = bit()  # it would be left below initial margin, without its assets
    lacking = limbs(SUM_BITS)  # by how much, less one
    carries = carries(2, LACKING_CARRY_BITS)


class Ends(Layout):
    """The sums over all positions, as limbs (circuits.tables.position.sums)."""

    excess_before = cells(COLUMNS)
    excess_after = cells(COLUMNS)
    ladder_after = cells(len(LADDER_WIDTHS))
    initial_after = cells(COLUMNS)
    equity_after = cells(COLUMNS)

    @property
    def cells(self) -> tuple[Any, ...]:
        """All columns, as CHAIN carries them: that above the ladder is empty."""
        return (
            *self.excess_before,
            *self.excess_after,
            *self.ladder_after,
            0,
            *self.initial_after,
            *self.equity_after,
        )


class Publishing(Layout):
    """What is published of the new leaf: chaining values, and pads of its first blocks."""

    key = cells(DIGEST)  # what it is published under
    with_leaf = cells(DIGEST)  # after the block of the leaf's digest
    slots_pad = cells(DIGEST)
    with_slots = cells(DIGEST)
    cash_pad = cells(DIGEST)
    with_cash = cells(DIGEST)  # from which the positions go on
    digest = cells(DIGEST)  # of all of it
    place = cell()  # among the leaves of the batch
    before = cells(DIGEST)  # the commitment as far as the leaf before
    after = cells(DIGEST)


class Columns(Layout):
    """The columns."""

    active = bit()
    existed = bit()  # before the batch
    exists = bit()  # after it
    slots_touched = bit()
    rotated = bit()  # its new leaf has another header
    keyed = bit()  # the key that it had may sign
    rekeyed = bit()  # the key that it has since may sign
    account = cell()
    header = cells(DIGEST)  # of the header that was opened
    with_header = cells(DIGEST)  # chaining value of the leaf after the block of the header
    with_new_header = cells(DIGEST)  # of the new leaf
    before = group(Leaf)
    after = group(Leaf)
    published = group(Publishing)
    last_ts = cell()  # of the cash word; 0 if untouched
    least = cell()  # one above the last market of its positions
    sums = group(Ends)
    shrinks = bit()  # no position grew or changed its side, and no cash left by an outflow
    liquidated = bit()  # the backstop may take from it
    exhausted = bit()  # it paid all it had left, and not the whole fee
    healed = bit()  # it is liquidated, and not flagged
    relief = cells(BALANCED)  # what one lot of a position that was reduced adds to its excess
    spare = limbs(VALUE_BITS)  # how far its excess is below that, less one
    spare_carries = carries(COLUMNS - 1, SPARE_CARRY_BITS)
    ordinary = cell()  # 1 if it is not flagged, and not the backstop
    exempt = cell()  # 1 if it may stay where others are deleveraged
    clear = cell()  # 1 if it takes, so that it may have no lots of a side that is deleveraged
    told = cell()  # how many sides are told what it has left
    cash_out = bit()  # it is cash, or that too
    paid_out = bit()  # cash may leave it by its holder's word
    outflows = cell()  # how often it does
    due = bit()  # the price has passed a trigger that it had
    dues = cell()  # how many
    dues_inverse = cell()
    dealt = bit()  # it was due, or is below maintenance no more: progress
    backstop = bit()  # it is governance's backstop
    backstop_inverse = cell()  # of the account's number less the backstop's
    safety = limbs(SAFETY_BITS)
    capped = bit()  # the safety is the largest that is counted
    rest = limbs(SUM_BITS)  # excess that is not a whole bucket more
    rest_carries = carries(COLUMNS - 1, CARRY_BITS)
    room = limbs(LADDER_BITS)  # what the rest falls short of a bucket
    room_carries = carries(2, ROOM_CARRY_BITS)
    refresh = group(Refresh)
    exit = group(Exit)
    flagged = cell()  # sum over the rows so far: flagged after less before
