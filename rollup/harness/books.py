"""Books of an operator for the suite: batches without orders, closed on what L1 says, and tips.

They are made without the rules' state: what a batch is closed on is what L1 can see, and each
account's holding and owner, from which no withdrawal is taken, since L1 does not see whose it is.
So any batch can be closed on any other, honestly or bent on purpose.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.harness.difference import Difference
from rollup.harness.people import PINS, digest_of
from rollup.harness.reports import Reports
from rollup.hash.keccak import keccak256
from rollup.hash.poseidon import Digest
from rollup.l1.development import DevelopmentL1
from rollup.protocol.assets import USDC, market_of
from rollup.protocol.constants import DEPOSITS_MAX, PROTOCOL_VERSION
from rollup.protocol.deposit import (
    QUEUE_START,
    DepositOutcome,
    EntryKind,
    QueueEntry,
    extend_queue,
    judge,
)
from rollup.protocol.genesis import Genesis
from rollup.protocol.header import BatchHeader, header_of
from rollup.protocol.holding import NOTHING, Holding, received
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook, hour_is_due
from rollup.protocol.pricing import PriceRefused, judged, pricing_of
from rollup.protocol.public import (
    ConsumedDeposit,
    EstateTaken,
    GrantedWithdrawal,
    PublicInput,
)

_signer_of = lru_cache(4096)(plain_signer_of)
"""The same reports are closed on again and again."""


class Held(NamedTuple):
    """What an account holds, and whose it is."""

    holding: Holding
    owner: bytes


@dataclass(frozen=True, slots=True)
class Tip:
    """What a batch is closed on: the state after another one."""

    number: int
    time: int
    root: Digest
    total: int
    deposits: int
    queue_head: bytes
    book: MarketBook
    governance: Governance
    accounts: Mapping[int, Held]

    def governance_for(self, l1: DevelopmentL1, time: int) -> Governance:
        """The parameters of the next batch: those that stand, or that L1 has for it."""
        if self.book.is_open:
            return self.governance
        found: Governance = l1.governance_for(self.number + 1, time)
        return found


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed batch, its header, and the state after it."""

    public: PublicInput
    header: BatchHeader
    tip: Tip


@dataclass(frozen=True, slots=True)
class Choice:
    """How a batch is closed where it is not the plain next one."""

    time: int
    redo: bool
    governance: Governance
    entries: Sequence[QueueEntry]
    attempt: int = 0
    reports: Reports = ()
    closes: bool = True
    progress: bool = True
    withdrawals: tuple[GrantedWithdrawal, ...] = ()
    premium_rates: tuple[int, ...] = ()
    estate: tuple[EstateTaken, ...] = ()
    shape_class: str = PINS.shape_class
    root: Digest | None = None
    data: Digest | None = None
    receipts: bytes | None = None


class Books:
    """All that an operator ever closed on one L1."""

    def __init__(self, genesis: Genesis, root: Digest) -> None:
        self.genesis = genesis
        self.root = root
        own = {
            genesis.governance.fee_account: Held(NOTHING, genesis.fee_header.owner),
            genesis.governance.backstop_account: Held(NOTHING, genesis.backstop_header.owner),
        }
        book, governance = genesis.book(), genesis.governance
        start = Tip(0, genesis.time, root, 0, 0, QUEUE_START, book, governance, own)
        self.tips = {root: start}
        self.closed: dict[bytes, Closed] = {}

    def head(self, l1: DevelopmentL1) -> Tip:
        """The state after the last header that L1 holds."""
        tail = l1.tail
        root = tail[-1].header.new_root if tail else l1.root
        if root not in self.tips:
            raise Difference("it builds on a root that no batch has")
        return self.tips[root]

    def close(self, tip: Tip, choice: Choice) -> Closed:
        """A batch on this tip that says what is so."""
        given = (choice.entries, choice.governance, tip.book.ended)
        can_pay = choice.closes and not tip.book.is_open
        accounts, deposits = consume(tip.accounts, *given, can_pay=can_pay)
        done = [each.entry for each in deposits if each.outcome is DepositOutcome.CREDITED]
        credited = sum(entry.brought for entry in done if entry.asset == USDC)
        withdrawn = sum(each.amount for each in choice.withdrawals if each.asset == USDC)
        withdrawn += sum(entry.amount for entry in done if entry.kind is EntryKind.EXIT)
        pricing = pricing_of(choice.governance, choice.time, tip.book, choice.reports, _signer_of)
        paid = sum(each.lots * pricing.prices[market_of(each.asset)] for each in choice.estate)
        public = PublicInput(
            version=PROTOCOL_VERSION,
            shape_class=choice.shape_class,
            chain=self.genesis.chain,
            venue=self.genesis.venue,
            number=tip.number + 1,
            time=choice.time,
            governance=choice.governance,
            old_root=tip.root,
            new_root=choice.root or digest_of(repr((tip.root, choice))),
            data_commitment=choice.data or digest_of(repr(("data", tip.root, choice))),
            receipts=_head_of(choice.receipts, tip.number + 1),
            closed=choice.closes,
            progress=choice.progress,
            book_before=tip.book,
            reports=choice.reports,
            prices=pricing.prices,
            premium_rates=_premium_rates(tip, choice),
            redo=choice.redo,
            total=tip.total + credited - withdrawn + paid,
            deposits_before=tip.deposits,
            deposits=deposits,
            withdrawals=choice.withdrawals,
            estate=choice.estate,
        )
        chain = tip.queue_head
        for entry in choice.entries:
            chain = extend_queue(chain, entry)
        consumed = tip.deposits + len(choice.entries)
        after = Tip(
            number=public.number,
            time=public.time,
            root=public.new_root,
            total=public.total,
            deposits=consumed,
            queue_head=chain,
            book=public.book_after,
            governance=choice.governance,
            accounts=accounts,
        )
        return self.keep(Closed(public, header_of(public, chain), after))

    def keep(self, closed: Closed) -> Closed:
        """Remember a batch, as an operator that may have to prove it does."""
        self.tips[closed.tip.root] = closed.tip
        self.closed[closed.header.digest()] = closed
        return closed


def held_reports(l1: DevelopmentL1, governance: Governance, time: int) -> Reports:
    """All that L1 holds for a batch of this time and counts in it, in the order of a batch."""
    slot, found = governance.oracle.slot(time), {}
    for report in l1.given_reports(slot):
        with suppress(PriceRefused):
            found[judged(report, governance, slot, _signer_of)] = report
    counts = Counter(market for market, _ in found)
    quorum = governance.oracle.quorum
    return tuple(found[key] for key in sorted(found) if counts[key[0]] >= quorum)


def prices_of(first: tuple[int, ...], governance: Governance) -> tuple[int, ...]:
    """A price for each market that is listed: those of genesis, then the last one's again."""
    listed = len(governance.markets)
    return (*first[:listed], *[first[-1]] * (listed - len(first)))


def head_of_receipts(number: int) -> bytes:
    """What a batch ends with, whatever is in it: receipts are history, so a batch that is made anew
    has the head that it had."""
    return keccak256(f"receipts up to batch {number}".encode())


def _head_of(chosen: bytes | None, number: int) -> bytes:
    return head_of_receipts(number) if chosen is None else chosen


def queued_after(l1: DevelopmentL1, tip: Tip, most: int = DEPOSITS_MAX) -> Sequence[QueueEntry]:
    """What the next batch on this tip consumes."""
    return tuple(l1.queue[tip.deposits : tip.deposits + most])


def consume(
    accounts: Mapping[int, Held],
    entries: Sequence[QueueEntry],
    governance: Governance,
    ended: Collection[int] = (),
    *,
    can_pay: bool = True,
) -> tuple[dict[int, Held], tuple[ConsumedDeposit, ...]]:
    """Accounts after these entries, where these markets have ended, and what became of each. An
    exit is paid where there is cash for it, if the batch can pay at all."""
    after = dict(accounts)

    def outcomes() -> Iterator[ConsumedDeposit]:
        for entry in entries:
            held = after.get(entry.account)
            holding, whose = (None, None) if held is None else held
            is_paid = can_pay and holding is not None and holding.cash >= entry.amount
            outcome = judge(entry, holding, whose, governance, ended, is_paid=is_paid)
            if outcome is DepositOutcome.CREDITED:
                before, owner = (NOTHING, entry.owner) if held is None else held
                moved = entry.brought or -entry.amount
                after[entry.account] = Held(received(before, entry.asset, moved), owner)
            yield ConsumedDeposit(entry, outcome)

    deposits = tuple(outcomes())
    return after, deposits


def _premium_rates(tip: Tip, choice: Choice) -> tuple[int, ...]:
    """What was chosen; where an hour is due and nothing was, they are 0."""
    if choice.premium_rates or not hour_is_due(tip.book, choice.time):
        return choice.premium_rates
    return (0,) * len(choice.governance.markets)
