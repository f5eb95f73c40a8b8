"""Receipts as files: one canonical JSON object each, as in rollup.protocol.public_json.

A receipt that somebody holds has a signature. The operator's list of receipts has none, since L1's
header vouches for it: one object a line, each line ended.
"""

from collections.abc import Iterable

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.hash.keccak import DIGEST_BYTES
from rollup.protocol.receipt import RECEIPT_SIGNATURE_BYTES, Receipt, SignedReceipt
from rollup.protocol.rejection import Rejected

RECEIPT_BYTES_MAX = 1 << 10
"""A signed receipt takes below 500 bytes."""

RECEIPTS_BYTES_MAX = 1 << 28
"""A list of some 700,000 receipts."""

NUMBERS = ("chain", "venue", "sequence", "time", "batch")
DIGESTS = ("envelope", "previous")


def signed_to_json(signed: SignedReceipt) -> bytes:
    """The one encoding of a signed receipt."""
    return shallow_json.canonical(signed_record(signed))


def signed_record(signed: SignedReceipt) -> dict[str, object]:
    """The members of a signed receipt, to write into a larger object."""
    return {**_members(signed.receipt), "signature": signed.signature.hex()}


def signed_from_json(data: bytes) -> SignedReceipt:
    """The signed receipt in `data`; an end of line after it is let pass. Raises CodecError."""
    data = data.removesuffix(b"\n")
    node = _node(data, "receipt")
    record = node.record((*NUMBERS, *DIGESTS, "signature"))
    try:
        signature = record["signature"].hexadecimal(RECEIPT_SIGNATURE_BYTES)
        signed = SignedReceipt(_read(record), signature)
    except Rejected as refusal:
        raise CodecError(f"receipt: {refusal}") from refusal
    if signed_to_json(signed) != data:
        raise CodecError("receipt: not the canonical encoding (sorted keys, no spaces, ASCII)")
    return signed


def list_to_ndjson(receipts: Iterable[Receipt]) -> bytes:
    """Receipts without signatures, one a line."""
    return b"".join(shallow_json.canonical(_members(each)) + b"\n" for each in receipts)


def list_from_ndjson(data: bytes) -> list[Receipt]:
    """The receipts of a list. Raises CodecError, naming the line."""
    if data and not data.endswith(b"\n"):
        raise CodecError("receipts: the last line is not ended")
    return [_line(line, place) for place, line in enumerate(data.splitlines(), start=1)]


def _line(line: bytes, place: int) -> Receipt:
    node = _node(line, f"receipts, line {place}")
    try:
        receipt = _read(node.record((*NUMBERS, *DIGESTS)))
    except Rejected as refusal:
        raise CodecError(f"receipts, line {place}: {refusal}") from refusal
    return receipt


def _node(data: bytes, name: str) -> Node:
    if len(data) > RECEIPT_BYTES_MAX:
        raise CodecError(f"{name}: wanted at most {RECEIPT_BYTES_MAX} bytes, got {len(data)}")
    try:
        return Node(shallow_json.loads(data.decode("ascii")), name)
    except ValueError as error:
        raise CodecError(f"{name}: not JSON in ASCII ({str(error)[:80]})") from error


def _members(receipt: Receipt) -> dict[str, object]:
    return {
        **{name: getattr(receipt, name) for name in NUMBERS},
        **{name: getattr(receipt, name).hex() for name in DIGESTS},
    }


def _read(record: dict[str, Node]) -> Receipt:
    return Receipt(
        chain=record["chain"].integer(),
        venue=record["venue"].integer(),
        sequence=record["sequence"].integer(),
        envelope=record["envelope"].hexadecimal(DIGEST_BYTES),
        previous=record["previous"].hexadecimal(DIGEST_BYTES),
        time=record["time"].integer(),
        batch=record["batch"].integer(),
    )
