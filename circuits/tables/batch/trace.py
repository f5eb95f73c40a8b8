"""Batch: how the first row is filled. Nothing is checked: a forged record gives a forged row."""

from typing import Any

import numpy as np

from circuits.air.trace import I64, U32, Trace, put, put_packed
from circuits.gadgets.compare import fill_difference
from circuits.gadgets.integer import fill_carries
from circuits.tables.batch.columns import DIGEST, Columns, credit_identity, fees_identity
from circuits.tables.chains import chain_columns
from circuits.tables.records import BatchRecords
from rollup.hash.kernels import compress_many
from rollup.protocol.constants import CASH_BITS, TIME_BITS
from rollup.protocol.encoding import TypeCode, packed

_ZEROS = np.zeros((1, DIGEST), dtype=np.uint32)


def build(records: BatchRecords, height: int, blinded: int) -> U32:
    """The trace: one row, then zeros."""
    trace = Trace(Columns, height, blinded)
    used = trace.rows(0, 1)
    for which, state in enumerate((used.before, used.after)):
        _fill_state(state, records, which)
    put(used.old_prices, _row(records.prices[0]))
    before, after = records.time
    used.old_time.fill(_one(before))
    fill_difference(used.time_room, _one(before + 1), _one(after), TIME_BITS)
    put(used.fee_sums, _row(records.fee_sums))
    used.fees.fill(_one(records.fees))
    used.fee_carries.fill(fill_carries(fees_identity(used)))
    used.previous_ts[...] = records.cash.previous_ts
    put_packed(used.cash_before, records.cash.before)
    used.cash_after.fill(records.cash.after)
    used.cash_carries.fill(fill_carries(credit_identity(used)))
    trace.fill_rest()
    return trace.finish()


def _one(value: int) -> I64:
    return np.array([value], dtype=np.int64)


def _row(values: Any) -> I64:
    return np.array([values], dtype=np.int64)


def _fill_state(state: Any, records: BatchRecords, which: int) -> None:
    """The hashes of the state before (0) or after (1) the batch."""
    accounts, salt = records.accounts_root[which], records.markets_salt[which]
    put(state.accounts_root, _row(accounts))
    put(state.markets_salt, _row(salt))
    blocks = [_row(records.prices[which]), _row(salt)]
    middle, markets = chain_columns(TypeCode.MARKETS, blocks)
    put(state.markets_middle, middle)
    put(state.markets, markets)
    put(state.globals_salt, _row(records.globals_salt[which]))
    middle, digest = chain_columns(TypeCode.GLOBALS, _globals_blocks(records, which))
    put(state.globals_middle, middle)
    put(state.globals_digest, digest)
    root = np.array([accounts], dtype=np.uint32)
    put(state.left, compress_many(root, markets))
    put(state.right, compress_many(digest, _ZEROS))


def _globals_blocks(records: BatchRecords, which: int) -> list[I64]:
    words = (
        records.number - 1 + which,
        *packed(records.time[which], TIME_BITS),
        *packed(records.total[which], CASH_BITS),
        records.deposits_consumed[which],
        0,
    )
    return [_row(words), _row(records.globals_salt[which])]
