"""A batch's header: what L1 holds of a batch from its closing on, before there is a proof.

A header fixes the content of its batch, so that nobody can choose it with hindsight, however late
the proof is. Spec: docs/spec/09-l1.md.
"""

from dataclasses import dataclass

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.hash.poseidon import Digest
from rollup.protocol.constants import (
    DEPOSITS_MAX,
    MARKETS_MAX,
    NUMBER_BITS,
    QUEUE_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.oracle import values_of
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason
from rollup.protocol.units import require_bounds, require_bytes, require_digest, require_flag

HEADER_TAG = b"crypsis-header-4"
"""Domain and version of the digest."""


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """Number, time in ms, and what L1 must compare before it holds the operator to the rest.

    `governance` and `public` are Keccak digests: of the parameters in force, and of the whole
    public input. The batch consumes `deposits` queue entries from `deposits_before` on;
    `queue_head` is the queue's hash chain after the last of them. `begins_open` says that it goes
    on with an open step, at the parameters of the batch before. `missing` has the bit of every
    market that the batch has no reports of, and none where it begins open: nothing is reported
    then. `receipts` is the head of the operator's own chain, in clear for whoever judges a receipt.
    """

    number: int
    time: int
    redo: bool
    begins_open: bool
    missing: int
    governance: bytes
    old_root: Digest
    new_root: Digest
    receipts: bytes
    deposits_before: int
    deposits: int
    queue_head: bytes
    public: bytes

    def __post_init__(self) -> None:
        require_bounds("number", self.number, 1, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        require_flag("redo", self.redo)
        require_flag("begins_open", self.begins_open)
        require_bounds("missing", self.missing, 0, 1 << MARKETS_MAX, Reason.MARKET_COUNT)
        for name in ("governance", "receipts", "queue_head", "public"):
            require_bytes(name, getattr(self, name), DIGEST_BYTES)
        require_digest("old_root", self.old_root)
        require_digest("new_root", self.new_root)
        require_bounds("deposits", self.deposits, 0, DEPOSITS_MAX + 1, Reason.TOO_MANY)
        before_end = (1 << QUEUE_BITS) - self.deposits
        before = self.deposits_before
        require_bounds("deposits_before", before, 0, before_end, Reason.NUMBER_OUT_OF_BOUNDS)

    def encode(self) -> bytes:
        """Canonical bytes, field by field: tag, numbers as 8 bytes big-endian, digests as 32."""
        flags = (int(self.redo), int(self.begins_open), self.missing)
        numbers = (self.number, self.time, *flags, self.deposits_before, self.deposits)
        return b"".join(
            (
                HEADER_TAG,
                *(number.to_bytes(8, "big") for number in numbers),
                self.governance,
                digest_bytes(self.old_root),
                digest_bytes(self.new_root),
                self.receipts,
                self.queue_head,
                self.public,
            )
        )

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes: two of one number prove that somebody lied."""
        return keccak256(self.encode())


def header_of(public: PublicInput, queue_head: bytes) -> BatchHeader:
    """The header of a batch; `queue_head` is the queue's chain after the entries it consumed."""
    return BatchHeader(
        number=public.number,
        time=public.time,
        redo=public.redo,
        begins_open=public.begins_open,
        missing=missing_of(public),
        governance=public.governance.digest(),
        old_root=public.old_root,
        new_root=public.new_root,
        receipts=public.receipts,
        deposits_before=public.deposits_before,
        deposits=len(public.deposits),
        queue_head=queue_head,
        public=public.digest(),
    )


def missing_of(public: PublicInput) -> int:
    """The markets that a batch has no reports of, a bit each, market 0 the lowest: whose price
    stands because nobody reported it. None where a batch goes on with an open step, and none that
    has ended, whose price stands for good."""
    if public.begins_open:
        return 0
    reported, feeds = values_of(public.reports), public.governance.oracle.feeds
    over = public.book_before.is_ended
    return sum(
        1 << market
        for market, each in enumerate(feeds)
        if each.feed not in reported and not over(market)
    )
