"""Account: one row is one touched account, its leaf opened once and closed once.

The row opens the old leaf, puts the old words on the memory bus at timestamp 0, takes the last
words off it, closes the new leaf, and checks the margin rule between the two (`margin.py`). It
hands out the account's key to the orders and the root of its slot tree to the tree table.
Height: one row a touched account, padded. Degree: 3.
Buses: NODE, HASH, MEMORY, KEY, REGISTER, RANGE.
An account existed and exists; or it was registered in this batch (exists only); or it was never
there, because only refused deposits named it (neither): then its leaf stays empty.
Claims: docs/spec/claims/account.md.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.table import Table
from circuits.gadgets.buses import KEY, MEMORY, NODE, REGISTER
from circuits.gadgets.hash import request_hash
from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.tables.account.columns import (
    ACCOUNT_BLOCKS,
    DIGEST,
    FRESH_SLOTS_ROOT,
    HEADER_BLOCKS,
    Columns,
    Leaf,
)
from circuits.tables.account.margin import require_margin
from rollup.hash.poseidon import chain_start
from rollup.protocol.account import EMPTY_LEAF
from rollup.protocol.constants import ACCOUNT_BITS, MARKETS_MAX, SIGNATURE_SCHEME
from rollup.protocol.encoding import TypeCode, cash_words, position_words


def constraints(air: Builder, row: Columns) -> None:
    """One account."""
    _flags(air, row)
    _absent(air, row)
    _header(air, row)
    _leaf(air, row, row.before, row.existed, "account.leaf-before")
    _leaf(air, row, row.after, row.exists, "account.leaf-after")
    _tree(air, row)
    _memory(air, row)
    _positions(air, row)
    require_margin(air, row)


def _flags(air: Builder, row: Columns) -> None:
    for flag in (row.active, row.existed, row.exists, row.slots_touched):
        air.require_bit(flag, "account.flags")
    # Lie: a padding row hands out keys, slot trees or registrations of accounts nobody opened.
    air.require_zero(row.exists * (1 - row.active), "account.padding-is-silent")
    air.require_zero(row.slots_touched * (1 - row.exists), "account.padding-is-silent")
    air.require_zero(row.key_uses * (1 - row.exists), "account.padding-is-silent")
    # Lie: an account with a debt is deleted.
    air.require_zero(row.existed * (1 - row.exists), "account.never-deleted")


def _absent(air: Builder, row: Columns) -> None:
    """What does not exist has the empty leaf, no cash, no positions and fresh slots."""
    # Lie: an account that is there is registered again, under the liar's key.
    # Lie: cash or positions come into being with the account.
    with air.when(1 - row.existed):
        _require_empty(air, row.before, "account.absent-before")
        root = row.before.slots_root
        air.require_all_equal(root, FRESH_SLOTS_ROOT, "account.fresh-slots")
    # Lie: a deposit that was refused, because its account is missing, leaves cash in an empty leaf.
    with air.when(1 - row.exists):
        _require_empty(air, row.after, "account.absent-after")
    # Lie: slots are renewed behind the orders' back, so that a used order can trade again.
    with air.when(1 - row.slots_touched):
        roots = (row.after.slots_root, row.before.slots_root)
        air.require_all_equal(*roots, "account.slots-kept")


def _require_empty(air: Builder, leaf: Leaf, claim: str) -> None:
    air.require_all_equal(leaf.leaf, EMPTY_LEAF, claim)
    air.require_all_equal(leaf.cash, cash_words(0), claim)
    for position in leaf.positions:
        air.require_all_equal(position.words, position_words(0), claim)


def _header(air: Builder, row: Columns) -> None:
    # Lie: an order is checked against a key that is not the account's; the owner is exchanged.
    words = (*row.owner, *row.key_x, *row.key_y, SIGNATURE_SCHEME, *row.viewing, 0, 0, 0)
    blocks = [words[i : i + DIGEST] for i in range(0, len(words), DIGEST)]
    state: Sequence[Any] = chain_start(TypeCode.HEADER, HEADER_BLOCKS)
    for block, value in zip(blocks, row.header, strict=True):
        request_hash(air, state, block, value, row.exists, claim="account.header")
        state = value
    # Lie: the leaf is a slot leaf or an inner node: the chain starts from an account's type.
    start = chain_start(TypeCode.ACCOUNT, ACCOUNT_BLOCKS)
    request_hash(air, start, state, row.with_header, row.exists, claim="account.header")
    # Lie: a signature is checked with one account's key and spent for another.
    key = [row.account, *row.key_x, *row.key_y]
    air.send(KEY, key, row.key_uses, claim="account.key")
    # Lie: an account appears without a registration in the L1 queue, or with another key.
    registration = [row.account, *row.owner, *row.key_x, *row.key_y, *row.viewing]
    created = row.exists - row.existed
    air.bit_elsewhere(created, "both are bits, and existed <= exists: account.never-deleted")
    air.receive(REGISTER, registration, created, claim="account.registered")


def _leaf(air: Builder, row: Columns, leaf: Leaf, count: Any, claim: str) -> None:
    """The leaf is the hash of what the account holds."""
    # Lie: cash from nowhere, written into the new leaf or read out of an old one that never was.
    flags = 0
    cash = (*leaf.cash, flags, *leaf.salt)
    request_hash(air, row.with_header, cash, leaf.with_cash, count, claim=claim)
    positions = tuple(word for position in leaf.positions for word in position.words)
    request_hash(air, leaf.with_cash, positions, leaf.with_positions, count, claim=claim)
    request_hash(air, leaf.with_positions, leaf.slots_root, leaf.leaf, count, claim=claim)


def _tree(air: Builder, row: Columns) -> None:
    # Lie: an account is opened twice, so that one half of a trade is forgotten.
    # Lie: its index is aliased by adding p: an index of the tree stays below 2^30.
    node = [0, ACCOUNT_BITS, row.account, *row.before.leaf, *row.after.leaf]
    air.receive(NODE, node, row.active, claim="account.opened-once")
    # Lie: the slots of another account are used up instead of one's own.
    roots = [*row.before.slots_root, *row.after.slots_root]
    slots = [row.account + 1, 0, 0, *roots]
    air.send(NODE, slots, row.slots_touched, claim="account.slot-tree")


def _memory(air: Builder, row: Columns) -> None:
    # Lie: trading starts from other cash or positions than the leaf holds.
    # Lie: the last word is not the one written into the leaf: a loss is dropped, a gain invented.
    words = [(CASH_WORD, (*row.before.cash, row.existed), (*row.after.cash, row.exists))]
    for market in range(MARKETS_MAX):
        before, after = row.before.positions[market].words, row.after.positions[market].words
        words.append((POSITION_WORD + market, (*before, 0, 0), (*after, 0, 0)))
    for place, (word, before, after) in enumerate(words):
        start = [row.account, word, 0, *before]
        air.send(MEMORY, start, row.active, claim="account.value-before")
        end = [row.account, word, row.last_ts[place], *after]
        air.receive(MEMORY, end, row.active, claim="account.value-after")


def _positions(air: Builder, row: Columns) -> None:
    """Limbs of positions are canonical, because margins multiply them."""
    # Lie: one position word is split into other limbs and so valued as another position.
    for leaf in (row.before, row.after):
        for position in leaf.positions:
            air.range_check(position.low, row.active, claim="account.position-limbs")
            air.require_bit(position.high, "account.position-limbs")
            air.require_bit(position.nonnegative, "account.position-limbs")


TABLE = Table(name="account", columns=Columns, constraints=constraints)
