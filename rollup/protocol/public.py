"""The public input: all that L1 and the world learn of a batch, beside its proof.

`public.json` is its only encoding: sorted keys, no spaces, ASCII; anything else is refused.
Spec: docs/spec/08-public-input.md.
"""

from dataclasses import dataclass

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.assets import USDC, assets_of, market_of, require_known, require_mark
from rollup.protocol.constants import (
    CASH_BITS,
    CHAIN_BITS,
    CUSTODY_BITS,
    DEPOSITS_MAX,
    ESTATE_BITS,
    NUMBER_BITS,
    OUTFLOW_BITS,
    OUTFLOWS_MAX,
    OWNER_BYTES,
    PREMIUM_RATE_BITS,
    PROTOCOL_VERSION,
    QUEUE_BITS,
    TIME_BITS,
)
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.ended import ending_markets
from rollup.protocol.market import Governance, require_prices
from rollup.protocol.market_book import (
    MarketBook,
    book_after,
    hour_is_due,
    hour_rates,
    require_book,
)
from rollup.protocol.oracle import require_reports
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.shape_class import is_class_name, name_bytes
from rollup.protocol.terms import MarketTerms, batch_terms
from rollup.protocol.units import (
    require_bounds,
    require_bytes,
    require_digest,
    require_flag,
    require_tuple_of,
)

PUBLIC_TAG = b"crypsis-public-11"
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
    """What an account's owner, an L1 address, may claim at L1 once the batch is proved: quanta of
    USDC, or lots of the asset that a mark names. Which account it came from is not said."""

    owner: bytes
    amount: int
    asset: int = USDC

    def __post_init__(self) -> None:
        require_bytes("owner", self.owner, OWNER_BYTES)
        amount_end = 1 << OUTFLOW_BITS
        require_bounds("withdrawal", self.amount, 1, amount_end, Reason.AMOUNT_OUT_OF_BOUNDS)
        require_mark("withdrawal's asset", self.asset)

    def encode(self) -> bytes:
        """Canonical bytes: the owner, then the asset and the amount as 8 bytes each, big-endian."""
        return self.owner + self.asset.to_bytes(8, "big") + self.amount.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class EstateTaken:
    """How many lots of an asset the estate takes in a batch, for the oracle's price each. Whose
    they were is not said."""

    asset: int
    lots: int

    def __post_init__(self) -> None:
        require_mark("estate's asset", self.asset)
        reason = Reason.AMOUNT_OUT_OF_BOUNDS
        require_bounds("estate's lots", self.lots, 1, 1 << ESTATE_BITS, reason)

    def encode(self) -> bytes:
        """Canonical bytes: the asset and its lots as 8 bytes each, big-endian."""
        return self.asset.to_bytes(8, "big") + self.lots.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class PublicInput:
    """What a proof is about. `total` is what accounts are owed together after the
    batch, in quanta of USDC.

    `shape_class` names the class of the batch, and so which verifier its proof is for.
    `number` is the new batch number and `time` the end of its window; both roots are state roots.
    `prices` has one for each market of `governance`, in their order.
    `data_commitment` is to what the batch publishes of the leaves that it touched
    (rollup.protocol.availability).
    `receipts` is the head of the chain of receipts after the last one that promised this batch.
    `redo` says that the batch was made anew after L1 refused its header, and matches no orders.
    `closed` says that the batch closes its step: no account of the book, touched or not, is left
    below maintenance at its prices. `progress` that it does, or spent much of what its class holds
    on what keeps it open (rollup.protocol.progress).
    `book_before` is the market book that the batch before left; with it, `reports` give `prices`,
    which is for whoever verifies to hold them to (rollup.protocol.pricing), and all of these give
    the book that this batch leaves. `premium_rates` has one for each market where an hour is due,
    else none: millionths for eight hours, proved of what the state holds, 0 where nothing is.
    `withdrawals` are what the batch grants, in the order in which it does; `estate` what the estate
    takes, by rising asset.
    """

    version: int
    shape_class: str
    chain: int
    venue: int
    number: int
    time: int
    governance: Governance
    old_root: Digest
    new_root: Digest
    data_commitment: Digest
    receipts: bytes
    closed: bool
    progress: bool
    book_before: MarketBook
    reports: tuple[SignedPackage, ...]
    prices: tuple[int, ...]
    premium_rates: tuple[int, ...]
    redo: bool
    total: int
    deposits_before: int
    deposits: tuple[ConsumedDeposit, ...]
    withdrawals: tuple[GrantedWithdrawal, ...] = ()
    estate: tuple[EstateTaken, ...] = ()

    def __post_init__(self) -> None:
        version_end = PROTOCOL_VERSION + 1
        require_bounds("version", self.version, PROTOCOL_VERSION, version_end, Reason.MALFORMED)
        if not is_class_name(self.shape_class):
            raise Rejected(Reason.MALFORMED, "shape_class must be the name of a class")
        for name in ("chain", "venue"):
            identifier = getattr(self, name)
            require_bounds(name, identifier, 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS)
        require_bounds("number", self.number, 1, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        if not isinstance(self.governance, Governance):
            raise Rejected(Reason.MALFORMED, "governance must be a Governance")
        require_digest("old_root", self.old_root)
        require_digest("new_root", self.new_root)
        require_digest("data_commitment", self.data_commitment)
        require_bytes("receipts", self.receipts, DIGEST_BYTES)
        require_flag("closed", self.closed)
        require_flag("progress", self.progress)
        require_book("book_before", self.book_before)
        require_reports(self.reports)
        require_prices(self.prices, self.governance)
        self._require_premium_rates()
        require_flag("redo", self.redo)
        require_bounds("total", self.total, 0, 1 << CASH_BITS, Reason.TOTAL_OUT_OF_BOUNDS)
        self._require_deposits()
        self._require_estate()
        self._require_total()

    def _require_premium_rates(self) -> None:
        """One for each market where an hour is due, else none."""
        require_tuple_of("premium_rates", self.premium_rates, int)
        wanted = len(self.governance.markets) if self.is_hour_due else 0
        if len(self.premium_rates) != wanted:
            detail = f"{wanted} are wanted, not {len(self.premium_rates)}"
            raise Rejected(Reason.PREMIUM_RATE_COUNT, detail)
        most, reason = 1 << PREMIUM_RATE_BITS, Reason.PREMIUM_OUT_OF_BOUNDS
        for market, rate in enumerate(self.premium_rates):
            # Lie: -2**17, which has no balanced digits, and stopped the verifier by no refusal.
            require_bounds(f"premium rate of market {market}", rate, 1 - most, most, reason)

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

    def _require_estate(self) -> None:
        """Listed assets, each once. That they count is proved."""
        require_tuple_of("estate", self.estate, EstateTaken)
        marks = [each.asset for each in self.estate]
        if marks != sorted(set(marks)):
            raise Rejected(Reason.MALFORMED, "what the estate takes rises by asset, each once")
        for mark in marks:
            with refusals_at(f"estate, asset {mark}"):
                if mark not in assets_of(self.governance):
                    raise Rejected(Reason.ASSET_UNKNOWN, "no asset is listed under its mark")

    def _require_total(self) -> None:
        """What was under custody before the batch is a total too, and not below zero."""
        require_tuple_of("withdrawals", self.withdrawals, GrantedWithdrawal)
        if len(self.withdrawals) > OUTFLOWS_MAX:
            raise Rejected(Reason.TOO_MANY, f"at most {OUTFLOWS_MAX} withdrawals a batch")
        for place, withdrawal in enumerate(self.withdrawals):
            with refusals_at(f"withdrawal {place}"):
                require_known(self.governance, withdrawal.asset)
        before = self.total_before
        require_bounds("total before", before, 0, 1 << CASH_BITS, Reason.TOTAL_OUT_OF_BOUNDS)
        for mark in assets_of(self.governance):
            before = self.book_before.custody(market_of(mark))
            after = before + self.custody_change(mark)
            name, reason = f"custody of asset {mark}", Reason.CUSTODY_OUT_OF_BOUNDS
            require_bounds(name, after, 0, 1 << CUSTODY_BITS, reason)

    def encode(self) -> bytes:
        """Canonical bytes of all of it, field by field: tag, the class's name as 8 bytes
        (rollup.protocol.shape_class), then each number as 8 bytes big-endian, governance, reports
        and the book before as digests, roots, data commitment and head of the receipts as 32
        bytes, prices, premium rates (in two's complement), deposits, withdrawals and what the
        estate takes each after their count."""
        before = (self.version, self.chain, self.venue, self.number, self.time)
        flags = (int(self.redo), int(self.closed), int(self.progress))
        prices = (len(self.prices), *self.prices)
        rates = (len(self.premium_rates), *self.premium_rates)
        after = (*flags, self.total, self.deposits_before, len(self.deposits))
        return b"".join(
            (
                PUBLIC_TAG,
                name_bytes(self.shape_class),
                *(number.to_bytes(8, "big") for number in before),
                self.governance.digest(),
                digest_bytes(self.old_root),
                digest_bytes(self.new_root),
                digest_bytes(self.data_commitment),
                self.receipts,
                self.book_before.digest(),
                keccak256(packages_to_bytes(self.reports)),
                *(number.to_bytes(8, "big") for number in prices),
                *(number.to_bytes(8, "big", signed=True) for number in rates),
                *(number.to_bytes(8, "big") for number in after),
                *(deposit.encode() for deposit in self.deposits),
                len(self.withdrawals).to_bytes(8, "big"),
                *(withdrawal.encode() for withdrawal in self.withdrawals),
                len(self.estate).to_bytes(8, "big"),
                *(each.encode() for each in self.estate),
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
    def is_hour_due(self) -> bool:
        """Whether it charges the funding of an hour."""
        return hour_is_due(self.book_before, self.time)

    @property
    def credited(self) -> int:
        """Quanta of USDC of the entries that were credited."""
        return self.credited_of(USDC)

    @property
    def total_before(self) -> int:
        """USDC under custody before the batch, in quanta."""
        return self.total - self.credited + self.withdrawn - self.estate_paid

    @property
    def funding_rates(self) -> dict[str, int]:
        """What longs of each future pay shorts for the hour that is due, by symbol, in 1 /
        RATE_SCALE of its price; empty where none is."""
        now = (self.governance, self.time, self.reports, self.premium_rates)
        rates, listed = hour_rates(self.book_before, *now), self.governance.markets
        return {listed[n].symbol: rate for n, rate in rates.items() if not listed[n].is_asset}

    @property
    def withdrawn(self) -> int:
        """Quanta of USDC of all withdrawals."""
        return self.withdrawn_of(USDC)

    def credited_of(self, mark: int) -> int:
        """What was credited of USDC or of an asset."""
        return sum(
            deposit.entry.brought
            for deposit in self.deposits
            if deposit.outcome is DepositOutcome.CREDITED and deposit.entry.asset == mark
        )

    def taken_of(self, mark: int) -> int:
        """Lots of an asset that the estate takes."""
        return sum(each.lots for each in self.estate if each.asset == mark)

    @property
    def estate_paid(self) -> int:
        """What it credits for all of them, in quanta: the price of each."""
        return sum(each.lots * self.price_of(each.asset) for each in self.estate)

    def price_of(self, mark: int) -> int:
        """The oracle's price of an asset, in quanta a lot."""
        return self.prices[market_of(mark)]

    def custody_change(self, mark: int) -> int:
        """By how many lots the custody of an asset grows."""
        return self.credited_of(mark) - self.withdrawn_of(mark) - self.taken_of(mark)

    def withdrawn_of(self, mark: int) -> int:
        """What was withdrawn of USDC or of an asset."""
        return sum(each.amount for each in self.granted if each.asset == mark)

    @property
    def granted(self) -> tuple[GrantedWithdrawal, ...]:
        """All that L1 has to pay to owners: withdrawals, then exits that are paid."""
        return (*self.withdrawals, *self.exits)

    @property
    def exits(self) -> tuple[GrantedWithdrawal, ...]:
        """What entries that asked for it were paid, in the order of the queue."""
        paid = (d.entry for d in self.deposits if d.outcome is DepositOutcome.CREDITED)
        return tuple(
            GrantedWithdrawal(entry.owner, entry.amount)
            for entry in paid
            if entry.kind is EntryKind.EXIT
        )

    @property
    def refunds(self) -> tuple[ConsumedDeposit, ...]:
        """Refused entries that brought something: L1 gives it back to their senders."""
        refused = (d for d in self.deposits if d.outcome is not DepositOutcome.CREDITED)
        return tuple(each for each in refused if each.entry.kind is not EntryKind.EXIT)

    @property
    def terms(self) -> tuple[MarketTerms, ...]:
        """Terms of every listed market, as the rules used them."""
        return batch_terms(self.governance, self.book)

    @property
    def book(self) -> MarketBook:
        """The market book with the batch's prices and funding, before it is asked what else it
        leaves."""
        given = (self.governance, self.time, self.prices, self.reports, self.premium_rates)
        return book_after(self.book_before, *given, self.total_before)

    @property
    def ending(self) -> frozenset[int]:
        """The markets that end with the step that the batch closes."""
        return ending_markets(self.governance, self.book) if self.closed else frozenset()

    @property
    def book_after(self) -> MarketBook:
        """The market book that the batch leaves: nobody states it."""
        changes = {
            market_of(mark): self.custody_change(mark) for mark in assets_of(self.governance)
        }
        stepped = self.book.stepped(self.time, closed=self.closed, progress=self.progress)
        return stepped.ending(self.ending).kept(changes)
