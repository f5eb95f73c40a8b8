"""Exit: the first row opens one account to the root, and says what its owner is paid.

It hashes header and leaf, hands the leaf to holding for its positions, takes it back with what
these are worth, and finds it in the account tree; it adds the cash and shows the sum, or 0 where
that is below zero; it makes the nullifier; and it knows the secret of the key in the header. All
else of the row stays hidden, and the rows below it mean nothing.
Degree: 2. Buses: HASH, HOLDINGS, NODE, COMB_END, RANGE.
Claims: docs/spec/claims/exit.md. Spec: docs/spec/23-private-exit.md.
"""

from collections.abc import Sequence
from typing import Any, Final

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, carries, cell, cells, limbs, many
from circuits.air.table import Table
from circuits.exit.buses import HOLDINGS
from circuits.exit.holding import signed
from circuits.gadgets.buses import COMB_END, NODE
from circuits.gadgets.curve import CircuitPoint, require_addition
from circuits.gadgets.hash import request_chain, request_hash
from circuits.gadgets.integer import Integer, constant, from_limbs, require_identity
from circuits.tables.account.columns import LEAF_BLOCKS, SALT
from circuits.tables.header.air import HEADER_BLOCKS
from circuits.tables.position.columns import DIGEST
from circuits.tables.position.sums import COLUMNS, SUM_BITS
from rollup.crypto import curve
from rollup.field.septic import DEGREE
from rollup.hash.poseidon import fold_start
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    ACCOUNT_LEAF_VERSION,
    CASH_BITS,
    CASH_LIMIT,
    SIGNATURE_SCHEME,
)
from rollup.protocol.encoding import TypeCode

OWNER_WORDS: Final = 6

CARRY_BITS: Final = 3
"""Sums of three limbs carry at most two of either sign."""

SHIFT_BACK: Final = curve.negate(curve.CONSTANT_SHIFT)
"""What the comb starts above: its end less this is the secret times G."""


class Columns(Layout):
    """The columns, of which the first row counts."""

    account = cell()
    owner = cells(OWNER_WORDS)
    key_x = cells(DEGREE)
    key_y = cells(DEGREE)
    viewing = cells(DIGEST)
    header = many(HEADER_BLOCKS, cells(DIGEST))  # chaining values, the digest last
    slots_root = cells(DIGEST)
    cash = limbs(CASH_BITS)  # biased by 2^63
    below = cell()  # flagged: free, the leaf has it
    salt = cells(SALT)
    chain = many(LEAF_BLOCKS, cells(DIGEST))  # of the leaf, up to its block of cash
    leaf = cells(DIGEST)
    accounts = cells(DIGEST)  # root of the account tree
    markets = cells(DIGEST)
    left = cells(DIGEST)  # half of the state root
    right = cells(DIGEST)
    total = cells(COLUMNS)  # what all positions are worth
    total_negative = cell()
    equity = limbs(SUM_BITS)
    negative = bit()  # it is that less 2^78
    carries = carries(COLUMNS - 1, CARRY_BITS)
    end_x = cells(DEGREE)  # where the comb ends
    end_y = cells(DEGREE)
    slope = cells(DEGREE)
    apart = cells(curve.APART_WORDS)


def constraints(air: Builder, row: Columns) -> None:
    """One account."""
    air.require_bit(row.negative, "exit.flags")
    _leaf(air, row)
    _tree(air, row)
    _equity(air, row)
    _nullifier(air, row)
    _authority(air, row)


def _leaf(air: Builder, row: Columns) -> None:
    # Lie: a key of the liar's in place of the account's.
    key = (*row.key_x, *row.key_y)
    words = (*row.owner, *key, SIGNATURE_SCHEME, *row.viewing, 0, 0, 0)
    blocks = [words[i : i + DIGEST] for i in range(0, len(words), DIGEST)]
    request_chain(air, TypeCode.HEADER, blocks, row.header, row.first, claim="exit.header")
    # Lie: cash that the leaf does not have.
    # Lie: a salt that is not the leaf's, so that it escapes twice.
    cash = (*row.cash.packed(), row.below, *row.salt)
    state: Sequence[Any] = fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION)
    for block, digest in zip((row.header[-1], row.slots_root, cash), row.chain, strict=True):
        request_hash(air, state, block, digest, row.first, claim="exit.leaf")
        state = digest
    # Lie: positions of another account, or something that they are worth before there is one.
    start = (0, *row.chain[-1], *(0,) * (COLUMNS + 1))
    air.send(HOLDINGS, start, row.first, claim="exit.positions")
    end = (1, *row.leaf, *row.total, row.total_negative)
    air.receive(HOLDINGS, end, row.first, claim="exit.positions")


def _tree(air: Builder, row: Columns) -> None:
    # Lie: a leaf that is in no tree, or in that of another root.
    root = (0, 0, 0, *row.accounts, *row.accounts)
    air.send(NODE, root, row.first, claim="exit.path")
    # Lie: a node above the leaves, or a leaf under another number, which has another nullifier.
    found = (0, ACCOUNT_BITS, row.account, *row.leaf, *row.leaf)
    air.receive(NODE, found, row.first, claim="exit.path")
    claim = "exit.root"
    request_hash(air, row.accounts, row.markets, row.left, row.first, claim=claim)
    request_hash(air, row.left, row.right, air.public("root"), row.first, claim=claim)


def equity_gap(row: Any) -> Integer:
    """Cash and positions, less the equity: zero; on cells and on arrays."""
    cash = from_limbs(row.cash) - constant(CASH_LIMIT)
    positions = signed(row.total, row.total_negative)
    return cash + positions - signed(row.equity, row.negative)


def _equity(air: Builder, row: Columns) -> None:
    # Lie: a limb outside its width, so that a sum wraps and a debt pays.
    for part in (row.cash, row.equity, row.carries):
        air.range_check(part, row.first, claim="exit.bounds")
    with air.first_row():
        # Lie: more than cash and positions come to.
        require_identity(air, equity_gap(row), row.carries, "exit.equity")
        # Lie: another amount than that; a debt that is paid as what 2^78 lacks of it.
        shown = [(1 - row.negative) * limb for limb in row.equity]
        air.require_all_equal(shown, air.public("amount"), "exit.amount")


def _nullifier(air: Builder, row: Columns) -> None:
    # Lie: another nullifier for the same leaf, so that it escapes twice.
    block = (row.account, *row.salt, 0, 0, 0)
    digest = air.public("nullifier")
    request_chain(air, TypeCode.NULLIFIER, [block], [digest], row.first, claim="exit.nullifier")


def _authority(air: Builder, row: Columns) -> None:
    """key = s G for an s whose bytes the comb adds up. Both points of the sum are on the curve, so
    the key is too."""
    # Lie: a leaf opened by somebody who was told it, the operator say.
    end = CircuitPoint(row.end_x, row.end_y)
    air.receive(COMB_END, (0, *end.x, *end.y), row.first, claim="exit.authority")
    key, back = CircuitPoint(row.key_x, row.key_y), CircuitPoint(SHIFT_BACK.x, SHIFT_BACK.y)
    with air.first_row():
        require_addition(air, end, back, row.slope, key, row.apart, "exit.authority")


TABLE: Final = Table("exit", Columns, constraints)
