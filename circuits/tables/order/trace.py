"""Order: how the rows are filled, and the signatures that the ladder shares with them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put
from circuits.gadgets.compare import fill_difference
from circuits.gadgets.integer import PACKED_BITS
from circuits.tables.chains import chain_columns, chain_starts, continue_chain
from circuits.tables.order.air import HIGH_MAX, Columns
from circuits.tables.records import OrderRecords
from circuits.tables.signatures import Signatures
from rollup.crypto import curve, kernels, schnorr
from rollup.protocol.constants import SIGNATURE_SCHEME, TIME_BITS
from rollup.protocol.encoding import TypeCode
from rollup.protocol.order import FLAGS

_NUMBERS = ("slot", "generation", "market", "price", "size", "expiry", "max_fee")
_PAIR = 1 << PACKED_BITS


def prepare(records: OrderRecords, count: int) -> Signatures:
    """The signatures of all orders, with stand-ins up to `count` places and one more.

    Raises ValueError if there are more orders than places.
    """
    used = len(records.account)
    if used > count:
        raise ValueError(f"{used} orders do not fit {count} signatures")
    message = _padded(_messages(records), count)
    challenge = _padded(
        chain_columns(TypeCode.CHALLENGE, _challenge_blocks(records, message)), count
    )
    elements = challenge[-1][:, : schnorr.CHALLENGE_PARTS]
    low = elements & np.uint32((1 << schnorr.CHALLENGE_PART_BITS) - 1)
    key = _with_stand_ins(records.key, kernels.FREE_POINT, count)
    nonce = _with_stand_ins(records.nonce, kernels.words(curve.GENERATOR), count)
    one = np.array(schnorr.response_bytes(1), dtype=np.uint8)
    response = _with_stand_ins(records.response, one, count)
    return Signatures(
        used=used,
        count=count,
        message=message,
        challenge=challenge,
        key=key,
        nonce=nonce,
        response=response,
        low=low,
        high=elements >> np.uint32(schnorr.CHALLENGE_PART_BITS),
        digits=kernels.digits_of_parts(low),
        octets=kernels.octets_by_rounds(response),
        steps=kernels.trace_many(key, response, low),
    )


def _messages(records: OrderRecords) -> list[U32]:
    """Chaining values of orders and of outflows, each from the start of its type."""
    blocks = _message_blocks(records)
    starts = chain_starts(TypeCode.ORDER, len(blocks), len(records.account))
    starts[records.outflow == 1, 0] = TypeCode.OUTFLOW
    return continue_chain(starts, blocks)


def _message_blocks(records: OrderRecords) -> list[I64]:
    """The blocks that the circuit hashes: of the flags those that it knows."""
    ones = np.ones_like(records.account)
    flags = records.flags & (1 | sum(flag for _, flag in FLAGS))
    first = [SIGNATURE_SCHEME * ones, records.chain * ones, records.venue * ones]
    first += [records.account, records.slot, records.generation, records.market, records.side]
    second = [records.price, *_packed(records.size), *_packed(records.expiry)]
    second += [records.max_fee, flags]
    return [np.stack(first, axis=1), np.stack(second, axis=1)]


def _packed(values: I64) -> tuple[I64, I64]:
    return values % _PAIR, values // _PAIR


def _challenge_blocks(records: OrderRecords, message: tuple[U32, ...]) -> list[U32]:
    signed = message[-1][: len(records.account)]
    words = np.concatenate([records.nonce, records.key, signed], axis=1).astype(np.uint32)
    return [words[:, at : at + 8] for at in range(0, words.shape[1], 8)]


def _padded(values: list[U32], count: int) -> tuple[U32, ...]:
    """Chaining values with zero rows up to count + 1: a stand-in hashes nothing."""
    zero = np.zeros(8, dtype=np.uint32)
    return tuple(_with_stand_ins(value, zero, count) for value in values)


def _with_stand_ins(rows: NDArray[Any], stand_in: NDArray[Any], count: int) -> NDArray[Any]:
    full = np.tile(stand_in, (count + 1, 1))
    full[: len(rows)] = rows
    return full


def build(records: OrderRecords, signatures: Signatures, height: int, blinded: int) -> U32:
    """The trace, one row an order; the other places and the rows below hold stand-ins."""
    trace = Trace(Columns, height, blinded)
    _fill_fields(trace.rows(0, signatures.used), records)
    _fill_signature(trace.rows(0, signatures.count + 1), signatures)
    zeros = np.sum(signatures.digits[: signatures.count] == 0, axis=1)
    trace.rows(0, signatures.count).zeros[...] = zeros
    trace.rows(signatures.count, trace.active).zeros[...] = 0
    trace.cells[:, signatures.count + 1 :] = trace.cells[:, signatures.count : signatures.count + 1]
    trace.fill_rest()
    return trace.finish()


def _fill_fields(row: Columns, records: OrderRecords) -> None:
    row.active[...] = 1
    row.uses[...] = records.uses
    row.account[...] = records.account
    row.backstop[...] = records.account == records.backstop
    row.backstop_inverse[...] = inverse_or_zero(records.account - records.backstop)
    for name in _NUMBERS:
        getattr(row, name).fill(getattr(records, name))
    row.side[...] = records.side
    row.outflow[...] = records.outflow
    row.immediate[...] = records.flags & 1
    for name, flag in FLAGS:
        getattr(row, name)[...] = records.flags // flag & 1
    fill_difference(row.time_left, records.time, records.expiry, TIME_BITS)


def _fill_signature(row: Columns, signatures: Signatures) -> None:
    for cells, values in zip(row.message, signatures.message, strict=True):
        put(cells, values)
    for cells, values in zip(row.challenge, signatures.challenge, strict=True):
        put(cells, values)
    for j, part in enumerate(row.parts):
        high = signatures.high[:, j].astype(np.int64)
        part.high.fill(high)
        part.below_top[...] = inverse_or_zero(HIGH_MAX - high)
    for point, words in ((row.key, signatures.key), (row.nonce, signatures.nonce)):
        put((*point.x, *point.y), words)
