"""A receipt: the operator's signed word that it took an envelope, and what it took before.

Receipts are a hash chain, and the chain's head is in every batch's public input, so that an order
of arrival that was promised can neither be changed nor forgotten without a proof of it
(rollup.protocol.misconduct). Spec: docs/spec/11-receipts.md.
"""

from dataclasses import dataclass
from typing import Final

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.protocol.constants import CHAIN_BITS, NUMBER_BITS, SEQUENCE_BITS, TIME_BITS
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes

RECEIPT_TAG: Final = b"crypsis-receipt-1"
"""Domain and version of the digest."""

RECEIPTS_START: Final = bytes(DIGEST_BYTES)
"""Head of the chain before the first receipt."""

RECEIPT_SIGNATURE_BYTES: Final = 65
"""r || s || v, as `ecrecover` takes it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One link. `sequence` counts a venue's receipts from 1; `envelope` is the Keccak-256 of the
    sealed bytes; `previous` is the digest of the receipt before.

    `batch` is the batch that was open, in which the envelope is judged, and `time` the end of its
    window in ms.
    """

    chain: int
    venue: int
    sequence: int
    envelope: bytes
    previous: bytes
    time: int
    batch: int

    def __post_init__(self) -> None:
        for name in ("chain", "venue"):
            identifier = getattr(self, name)
            require_bounds(name, identifier, 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS)
        sequence_end = 1 << SEQUENCE_BITS
        require_bounds("sequence", self.sequence, 1, sequence_end, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bytes("envelope", self.envelope, DIGEST_BYTES)
        require_bytes("previous", self.previous, DIGEST_BYTES)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        require_bounds("batch", self.batch, 1, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        if (self.sequence == 1) != (self.previous == RECEIPTS_START):
            raise Rejected(Reason.MALFORMED, "receipt 1, and no other, follows the chain's start")

    def encode(self) -> bytes:
        """Canonical bytes, field by field: tag, chain, venue and sequence as 8 bytes big-endian,
        both digests as they are, time and batch as 8 bytes big-endian."""
        place = (self.chain, self.venue, self.sequence)
        return b"".join(
            (
                RECEIPT_TAG,
                *(number.to_bytes(8, "big") for number in place),
                self.envelope,
                self.previous,
                *(number.to_bytes(8, "big") for number in (self.time, self.batch)),
            )
        )

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes: what is signed, and what the next receipt follows."""
        return keccak256(self.encode())


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt and a signature over its digest, unchecked: only a venue's address says whether it
    counts (`rollup.protocol.misconduct`)."""

    receipt: Receipt
    signature: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.receipt, Receipt):
            raise Rejected(Reason.MALFORMED, "a signed receipt holds a Receipt")
        require_bytes("signature", self.signature, RECEIPT_SIGNATURE_BYTES)


def envelope_hash(envelope: bytes) -> bytes:
    """What a receipt names an envelope by."""
    return keccak256(envelope)
