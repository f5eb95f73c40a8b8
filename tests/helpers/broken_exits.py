"""L1s that are each wrong about exits or about the end of a venue in one way."""

from dataclasses import replace
from typing import Any

from rollup.hash.poseidon import Digest
from rollup.l1.development import LocalL1
from rollup.l1.escape import LeafOpening, Payout
from rollup.l1.freeze import Exits
from rollup.l1.interface import Address, ExitAnswered, Revert, Reverted
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput


class FreezesAnyTime(LocalL1):
    """It does not ask whether anything waits."""

    def _waits(self) -> list[int]:
        return [-(2**60)]


class NeverFreezes(LocalL1):
    def _waits(self) -> list[int]:
        return []


class FreezesWhereNothingIsQueued(LocalL1):
    """It looks only at the queue."""

    def _waits(self) -> list[int]:
        held = [each.taken_at for each in self.tail[:1]]
        return [since for since in super()._waits() if since not in held]


class CountsNoTurns(LocalL1):
    """Whoever queues more than a venue can take makes it look dead."""

    def _waits(self) -> list[int]:
        times = self._state.queue.times[self.consumed : self.consumed + 1]
        return [*times, *(held.taken_at for held in self.tail[:1])]


class GoesOnWhenFrozen(LocalL1):
    def _require_live(self) -> None:
        pass


class LetsOutWhileItLives(LocalL1):
    def _require_frozen(self) -> None:
        pass


class ReclaimsTwice(LocalL1):
    def reclaim(self, sender: Address, index: int) -> int:
        self._state.exits.reclaimed.discard(index)
        return super().reclaim(sender, index)


class ReclaimsForAnybody(LocalL1):
    def reclaim(self, sender: Address, index: int) -> int:
        queue = self._state.queue.entries
        owner = queue[index].owner if 0 <= index < len(queue) else sender
        return super().reclaim(owner, index)


class ReclaimsWhatWasConsumed(LocalL1):
    @property
    def consumed(self) -> int:
        return 0 if self.is_frozen else super().consumed


class EscapesTwice(LocalL1):
    def escape(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> Payout:
        self._state.exits.escaped.discard(leaf.index)
        self._state.exits.nullifiers.clear()
        return super().escape(sender, leaf, book)


class AsksNoOwner(LocalL1):
    def _require_opened(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> None:
        super()._require_opened(leaf.account.header.owner, leaf, book)


class TakesAnyBook(LocalL1):
    def _require_opened(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> None:
        kept, self._state.book = self._state.book, book.digest()
        try:
            super()._require_opened(sender, leaf, book)
        finally:
            self._state.book = kept


class TakesAnyLeaf(LocalL1):
    def _require_opened(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> None:
        try:
            super()._require_opened(sender, leaf, book)
        except Reverted as error:
            if error.reason is not Revert.WRONG_LEAF:
                raise


class TakesTheHead(LocalL1):
    """It takes the root of a header that is not proved."""

    @property
    def root(self) -> Digest:
        if self.is_frozen and self.tail:
            return self.tail[-1].header.new_root
        return super().root


class LetsOutMoreThanThereIs(LocalL1):
    def _require_there(self, paid: Payout) -> None:
        pass


class KeepsNothingForDebts(LocalL1):
    """Who owes takes all of its assets."""

    def _let_out(self, owner: Address, account: int, paid: Payout, nullifier: Digest) -> None:
        whole = tuple(replace(each, lots=each.lots + each.kept, kept=0) for each in paid.assets)
        paid = replace(paid, covered=0, assets=whole)
        super()._let_out(owner, account, paid, nullifier)


class ForgetsDebts(LocalL1):
    """What was paid beyond custody is nobody's to owe."""

    def _let_out(self, owner: Address, account: int, paid: Payout, nullifier: Digest) -> None:
        super()._let_out(owner, account, paid, nullifier)
        self._state.exits.debts = 0


class PaysTheBuyer(LocalL1):
    """A surplus after the freeze stays where it is."""

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        kept = self._state.exits
        self._state.exits = Exits()
        try:
            return super().buy(sender, asset, lots, most)
        finally:
            self._state.exits = kept


class KeepsStakes(LocalL1):
    """Who is refused loses what a place in the queue cost."""

    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        for each in public.deposits:
            is_refused = each.outcome is not DepositOutcome.CREDITED
            if each.entry.kind is EntryKind.EXIT and is_refused:
                self._state.vault.pending[each.entry.owner] -= self._deployment.least_deposit


class PaysWhoIsBarred(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        for each in public.deposits:
            if each.outcome is DepositOutcome.EXIT_BARRED:
                self._state.vault.pending[each.entry.owner] += each.entry.amount


class QueuesExitsWithoutEnd(LocalL1):
    """One sender fills a batch."""

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        self._state.queue.exiting.discard(sender)
        return super().request_exit(sender, account, amount)


class LeavesExitsOpen(LocalL1):
    """A sender has one exit, ever."""

    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        exits = (each.entry for each in public.deposits if each.entry.kind is EntryKind.EXIT)
        self._state.queue.exiting |= {entry.owner for entry in exits}


class ForgetsExitsOfWhoRegisters(LocalL1):
    def register(self, sender: Address, *given: Any, **more: Any) -> QueueEntry:
        entry = super().register(sender, *given, **more)
        self._state.queue.exiting.discard(sender)
        return entry


class GivesPlacesAway(LocalL1):
    """No stake is taken, and one comes back."""

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        entry = super().request_exit(sender, account, amount)
        self._state.vault.funds -= self._deployment.least_deposit
        self._state.vault.wallets[sender] += self._deployment.least_deposit
        return entry


class AnswersFirst(LocalL1):
    """Exits are told before refunds."""

    def _advance(self, public: PublicInput) -> None:
        before = len(self._state.events)
        super()._advance(public)
        first, *rest = self._state.events[before:]
        rest.sort(key=lambda event: not isinstance(event, ExitAnswered))
        self._state.events[before:] = [first, *rest]


class ReclaimsWhatWasAskedFor(LocalL1):
    """Of an exit, not its stake."""

    def reclaim(self, sender: Address, index: int) -> int:
        paid = super().reclaim(sender, index)
        entry = self._state.queue.entries[index]
        if entry.kind is EntryKind.EXIT:
            self._state.vault.wallets[sender] += entry.amount - paid
            return entry.amount
        return paid


WRONG_EXITS = (
    KeepsStakes,
    PaysWhoIsBarred,
    QueuesExitsWithoutEnd,
    LeavesExitsOpen,
    ForgetsExitsOfWhoRegisters,
    GivesPlacesAway,
    AnswersFirst,
    ReclaimsWhatWasAskedFor,
    FreezesAnyTime,
    NeverFreezes,
    FreezesWhereNothingIsQueued,
    CountsNoTurns,
    GoesOnWhenFrozen,
    LetsOutWhileItLives,
    ReclaimsTwice,
    ReclaimsForAnybody,
    ReclaimsWhatWasConsumed,
    EscapesTwice,
    AsksNoOwner,
    TakesAnyBook,
    TakesAnyLeaf,
    TakesTheHead,
    LetsOutMoreThanThereIs,
    KeepsNothingForDebts,
    ForgetsDebts,
    PaysTheBuyer,
)
