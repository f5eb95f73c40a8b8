"""Account: the columns. One row is one touched account, before and after the batch side by side."""

from circuits.air.layout import Layout, bit, carries, cell, cells, group, limbs
from circuits.tables.position.columns import DIGEST
from circuits.tables.position.sums import Sums
from rollup.hash.many import compress_many
from rollup.protocol.roots import fresh_slots_root

SALT = 4

FRESH_SLOTS_ROOT = fresh_slots_root(compress_many)
"""Root of the slot tree of an account that never traded."""

LEAF_BLOCKS = 3
"""Blocks of a leaf before its positions: header digest, slots root, cash with flags and salt."""

CASH_WORDS = 3
"""Cash biased by 2^63, as on the memory bus and in the leaf: packed pairs of 26, 26 and 12 bits."""

SLACK_BITS = 156
"""The widest comparison, excess' x MM - excess x MM', stays below 2 x (2^77 + 2^63) x 2^76."""

CARRY_BITS = 18
"""A column sums at most 12 products of two limbs, so its carry stays below 12 x 2^13 < 2^17."""


class Leaf(Layout):
    """What an account holds beside its positions, and how it is hashed; before or after."""

    slots_root = cells(DIGEST)
    with_slots = cells(DIGEST)  # chaining value after the block of the slots' root
    cash = cells(CASH_WORDS)
    salt = cells(SALT)
    with_cash = cells(DIGEST)  # after the block of cash, from which the positions go on
    leaf = cells(DIGEST)


class Case(Layout):
    """The clause of the margin rule that the account satisfies: exactly one."""

    unchanged = bit()
    initial = bit()
    maintenance = bit()
    healthier = bit()
    liquidated = bit()


class Columns(Layout):
    """The columns."""

    active = bit()
    existed = bit()  # before the batch
    exists = bit()  # after it
    slots_touched = bit()
    opened = bit()  # its header is
    account = cell()
    header = cells(DIGEST)
    with_header = cells(DIGEST)  # chaining value of the leaf after the block of the header
    before = group(Leaf)
    after = group(Leaf)
    last_ts = cell()  # of the cash word; 0 if untouched
    least = cell()  # one above the last market of its positions
    sums = group(Sums)  # over all its positions, as limbs
    case = group(Case)
    slack = limbs(SLACK_BITS)  # what the account has more than its clause asks for
    slack_carries = carries(11, CARRY_BITS)
    requirement_inverse = cell()  # of the limb sum of the old maintenance requirement
    exhausted = bit()  # a liquidated account that paid all it had left, and not the whole fee
    backstop_inverse = cell()  # of the account's number less the backstop's
