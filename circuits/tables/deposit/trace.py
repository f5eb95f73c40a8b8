"""Deposit: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

from typing import Any

import numpy as np

from circuits.air.graph import MODULUS
from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets import septic
from circuits.gadgets.curve import curve_right_side
from circuits.gadgets.integer import fill_carries
from circuits.tables.deposit.columns import Columns, sum_identity
from circuits.tables.records import DepositRecords
from rollup.field.septic import DEGREE
from rollup.protocol.assets import USDC
from rollup.protocol.constants import CASH_BITS, POSITION_BITS
from rollup.protocol.deposit import DepositOutcome, EntryKind


def build(records: DepositRecords, height: int, blinded: int) -> U32:
    """The trace, one row a queue entry; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    used = trace.rows(0, len(records.index))
    _fill_outcome(used, records)
    used.entry[...] = records.index
    used.account[...] = records.cash.account
    used.asset[...] = records.asset
    used.of_asset[...] = records.asset != USDC
    put_packed(used.amount, records.amount)
    put(used.owner, records.owner)
    key = records.key_words % MODULUS
    put(used.key_x, key[:, :DEGREE])
    put(used.key_y, key[:, DEGREE:])
    put(used.viewing, records.viewing % MODULUS)
    _fill_curve(used, key)
    _fill_owner(used, records)
    used.previous_ts[...] = records.cash.previous_ts
    used.existed[...] = records.cash.existed
    put_packed(used.cash_before, records.cash.before)
    used.position_ts[...] = records.position.previous_ts
    put_packed(used.position_before, records.position.before)
    _fill_sum(used, records)
    used.sum_carries.fill(fill_carries(sum_identity(used)))
    trace.fill_rest()
    return trace.finish()


def _fill_sum(row: Any, records: DepositRecords) -> None:
    """Cash or lifted lots with the amount. Unsigned addition wraps at 2^64, as the column does."""
    lift = np.uint64(2**CASH_BITS - 2**POSITION_BITS)
    lots = records.position.before.astype(np.uint64) + lift
    before = np.where(records.asset != USDC, lots, records.cash.before)
    amount = records.amount.astype(np.uint64)
    row.sum.fill(np.where(row.paid == 1, before - amount, before + amount))
    moved = row.registered + row.credited + row.rotated + row.paid
    row.cash_paid[...] = moved * (1 - row.of_asset)
    row.looked[...] = (moved + row.overflow) * row.of_asset


def _fill_outcome(row: Any, records: DepositRecords) -> None:
    """One bit an outcome; crediting has one for each kind of entry, overflow for cash and lots."""
    kind, outcome = records.kind, records.outcome
    paid = outcome == DepositOutcome.CREDITED
    row.kind[...] = kind
    row.rotates[...] = kind == EntryKind.ROTATE
    row.exits[...] = kind == EntryKind.EXIT
    row.paid[...] = paid & (kind == EntryKind.EXIT)
    row.barred[...] = outcome == DepositOutcome.EXIT_BARRED
    row.registered[...] = paid & (kind == EntryKind.REGISTER)
    row.credited[...] = paid & (kind == EntryKind.CREDIT)
    row.rotated[...] = paid & (kind == EntryKind.ROTATE)
    row.not_owner[...] = outcome == DepositOutcome.NOT_OWNER
    row.key_non_canonical[...] = outcome == DepositOutcome.KEY_NON_CANONICAL
    row.key_off_curve[...] = outcome == DepositOutcome.KEY_OFF_CURVE
    row.account_exists[...] = outcome == DepositOutcome.ACCOUNT_EXISTS
    row.account_missing[...] = outcome == DepositOutcome.ACCOUNT_MISSING
    overflows = (DepositOutcome.CASH_OVERFLOW, DepositOutcome.ASSET_OVERFLOW)
    row.overflow[...] = np.isin(outcome, overflows)
    row.asset_unknown[...] = outcome == DepositOutcome.ASSET_UNKNOWN
    row.unknown_credit[...] = row.asset_unknown * (kind == EntryKind.CREDIT)


def _fill_curve(row: Any, key: I64) -> None:
    """x^2, and weights that make the first non-zero coordinate of y^2 - x^3 - 45x - 41z^3 one."""
    x = tuple(key[:, i] for i in range(DEGREE))
    y = tuple(key[:, i] for i in range(DEGREE, 2 * DEGREE))
    refused = row.key_non_canonical + row.key_off_curve
    row.keyed[...] = row.registered + row.account_exists + row.rotates * (1 - refused)
    square = septic.square(x)
    put(row.x_squared, np.stack(square, axis=1))
    sides = zip(septic.square(y), curve_right_side(x, square), strict=True)
    distances = np.stack([(left - right) % MODULUS for left, right in sides], axis=1)
    put(row.off_curve_proof, _weights(distances, row.key_off_curve))


def _fill_owner(row: Any, records: DepositRecords) -> None:
    """Whose the account is, and weights that show that it is somebody else's."""
    refused = row.not_owner + row.rotates * row.overflow
    row.asks[...] = row.rotated + refused + row.paid + row.barred
    put(row.holder, records.holder)
    distances = (records.holder - records.owner) % MODULUS
    put(row.stranger_proof, _weights(distances, row.not_owner))


def _weights(distances: I64, wanted: I64) -> I64:
    """Weights that make the first of each row's distances that is not zero one, where that is
    wanted; else zeros."""
    weights = np.zeros_like(distances)
    rows = np.arange(len(distances))
    first = np.argmax(distances != 0, axis=1)
    weights[rows, first] = wanted * inverse_or_zero(distances[rows, first])
    return weights
