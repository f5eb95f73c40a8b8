"""Signature: how the rows are filled, and the signatures that the ladder shares with them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.air.trace import U32, Trace, inverse_or_zero, put
from circuits.tables.chains import chain_columns
from circuits.tables.signature.air import HIGH_MAX, Columns
from circuits.tables.signature_records import SignatureRecords
from circuits.tables.signatures import Signatures
from rollup.crypto import curve, kernels, schnorr
from rollup.protocol.encoding import TypeCode


def prepare(records: SignatureRecords, count: int) -> Signatures:
    """The signatures of the batch, with stand-ins up to `count` places and one more.

    Raises ValueError if there are more than places.
    """
    used = len(records.account)
    if used > count:
        raise ValueError(f"{used} signatures do not fit {count} places")
    message = _messages(records)
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
        message=_padded([message], count)[0],
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


def _messages(records: SignatureRecords) -> U32:
    """What was signed: the root itself, or the digest of it as that of a bundle."""
    bundle = chain_columns(TypeCode.BUNDLE, [records.root])[-1]
    return np.where(records.bundled[:, None] == 1, bundle, records.root).astype(np.uint32)


def _challenge_blocks(records: SignatureRecords, message: U32) -> list[U32]:
    words = np.concatenate([records.nonce, records.key, message], axis=1).astype(np.uint32)
    return [words[:, at : at + 8] for at in range(0, words.shape[1], 8)]


def _padded(values: list[U32], count: int) -> tuple[U32, ...]:
    """Chaining values with zero rows up to count + 1: a stand-in hashes nothing."""
    zero = np.zeros(8, dtype=np.uint32)
    return tuple(_with_stand_ins(value, zero, count) for value in values)


def _with_stand_ins(rows: NDArray[Any], stand_in: NDArray[Any], count: int) -> NDArray[Any]:
    full = np.tile(stand_in, (count + 1, 1))
    full[: len(rows)] = rows
    return full


def build(records: SignatureRecords, signatures: Signatures, height: int, blinded: int) -> U32:
    """The trace, one row a signature; the other places and the rows below hold stand-ins."""
    trace = Trace(Columns, height, blinded)
    _fill_fields(trace.rows(0, signatures.used), records)
    _fill_signature(trace.rows(0, signatures.count + 1), signatures)
    zeros = np.sum(signatures.digits[: signatures.count] == 0, axis=1)
    trace.rows(0, signatures.count).zeros[...] = zeros
    trace.rows(signatures.count, trace.active).zeros[...] = 0
    trace.cells[:, signatures.count + 1 :] = trace.cells[:, signatures.count : signatures.count + 1]
    trace.fill_rest()
    return trace.finish()


def _fill_fields(row: Columns, records: SignatureRecords) -> None:
    row.active[...] = 1
    for name in ("actions", "bundled", "account"):
        getattr(row, name)[...] = getattr(records, name)
    row.backstop[...] = records.account == records.backstop
    put(row.root, records.root)


def _fill_signature(row: Columns, signatures: Signatures) -> None:
    put(row.message, signatures.message)
    for cells, values in zip(row.challenge, signatures.challenge, strict=True):
        put(cells, values)
    for j, part in enumerate(row.parts):
        high = signatures.high[:, j].astype(np.int64)
        part.high.fill(high)
        part.below_top[...] = inverse_or_zero(HIGH_MAX - high)
    for point, words in ((row.key, signatures.key), (row.nonce, signatures.nonce)):
        put((*point.x, *point.y), words)
