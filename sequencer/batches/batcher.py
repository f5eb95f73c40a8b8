"""The batcher: what record a closed batch becomes.

A closed batch carries the leaves it touched and their siblings, so that executing and proving it
needs no state store. Every batch is judged by rollup.protocol before anybody else sees it.
"""

from dataclasses import dataclass
from typing import Final

from rollup.crypto.salt import SaltKey
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.native.memory import collector_paused
from rollup.private import Private
from rollup.protocol.batch import Batch, NewSalts, PartialState
from rollup.protocol.genesis import Genesis
from rollup.protocol.header import BatchHeader, header_of
from rollup.protocol.market_book import book_after
from rollup.protocol.openings import completed
from rollup.protocol.outcome import Outcome, TouchedAccount
from rollup.protocol.premium import premium_rates
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.state import State
from rollup.protocol.terms import MarketTerms, batch_terms
from rollup.protocol.transition import apply_batch
from rollup.protocol.triggers import seats
from rollup.protocol.units import VerifyMany
from sequencer.engine.core import CoreState
from sequencer.engine.event import BatchClosed

_SHUT: Final = (Reason.OUTFLOW_STEP, Reason.STEP_RISK, Reason.TOO_MANY)
"""Of these the rules refuse a batch for its outflows alone: its step is open or stays so, or it has
no room for the paths to their accounts."""


class BatcherError(Exception):
    """The core and the rules disagree about a batch: a defect, and nothing may be proved."""


@dataclass(frozen=True, slots=True, repr=False)
class ClosedBatch(Private):
    """A batch, what the rules say it does, and the header that holds the operator to it."""

    batch: Batch
    outcome: Outcome
    header: BatchHeader


class Batcher:
    """Keeper of the committed state: trees, salts, and the root after every batch."""

    def __init__(
        self,
        genesis: Genesis,
        salt_key: SaltKey,
        *,
        compress_many: CompressMany,
        verify_many: VerifyMany,
        state: State | None = None,
    ) -> None:
        """`state` is where to go on from, which is genesis unless it is given."""
        self.genesis = genesis
        self.state = genesis.state(compress_many) if state is None else state
        self._salt_key = salt_key
        self._compress_many = compress_many
        self._verify_many = verify_many
        self._foreseen: tuple[BatchClosed, Batch, Outcome] | None = None

    def close(self, closed: BatchClosed, core: CoreState) -> ClosedBatch:
        """The record of what the core closed; the state moves on to its outcome, and the core
        learns whether its step is closed, and which markets end with that.

        Raises Rejected if the rules refuse the batch, BatcherError if they see other results.
        """
        with collector_paused():
            batch, outcome = self._judged(closed, core)
            _require_agreement(outcome, core)
            self.state.adopt(outcome)
            core.market_book, core.total = self.state.book, self.state.globals.total
            core.tallies = outcome.markets_after.tallies
        return ClosedBatch(batch, outcome, header_of(outcome.public, core.queue_head))

    def would_pay(self, closed: BatchClosed, core: CoreState) -> bool:
        """Whether a batch with outflows would close its step, so that it may have them: the rules
        are asked, and remembered for `close`."""
        try:
            with collector_paused():
                judged = self._judged(closed, core)
        except Rejected as refusal:
            if refusal.reason in _SHUT:
                return False
            raise
        self._foreseen = (closed, *judged)
        return True

    def _judged(self, closed: BatchClosed, core: CoreState) -> tuple[Batch, Outcome]:
        """The record of a batch, and what the rules say of it; asked once."""
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None and foreseen[0] == closed:
            return foreseen[1:]
        batch = self._record(closed, core)
        outcome = apply_batch(
            batch, compress_many=self._compress_many, verify_many=self._verify_many
        )
        return batch, outcome

    def _record(self, closed: BatchClosed, core: CoreState) -> Batch:
        touched: dict[int, list[int]] = {account: [] for account in closed.accounts}
        for account, slot in closed.slots:
            touched[account].append(slot)
        pre = self.state.open(touched)
        draft = Batch(
            shape_class=closed.shape_class,
            chain=self.genesis.chain,
            venue=self.genesis.venue,
            number=closed.number,
            time=closed.time,
            reports=closed.reports,
            prices=closed.prices,
            redo=closed.redo,
            governance=closed.governance,
            receipts=closed.receipts,
            old_root=self.state.root,
            deposits=closed.deposits,
            orders=closed.orders,
            resting=closed.resting,
            cancels=closed.cancels,
            lapsed=closed.lapsed,
            fills=closed.fills,
            takeovers=closed.takeovers,
            pre=pre,
            salts=self._salts(pre, closed.number, closed.attempt),
            frontiers=tuple(each.numbers for each in self._terms(closed)),
            outflows=closed.outflows,
            order_takeovers=closed.order_takeovers,
            exits=closed.exits,
            viewing_keys=_viewing_keys(pre, core),
        )
        return completed(draft, self.state)

    def _terms(self, closed: BatchClosed) -> tuple[MarketTerms, ...]:
        """Of every listed market in the batch."""
        before, tallies = self.state.book, self.state.markets.tallies
        now = (closed.governance, closed.time, closed.prices, closed.reports)
        rates = premium_rates(before, tallies, *now)
        book = book_after(before, *now, rates, self.state.globals.total)
        return batch_terms(closed.governance, book)

    def _salts(self, pre: PartialState, number: int, attempt: int) -> NewSalts:
        key = self._salt_key
        return NewSalts(
            accounts=tuple(key.account(opening.index, number, attempt) for opening in pre.accounts),
            markets=key.markets(number, attempt),
            globals=key.globals(number, attempt),
        )


def _viewing_keys(pre: PartialState, core: CoreState) -> tuple[tuple[int, Digest], ...]:
    """The viewing keys that were told of the accounts which a batch opens, by rising account. The
    core has each under the header that the batch leaves the account with."""
    holders = core.ledger.holders
    found = ((each.index, holders.get(each.index)) for each in pre.accounts)
    return tuple(
        (index, holder.viewing_key)
        for index, holder in found
        if holder is not None and holder.viewing_key is not None
    )


def _require_agreement(outcome: Outcome, core: CoreState) -> None:
    """What the core holds for every touched account is what the rules computed, and what it counts
    of every market."""
    wrong = [touched.index for touched in outcome.accounts if not _agrees(core, touched)]
    if wrong:
        count = f"{len(wrong)} of {len(outcome.accounts)} accounts differ"
        raise BatcherError(f"batch {outcome.public.number}: {count}")
    if core.tallies != outcome.steps.tallies:
        raise BatcherError(f"batch {outcome.public.number}: tallies differ")


def _agrees(core: CoreState, touched: TouchedAccount) -> bool:
    holder = core.ledger.holders.get(touched.index)
    if touched.after is None or holder is None:
        return touched.after is None and holder is None
    held = (holder.header, holder.holding.cash, holder.holding.positions, holder.seats)
    after = touched.after
    ruled = (after.header, after.cash, after.positions, tuple(seats(after)))
    slots = all(holder.slot(slot.slot) == slot.after for slot in touched.slots)
    return held == ruled and slots and holder.below == after.below
