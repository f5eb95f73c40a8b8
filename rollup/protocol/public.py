"""The public input: all that L1 and the world learn of a batch, beside its proof.

`public.json` is its only encoding: sorted keys, no spaces, ASCII; anything else is refused.
Spec: docs/spec/08-public-input.md.
"""

from dataclasses import dataclass

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.constants import (
    CASH_BITS,
    CHAIN_BITS,
    DEPOSITS_MAX,
    NUMBER_BITS,
    OUTFLOW_BITS,
    OUTFLOWS_MAX,
    OWNER_BYTES,
    PROTOCOL_VERSION,
    QUEUE_BITS,
    TIME_BITS,
)
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.market import Governance, require_prices
from rollup.protocol.market_book import MarketBook, book_after, require_book
from rollup.protocol.oracle import require_reports
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms, batch_terms
from rollup.protocol.units import (
    require_bounds,
    require_bytes,
    require_digest,
    require_flag,
    require_tuple_of,
)

PUBLIC_TAG = b"crypsis-public-7"
"""Domain and version of the digest."""


@dataclass(frozen=True, slots=True)
class ConsumedDeposit:
    """A queue entry the batch consumed, and what became of it."""

    entry: QueueEntry
    outcome: DepositOutcome

    def __post_init__(self) -> None:
        if not isinstance(self.entry, QueueEntry) or not isinstance(self.outcome, DepositOutcome):
            raise Rejected(Reason.MALFORMED, "a consumed deposit is a QueueEntry and an outcome")

    def encode(self) -> bytes:
        """Canonical bytes: those of the queue entry, then the outcome as 8 bytes big-endian."""
        return self.entry.encode() + self.outcome.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class GrantedWithdrawal:
    """What an account's owner, an L1 address, may claim at L1 once the batch is proved, in quanta.
    Which account it came from is not said."""

    owner: bytes
    amount: int

    def __post_init__(self) -> None:
        require_bytes("owner", self.owner, OWNER_BYTES)
        amount_end = 1 << OUTFLOW_BITS
        require_bounds("withdrawal", self.amount, 1, amount_end, Reason.AMOUNT_OUT_OF_BOUNDS)

    def encode(self) -> bytes:
        """Canonical bytes: the owner, then the amount as 8 bytes big-endian."""
        return self.owner + self.amount.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class PublicInput:
    """What a proof is about. `total` is the USDC under custody after the batch, in quanta.

    `number` is the new batch number and `time` the end of its window; both roots are state roots.
    `prices` has one for each market of `governance`, in their order.
    `receipts` is the head of the chain of receipts after the last one that promised this batch.
    `redo` says that the batch was made anew after L1 refused its header, and matches no orders.
    `closed` says that the batch closes its step: no account of the book, touched or not, is left
    below maintenance at its prices. `progress` that it does, or spent much of what its class holds
    on what keeps it open (rollup.protocol.progress).
    `book_before` is the market book that the batch before left; with it, `reports` give `prices`,
    which is for whoever verifies to hold them to (rollup.protocol.pricing), and all of these give
    the book that this batch leaves.
    `withdrawals` are what the batch grants, in the order in which it does.
    """

    version: int
    chain: int
    venue: int
    number: int
    time: int
    governance: Governance
    old_root: Digest
    new_root: Digest
    receipts: bytes
    closed: bool
    progress: bool
    book_before: MarketBook
    reports: tuple[SignedPackage, ...]
    prices: tuple[int, ...]
    redo: bool
    total: int
    deposits_before: int
    deposits: tuple[ConsumedDeposit, ...]
    withdrawals: tuple[GrantedWithdrawal, ...] = ()

    def __post_init__(self) -> None:
        version_end = PROTOCOL_VERSION + 1
        require_bounds("version", self.version, PROTOCOL_VERSION, version_end, Reason.MALFORMED)
        for name in ("chain", "venue"):
            identifier = getattr(self, name)
            require_bounds(name, identifier, 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS)
        require_bounds("number", self.number, 1, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        if not isinstance(self.governance, Governance):
            raise Rejected(Reason.MALFORMED, "governance must be a Governance")
        require_digest("old_root", self.old_root)
        require_digest("new_root", self.new_root)
        require_bytes("receipts", self.receipts, DIGEST_BYTES)
        require_flag("closed", self.closed)
        require_flag("progress", self.progress)
        require_book("book_before", self.book_before)
        require_reports(self.reports)
        require_prices(self.prices, self.governance)
        require_flag("redo", self.redo)
        require_bounds("total", self.total, 0, 1 << CASH_BITS, Reason.TOTAL_OUT_OF_BOUNDS)
        self._require_deposits()
        self._require_total()

    def _require_deposits(self) -> None:
        """Entries follow each other from `deposits_before`."""
        require_tuple_of("deposits", self.deposits, ConsumedDeposit)
        if len(self.deposits) > DEPOSITS_MAX:
            raise Rejected(Reason.TOO_MANY, f"at most {DEPOSITS_MAX} deposits a batch")
        before_end = (1 << QUEUE_BITS) - len(self.deposits)
        require_bounds(
            "deposits_before", self.deposits_before, 0, before_end, Reason.NUMBER_OUT_OF_BOUNDS
        )
        for place, deposit in enumerate(self.deposits):
            if deposit.entry.index != self.deposits_before + place:
                raise Rejected(
                    Reason.DEPOSIT_ORDER,
                    f"queue entry {self.deposits_before + place} is next, "
                    f"not {deposit.entry.index}",
                )

    def _require_total(self) -> None:
        """What was under custody before the batch is a total too, and not below zero."""
        require_tuple_of("withdrawals", self.withdrawals, GrantedWithdrawal)
        if len(self.withdrawals) > OUTFLOWS_MAX:
            raise Rejected(Reason.TOO_MANY, f"at most {OUTFLOWS_MAX} withdrawals a batch")
        before = self.total_before
        require_bounds("total before", before, 0, 1 << CASH_BITS, Reason.TOTAL_OUT_OF_BOUNDS)

    def encode(self) -> bytes:
        """Canonical bytes of all of it, field by field: tag, then each number as 8 bytes
        big-endian, governance, reports and the book before as digests, roots and head of the
        receipts as 32 bytes, prices, deposits and withdrawals each after their count."""
        before = (self.version, self.chain, self.venue, self.number, self.time)
        flags = (int(self.redo), int(self.closed), int(self.progress))
        prices = (len(self.prices), *self.prices)
        after = (*prices, *flags, self.total, self.deposits_before, len(self.deposits))
        return b"".join(
            (
                PUBLIC_TAG,
                *(number.to_bytes(8, "big") for number in before),
                self.governance.digest(),
                digest_bytes(self.old_root),
                digest_bytes(self.new_root),
                self.receipts,
                self.book_before.digest(),
                keccak256(packages_to_bytes(self.reports)),
                *(number.to_bytes(8, "big") for number in after),
                *(deposit.encode() for deposit in self.deposits),
                len(self.withdrawals).to_bytes(8, "big"),
                *(withdrawal.encode() for withdrawal in self.withdrawals),
            )
        )

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes: what a proof's transcript takes in and L1 holds."""
        return keccak256(self.encode())

    @property
    def begins_open(self) -> bool:
        """Whether it goes on with the step of the batch before."""
        return self.book_before.is_open

    @property
    def credited(self) -> int:
        """Quanta of the entries that were credited."""
        return sum(
            deposit.entry.amount
            for deposit in self.deposits
            if deposit.outcome is DepositOutcome.CREDITED
        )

    @property
    def total_before(self) -> int:
        """USDC under custody before the batch, in quanta."""
        return self.total - self.credited + self.withdrawn

    @property
    def withdrawn(self) -> int:
        """Quanta of all withdrawals."""
        return sum(withdrawal.amount for withdrawal in self.withdrawals)

    @property
    def refunds(self) -> tuple[ConsumedDeposit, ...]:
        """Refused entries: L1 gives their amounts back to their senders."""
        return tuple(d for d in self.deposits if d.outcome is not DepositOutcome.CREDITED)

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        """Terms of every listed market, as the rules used them."""
        return batch_terms(self.governance, self.book_after)

    @property
    def book_after(self) -> MarketBook:
        """The market book that the batch leaves: nobody states it."""
        book = book_after(self.book_before, self.governance, self.time, self.prices, self.reports)
        return book.stepped(self.time, closed=self.closed, progress=self.progress)
