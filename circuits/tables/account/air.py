"""Account: one row is one touched account, its leaf opened once and closed once.

The row opens the old leaf and closes the new one as far as cash, puts the old cash on the memory
bus at timestamp 0 and takes the last off it, sends both leaves through the account's positions and
takes them back with sums over these, and checks the closing rule (`closing.py`). A refresh fee is
taken of the cash on the way to the new leaf (`refresh.py`). The new leaf is published, encrypted to
its owner (`publishing.py`). Its header is opened elsewhere, and the root of its slot tree goes to
the tree table. If its owner gave it another key, its new leaf starts with another header, which is
held to that elsewhere.
Height: one row a touched account, padded. Degree: 3.
Buses: NODE, HASH, MEMORY, HEADER, RENEWED, CHAIN, VIEWING, DATA, FLAGGED, NEEDED, BACKSTOP, DUE,
UNSTEADY, RANGE; sends OUTFLOW, BARRED, SPENT.
An account existed and exists; or it was registered in this batch (exists only); or it was never
there, because only refused deposits named it (neither): then its leaf stays empty.
Claims: docs/spec/claims/account.md.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.air.table import Table
from circuits.gadgets.buses import CHAIN, HEADER, MEMORY, NODE, RENEWED
from circuits.gadgets.hash import request_hash
from circuits.gadgets.words import CASH_WORD
from circuits.tables.account.closing import require_closing
from circuits.tables.account.columns import ACCOUNT_ROWS_MAX, FRESH_SLOTS_ROOT, Columns, Leaf
from circuits.tables.account.liquidation import require_dealt, require_liquidation, require_standing
from circuits.tables.account.payment import payment, require_exit, require_payment
from circuits.tables.account.publishing import require_published
from circuits.tables.account.refresh import cash_before_fee, require_refresh, require_told
from circuits.tables.position.sums import started
from rollup.hash.poseidon import fold_start
from rollup.protocol.account import EMPTY_LEAF
from rollup.protocol.constants import ACCOUNT_BITS, ACCOUNT_LEAF_VERSION
from rollup.protocol.encoding import TypeCode, cash_words

FIRST_COUNT = 1
"""Count of a chain whose sums are cash alone."""

LAST_COUNT = 0
"""Count of a chain whose sums are limbs, after the last position."""


def constraints(air: Builder, row: Columns, following: Columns) -> None:
    """One account."""
    _flags(air, row)
    _absent(air, row)
    _header(air, row)
    _leaf(air, row.before, row.with_header, row.existed, "account.leaf-before")
    _leaf(air, row.after, row.with_new_header, row.exists, "account.leaf-after")
    _tree(air, row)
    _memory(air, row)
    _positions(air, row)
    require_closing(air, row)
    require_liquidation(air, row)
    require_standing(air, row)
    require_payment(air, row)
    require_exit(air, row)
    require_dealt(air, row)
    require_refresh(air, row)
    require_told(air, row, following)
    require_published(air, row)


def _flags(air: Builder, row: Columns) -> None:
    flags = (row.active, row.existed, row.exists, row.slots_touched)
    for flag in (*flags, row.rotated, row.keyed, row.rekeyed):
        air.require_bit(flag, "account.flags")
    # Lie: a padding row has slot trees, headers or registrations of accounts nobody opened.
    air.require_zero(row.exists * (1 - row.active), "account.padding-is-silent")
    air.require_zero(row.slots_touched * (1 - row.exists), "account.padding-is-silent")
    air.require_zero(row.rotated * (1 - row.exists), "account.padding-is-silent")
    # Lie: an account with a debt is deleted.
    air.require_zero(row.existed * (1 - row.exists), "account.never-deleted")


def _absent(air: Builder, row: Columns) -> None:
    """What does not exist has the empty leaf, no cash, no positions and fresh slots."""
    # Lie: an account that is there is registered again, under the liar's key.
    # Lie: cash or positions come into being with the account. Its old chain starts from the empty
    # leaf and must end there: no position's block leads back to zeros.
    with air.when(1 - row.existed):
        _require_empty(air, row.before, "account.absent-before")
        air.require_all_equal(row.before.with_cash, EMPTY_LEAF, "account.absent-before")
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
    air.require_zero(leaf.below, claim)


def _header(air: Builder, row: Columns) -> None:
    # Lie: the leaf is a slot leaf, an inner node or a leaf of another version: the fold starts from
    # an account's type and version.
    start = fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION)
    request_hash(air, start, row.header, row.with_header, row.exists, claim="account.header")
    # Lie: an account comes to be without its header being held to a registration.
    # Lie: a header is opened that is not the account's.
    created = row.exists - row.existed
    wanted = (row.account, *row.header, created, row.keyed, row.backstop)
    air.send(HEADER, wanted, row.exists, claim="account.header-opened")
    # Lie: an order is signed by the key that the account had before its owner gave it another.
    air.require_zero(row.rotated * row.keyed, "account.rotated-key")
    # Lie: the new leaf has another header, though nobody asked for one.
    with air.when(1 - row.rotated):
        air.require_all_equal(row.with_new_header, row.with_header, "account.header-kept")
    told = (row.account, *row.with_new_header, row.rekeyed, row.backstop)
    air.send(RENEWED, told, row.rotated, claim="account.header-renewed")


def _leaf(air: Builder, leaf: Leaf, with_header: Any, count: Any, claim: str) -> None:
    """The leaf is the hash of what the account holds; its positions follow in the chain."""
    # Lie: cash from nowhere, written into the new leaf or read out of an old one that never was.
    # Lie: an account that was left below maintenance is not known for it any more.
    cash = (*leaf.cash, leaf.below, *leaf.salt)
    request_hash(air, with_header, leaf.slots_root, leaf.with_slots, count, claim=claim)
    request_hash(air, leaf.with_slots, cash, leaf.with_cash, count, claim=claim)


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
    # Lie: trading starts from other cash than the leaf holds.
    # Lie: the last cash is not what is written into the leaf: a loss is dropped, a gain invented.
    start = [row.account, CASH_WORD, 0, *row.before.cash, row.existed]
    air.send(MEMORY, start, row.active, claim="account.value-before")
    end = [row.account, CASH_WORD, row.last_ts, *cash_before_fee(row), row.exists]
    air.receive(MEMORY, end, row.active, claim="account.value-after")


def _positions(air: Builder, row: Columns) -> None:
    """Both leaves go through all positions, which add themselves up on the way."""
    standing = (row.liquidated, row.exhausted, row.exempt, row.clear)
    demands = (row.safety.value(), row.shrinks, *standing, payment(row), row.dealt)
    digests = (*row.before.with_cash, *row.after.with_cash)
    published = row.published
    digests += (*published.key, *published.with_cash)
    sums = started(row.before.cash, row.after.cash)
    start = (row.account, 0, FIRST_COUNT, *demands, *digests, *sums)
    air.send(CHAIN, start, row.exists, claim="account.positions-opened")
    # Lie: a position of the leaf is not opened, or one is that the leaf does not have.
    leaves = (*row.before.leaf, *row.after.leaf, *published.key, *published.digest)
    end = (row.account, row.least, LAST_COUNT, *demands, *leaves, *row.sums.cells)
    air.receive(CHAIN, end, row.exists, claim="account.positions-complete")


TABLE = Table(name="account", columns=Columns, constraints=constraints, height_max=ACCOUNT_ROWS_MAX)
