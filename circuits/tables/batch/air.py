"""Batch: its first row ties the state roots to the public values, says whether the step is closed
and whether the batch made progress, and credits the fees.

Height: one row, padded; only the first row says anything. Degree: 3.
Buses: HASH; sends the roots of account and trigger tree on NODE; starts and ends FRONTIERS and
DATA;
receives FLAGGED, FEES and SPENT; accesses the cash word of the fee account in MEMORY at
FEE_TIMESTAMP, also when there are no fees; and that of the backstop at REST_TIMESTAMP, if something
is left to it.
Claims: docs/spec/claims/batch.md. Spec: docs/spec/07-batch.md.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import Expr, Operand
from circuits.air.layout import pack_pairs
from circuits.air.table import Table
from circuits.gadgets.buses import DATA, FEES, FLAGGED, FRONTIERS, NODE, SPENT
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.hash import request_chain, request_hash
from circuits.gadgets.integer import require_identity
from circuits.gadgets.memory import require_access
from circuits.gadgets.words import CASH_WORD
from circuits.tables.batch.columns import (
    DIGEST,
    Columns,
    State,
    credit_identity,
    sums_identity,
)
from rollup.hash.poseidon import fold_start
from rollup.protocol.closing import TRIGGER_TREE
from rollup.protocol.constants import (
    CASH_BITS,
    FEE_TIMESTAMP,
    MARKETS_LEAF_VERSION,
    PUBLISHED_VERSION,
    REST_TIMESTAMP,
    TIME_BITS,
)
from rollup.protocol.encoding import TypeCode, limbs
from rollup.protocol.outcome import Spent
from rollup.protocol.progress import quotas
from rollup.protocol.shape_class import ShapeClass

_CASH_LIMBS = len(limbs(0, CASH_BITS))
_TIME_LIMBS = len(limbs(0, TIME_BITS))


def constraints(wanted: Spent, air: Builder, row: Columns) -> None:
    """The batch as a whole; to do so much for its step is progress."""
    _old_state(air, row)
    _new_state(air, row)
    _trees(air, row)
    _frontiers(air, row)
    _published(air, row)
    _step(air, row)
    _progress(air, row, wanted)
    _clock(air, row)
    _fees(air, row)


def _old_state(air: Builder, row: Columns) -> None:
    """The old root commits to batch number - 1 and to the public counters before this batch."""
    words = (
        air.public("number") - 1,
        *row.old_time.packed(),
        *pack_pairs(air.public("total_old", _CASH_LIMBS)),
        air.public("deposits_before"),
    )
    # Lie: a batch on top of another state, a batch number twice, deposits skipped or taken again.
    _state(air, row, row.before, words, air.public("old_root", DIGEST), "before")


def _new_state(air: Builder, row: Columns) -> None:
    """The new root commits to this batch's number, time and counters."""
    words = (
        air.public("number"),
        *pack_pairs(air.public("time", _TIME_LIMBS)),
        *pack_pairs(air.public("total_new", _CASH_LIMBS)),
        air.public("deposits_before") + air.public("deposits_count"),
    )
    # Lie: another clock, another custody total or queue position than L1 is told.
    _state(air, row, row.after, words, air.public("new_root", DIGEST), "after")


def _state(
    air: Builder,
    row: Columns,
    state: State,
    words: Sequence[Operand],
    root: Sequence[Expr],
    which: str,
) -> None:
    """root = compress(compress(accounts, markets), compress(triggers, globals)); `words` are seven,
    and the count of flagged accounts is the eighth."""
    count = row.first
    salt = (*state.markets_salt, 0, 0, 0, 0)
    request_hash(air, state.frontiers, salt, state.markets, count, claim=f"batch.markets-{which}")
    blocks = ((*words, state.flagged), (*state.globals_salt, 0, 0, 0, 0))
    digests = (state.globals_middle, state.globals_digest)
    claim = f"batch.globals-{which}"
    request_chain(air, TypeCode.GLOBALS, blocks, digests, count, claim=claim)
    claim = f"batch.root-{which}"
    request_hash(air, state.accounts_root, state.markets, state.left, count, claim=claim)
    right = (state.triggers_root, state.globals_digest)
    request_hash(air, *right, state.right, count, claim=claim)
    request_hash(air, state.left, state.right, root, count, claim=claim)


def _trees(air: Builder, row: Columns) -> None:
    before, after = row.before, row.after
    # Lie: leaves opened against another tree than the old root's, or closed into another.
    roots = (0, 0, 0, *before.accounts_root, *after.accounts_root)
    air.send(NODE, roots, row.first, claim="batch.accounts-root")
    # Lie: counters of another state, or others than the new root has.
    roots = (TRIGGER_TREE, 0, 0, *before.triggers_root, *after.triggers_root)
    air.send(NODE, roots, row.first, claim="batch.triggers-root")


def _frontiers(air: Builder, row: Columns) -> None:
    """The markets leaf goes through all listed markets, from nothing to what the salt closes."""
    start = fold_start(TypeCode.MARKETS, MARKETS_LEAF_VERSION)
    # Lie: frontiers of another state; a leaf of another type or version.
    begun = (0, 1, 0, 0, *start, *start)
    air.send(FRONTIERS, begun, row.first, claim="batch.frontiers")
    digests = (*row.before.frontiers, *row.after.frontiers)
    *_, fallen = row.spent
    ended = (row.markets_count, row.last_listed, row.lagging, fallen, *digests)
    air.receive(FRONTIERS, ended, row.first, claim="batch.frontiers")


def _published(air: Builder, row: Columns) -> None:
    """The data commitment goes through every account, and ends in what stands beside them."""
    start = fold_start(TypeCode.DATA, PUBLISHED_VERSION)
    # Lie: a leaf is not published, or one that the batch does not leave is.
    air.send(DATA, (0, *start), row.first, claim="batch.published")
    air.receive(DATA, (row.leaves, *row.published), row.first, claim="batch.published")
    markets, right, claim = row.after.markets, row.after.right, "batch.data-commitment"
    # Lie: digests beside the accounts that do not lead to the new root, so that nobody can show an
    # account under it.
    commitment = air.public("data_commitment", DIGEST)
    request_hash(air, row.published, markets, row.with_markets, row.first, claim=claim)
    request_hash(air, row.with_markets, right, commitment, row.first, claim=claim)


def _step(air: Builder, row: Columns) -> None:
    """The step is closed exactly if no side lags and no account is flagged."""
    before, after, closed = row.before.flagged, row.after.flagged, air.public("closed")
    # Lie: accounts are left below maintenance and not counted, or forgotten while they are.
    # Lie: refresh fees that nobody paid are the backstop's, or what was paid is nobody's.
    air.receive(FLAGGED, (after - before, row.refreshed), row.first, claim="batch.flagged")
    left = row.lagging + after
    with air.when(row.first):
        # Lie: a step is said to be closed and somebody was skipped.
        air.require_zero(left * closed, "batch.closed")
        # Lie: a step is kept open, at its prices, and nothing is left to do.
        air.require_equal(left * row.open_inverse, 1 - closed, "batch.open")


def _progress(air: Builder, row: Columns, wanted: Spent) -> None:
    """It is claimed for one reason that holds: the step is closed, or so much is done for it."""
    closes, *others = row.reasons
    with air.when(row.first):
        # Lie: batches that do nothing keep a step open, at prices that the operator likes.
        air.require_one_hot(row.reasons, air.public("progress"), "batch.progress")
        air.require_zero(closes * (1 - air.public("closed")), "batch.progress-closed")
    *rows, _ = row.spent
    for place, count in enumerate(rows, 1):
        # Lie: rows count that nobody spent.
        air.receive(SPENT, (place,), row.first * count, claim="batch.spent")
    triples = zip(row.spent, others, wanted, strict=True)
    over = [reason * (count - want) for count, reason, want in triples]
    # Lie: too little. No count reaches 2^24, so that what is lacking cannot wrap.
    air.range_check(row.spent_room, row.first, claim="batch.progress-enough")
    with air.when(row.first):
        air.require_equal(row.spent_room.value(), sum(over[1:], over[0]), "batch.progress-enough")


def _clock(air: Builder, row: Columns) -> None:
    """The old time is before the new one."""
    air.range_check(row.old_time, row.first, claim="batch.clock")
    low, high = row.old_time.packed()
    time = pack_pairs(air.public("time", _TIME_LIMBS))
    # Lie: a batch that turns the clock back, so that an expired order is in time again.
    require_at_most(air, (low + 1, high), time, TIME_BITS, row.time_room, row.first, "batch.clock")


def _fees(air: Builder, row: Columns) -> None:
    """The fee account's cash grows by the sum of all fees, the backstop's by that of all rests."""
    fees, rests = row.fees, row.rests
    air.receive(FEES, (*fees.sums, *rests.sums), row.first, claim="batch.fees")
    rested = row.first * row.rested
    first, *others = rests.sums
    left = sum(others, first) + row.refreshed
    with air.when(row.first):
        air.require_zero(row.rested * (row.rested - 1), "batch.rests")
        # Lie: what takeovers by orders leave is nobody's, or what refreshes cost. Five sums
        # below 2^26 stay below p.
        air.require_zero((1 - row.rested) * left, "batch.rests")
    air.bit_elsewhere(row.rested, "it counts in the first row only, and is a bit there")
    # Lie: fees credited to somebody else than governance says.
    named = (air.public("fee_account"), FEE_TIMESTAMP)
    _credit(air, fees, named, row.first, "batch.fee-account")
    # Lie: what is the backstop's is credited to a friend.
    named = (air.public("backstop_account"), REST_TIMESTAMP)
    _credit(air, rests, named, rested, "batch.backstop", row.refreshed)


def _credit(
    air: Builder,
    credit: Any,
    named: tuple[Any, int],
    count: Any,
    claim: str,
    more: Any = 0,
) -> None:
    """An account is credited the amount, at a time, where `count` is 1; `more` is in it beside what
    fills sum up to."""
    account, time = named
    for number in (credit.amount, credit.sum_carries, credit.cash_after, credit.cash_carries):
        air.range_check(number, count, claim="batch.bounds")
    with air.when(count):
        # Lie: more credited than charged.
        require_identity(air, sums_identity(credit), credit.sum_carries, "batch.fees")
        # Lie: fees that disappear, or cash from nowhere for who is credited.
        require_identity(air, credit_identity(credit, more), credit.cash_carries, "batch.credit")
    values = ((*credit.cash_before, 1), (*credit.cash_after.packed(), 1))
    times = (credit.previous_ts, time)
    require_access(air, (account, CASH_WORD), times, values, count, claim)


def table(shape_class: ShapeClass) -> Table:
    """The table for a class: what is much of it is progress."""
    return Table("batch", Columns, partial(constraints, quotas(shape_class)))
