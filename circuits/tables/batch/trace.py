"""Batch: how the first row is filled. Nothing is checked: a forged record gives a forged row."""

from typing import Any

import numpy as np

from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.compare import fill_difference
from circuits.gadgets.integer import fill_carries
from circuits.tables.account.publishing_trace import Committed
from circuits.tables.batch.columns import SPENT_BITS, Columns, credit_identity, sums_identity
from circuits.tables.chains import chain_columns, continue_chain
from circuits.tables.market.trace import folded
from circuits.tables.records import BatchRecords, CashAccess, MarketRecords
from rollup.hash.kernels import compress_many
from rollup.protocol.constants import CASH_BITS, TIME_BITS
from rollup.protocol.encoding import TypeCode, packed


def build(
    records: BatchRecords, markets: MarketRecords, published: Committed, height: int, blinded: int
) -> U32:
    """The trace: one row, then zeros."""
    trace = Trace(Columns, height, blinded)
    used = trace.rows(0, 1)
    for which, state in enumerate((used.before, used.after)):
        _fill_state(state, records, markets, which)
    _fill_published(used, published)
    _fill_step(used, records, markets)
    before, after = records.time
    used.old_time.fill(_one(before))
    fill_difference(used.time_room, _one(before + 1), _one(after), TIME_BITS)
    _fill_credit(used.fees, records.fees, records.fee_sums, records.cash)
    used.refreshed[...] = records.refreshed
    _fill_credit(used.rests, records.rests, records.rest_sums, records.rest_cash, used.refreshed)
    used.rested[...] = records.rested
    trace.fill_rest()
    return trace.finish()


def _fill_published(used: Any, published: Committed) -> None:
    """The data commitment as far as the leaves, and on through what stands beside the accounts."""
    used.leaves[...] = published.leaves
    state = published.state[None]
    put(used.published, state)
    (with_markets,) = continue_chain(state, [np.stack(used.after.markets, axis=1)])
    put(used.with_markets, with_markets)


def _fill_credit(credit: Any, amount: int, sums: I64, cash: CashAccess, more: Any = 0) -> None:
    put(credit.sums, _row(sums))
    credit.amount.fill(_one(amount))
    credit.sum_carries.fill(fill_carries(sums_identity(credit)))
    credit.previous_ts[...] = cash.previous_ts
    put_packed(credit.cash_before, cash.before)
    credit.cash_after.fill(cash.after)
    credit.cash_carries.fill(fill_carries(credit_identity(credit, more)))


def _fill_step(used: Any, records: BatchRecords, markets: MarketRecords) -> None:
    """What is left of the step: sides that lag, and flagged accounts; and what was done for it."""
    used.markets_count[...] = len(markets.market)
    used.last_listed[...] = markets.listed[-1] if len(markets.listed) else 1
    numbers = markets.risk[:, -2:]
    falls = (markets.frontier[0] > numbers) & (markets.listed == 1)[:, None]
    used.lagging[...] = (falls & (markets.frontier[1] > numbers)).sum()
    put(used.spent, _row(records.spent))
    for place, reason in enumerate(used.reasons):
        reason[...] = records.progress_by == place
    used.spent_room.fill(_one(records.progress_over % 2**SPENT_BITS))
    used.open_inverse[...] = inverse_or_zero(used.lagging + records.flagged[1])


def _one(value: int) -> I64:
    return np.array([value], dtype=np.int64)


def _row(values: Any) -> I64:
    return np.array([values], dtype=np.int64)


def _fill_state(state: Any, records: BatchRecords, markets: MarketRecords, which: int) -> None:
    """The hashes of the state before (0) or after (1) the batch."""
    accounts, salt = records.accounts_root[which], records.markets_salt[which]
    triggers = records.triggers_root[which]
    put(state.accounts_root, _row(accounts))
    put(state.triggers_root, _row(triggers))
    put(state.markets_salt, _row(salt))
    listed = markets.listed if which == 0 else np.ones_like(markets.listed)
    frontiers = folded(markets, which, listed)[2][-1:]
    put(state.frontiers, frontiers)
    (leaf,) = continue_chain(frontiers, [_row(salt)])
    put(state.markets, leaf)
    state.flagged[...] = records.flagged[which]
    put(state.globals_salt, _row(records.globals_salt[which]))
    middle, digest = chain_columns(TypeCode.GLOBALS, _globals_blocks(records, which))
    put(state.globals_middle, middle)
    put(state.globals_digest, digest)
    put(state.left, compress_many(np.array([accounts], dtype=np.uint32), leaf))
    put(state.right, compress_many(np.array([triggers], dtype=np.uint32), digest))


def _globals_blocks(records: BatchRecords, which: int) -> list[I64]:
    words = (
        records.number - 1 + which,
        *packed(records.time[which], TIME_BITS),
        *packed(records.total[which], CASH_BITS),
        records.deposits_consumed[which],
        records.flagged[which],
    )
    return [_row(words), _row(records.globals_salt[which])]
