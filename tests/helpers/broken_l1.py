"""L1s that are each wrong in one way: what the conformance suite must notice, every one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rollup.l1.checks import PRICE_REVERTS
from rollup.l1.deployment import Deployment
from rollup.l1.development import LocalL1
from rollup.l1.headers import HeaderChain
from rollup.l1.interface import (
    Address,
    HeaderVerdict,
    Refusal,
    Revert,
    Reverted,
)
from rollup.l1.queue import DepositQueue
from rollup.l1.schedule import Schedule, Scheduled
from rollup.l1.state import ContractState
from rollup.l1.vault import Vault
from rollup.ports import Verifier
from rollup.protocol.assets import USDC
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput
from tests.helpers.broken_bond import WRONG_BONDS
from tests.helpers.broken_committee import WRONG_COMMITTEES
from tests.helpers.broken_estate import WRONG_ESTATES, WRONG_SALES, PaysFromTheQueue
from tests.helpers.broken_exits import WRONG_EXITS
from tests.helpers.broken_given import TAKES_REPORTS, WRONG_GIVEN
from tests.helpers.broken_private_exits import WRONG_PRIVATE_EXITS


class AnybodyIsOperator(LocalL1):
    def _require_operator(self, sender: Address) -> None:
        pass


class PinsNothing(LocalL1):
    def _verifier_for(self, shape_class: str) -> Verifier:
        return next(iter(self._verifiers.values()))


class TakesOneVerifierForAll(LocalL1):
    """Whatever class a batch is of: its first verifier."""

    def _verifier_for(self, shape_class: str) -> Verifier:
        first = self._deployment.pins[-1].shape_class
        return super()._verifier_for(first)


class IgnoresTheHeader(LocalL1):
    def _require_header(self, public: PublicInput) -> None:
        if public.number != self.proved_number + 1:
            raise Reverted(Revert.WRONG_NUMBER)
        if not self.tail:
            raise Reverted(Revert.NO_HEADER)


class OfAnyReceipts(LocalL1):
    def _require_header(self, public: PublicInput) -> None:
        held = self.tail[0].header.receipts if self.tail else public.receipts
        super()._require_header(replace(public, receipts=held))


class OfAnyVenue(LocalL1):
    def _require_venue(self, public: PublicInput) -> None:
        pass


class TrustsDeposits(LocalL1):
    def _require_deposits(self, public: PublicInput) -> None:
        pass


class TrustsTheTotal(LocalL1):
    def _require_deposits(self, public: PublicInput) -> None:
        try:
            super()._require_deposits(public)
        except Reverted as error:
            if error.reason is not Revert.TOTAL:
                raise


class TrustsPrices(LocalL1):
    def _require_book(self, public: PublicInput) -> None:
        pass


class LetsStepsStall(LocalL1):
    def _require_book(self, public: PublicInput) -> None:
        try:
            super()._require_book(public)
        except Reverted as error:
            if error.reason is not Revert.STEP_STALLED:
                raise


class CountsNoStalls(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        self._state.book = replace(public.book_after, stalled=0).digest()


class CallsPricesFresh(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        after = public.book_after
        markets = tuple(replace(each, clamped=False, missing=False) for each in after.markets)
        self._state.book = replace(after, markets=markets).digest()


class MovesTermsInSteps(Schedule):
    def entry_of(self, header: BatchHeader) -> Scheduled:
        return self.entry_for(header.number, header.time)


class KeepsOldTermsInSteps(Schedule):
    def use(self, header: BatchHeader) -> bool:
        return super().use(replace(header, begins_open=False))


class KeepsTheFirstBook(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        before = self.book
        super()._advance(public)
        self._state.book = before


class ForgetsFunding(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        after = public.book_after
        pairs = zip(after.markets, public.book_before.markets, strict=False)
        markets = tuple(replace(new, funding=old.funding) for new, old in pairs)
        self._state.book = replace(after, markets=markets).digest()


class LosesTheCarry(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        after = public.book_after
        markets = tuple(replace(each, carry=0) for each in after.markets)
        self._state.book = replace(after, markets=markets).digest()


class _PricesBut(LocalL1):
    ignored: Revert

    def _require_book(self, public: PublicInput) -> None:
        try:
            super()._require_book(public)
        except Reverted as error:
            if error.reason is not self.ignored:
                raise


PRICE_REASONS = (Revert.BOOK_BEFORE, *PRICE_REVERTS.values())
DEAF_TO_PRICES = tuple(
    type(f"DeafTo{reason.name.title().replace('_', '')}", (_PricesBut,), {"ignored": reason})
    for reason in PRICE_REASONS
)


class Unverified(LocalL1):
    def __init__(self, deployment: Deployment, verifiers: Any, *rest: Any) -> None:
        super().__init__(deployment, [AcceptsAll(each) for each in verifiers], *rest)


class AcceptsAll:
    def __init__(self, verifier: Any) -> None:
        self.pins = verifier.pins

    def verify(self, public: PublicInput, proof: bytes) -> None:
        pass


class _Judges(LocalL1):
    ignored: Refusal

    def _judge(
        self, header: BatchHeader, terms: Scheduled, is_late: bool, now: int
    ) -> Refusal | None:
        reason = super()._judge(header, terms, is_late, now)
        return None if reason is self.ignored else reason


class NeverLate(_Judges):
    ignored = Refusal.CLOCK_BEHIND


class OfAnyParameters(_Judges):
    ignored = Refusal.GOVERNANCE


class OfAnyQueue(_Judges):
    ignored = Refusal.DEPOSIT_NOT_QUEUED


class OfWhateverIsMissing(_Judges):
    ignored = Refusal.REPORT_WITHHELD


class OfWhoeverWaits(_Judges):
    ignored = Refusal.QUEUE_HELD_BACK


class WaitsAMomentLess(LocalL1):
    def _holds_back(self, header: BatchHeader, count: int) -> bool:
        return super()._holds_back(replace(header, time=header.time + 1), count)


class WaitsForAnyEntry(LocalL1):
    """One entry taken is enough, however many fit."""

    def _holds_back(self, header: BatchHeader, count: int) -> bool:
        return not header.deposits and super()._holds_back(header, count)


class JudgesByTheSameMoment(LocalL1):
    def _judge(
        self, header: BatchHeader, terms: Scheduled, is_late: bool, now: int
    ) -> Refusal | None:
        return super()._judge(header, terms, is_late, now + 1)


class EndsBatchesAnyTime(LocalL1):
    def _require_on_grid(self, header: BatchHeader) -> None:
        pass


class RefusesByReverting(LocalL1):
    def _refuse(self, *_: Any) -> Any:
        raise Reverted(Revert.CLOCK_AHEAD)


class PaysTwice(LocalL1):
    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        amount = super().withdraw(sender, asset)
        self._state.vault_of(asset).pending[sender] = amount
        return amount


class PaysOfAnyAsset(LocalL1):
    """One pot: what is pending of one token is paid of another."""

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        pending = [m for m, ledger in self._state.assets.items() if ledger.pending.get(sender)]
        return super().withdraw(sender, pending[0] if pending else asset)


class TakesWhatIsNoAsset(LocalL1):
    def _require_deposit(self, amount: int, asset: int) -> None:
        if asset == USDC:
            super()._require_deposit(amount, asset)


class TakesWhatIsDelisted(LocalL1):
    def _require_deposit(self, amount: int, asset: int = USDC) -> None:
        try:
            super()._require_deposit(amount, asset)
        except Reverted as reverted:
            if reverted.reason is not Revert.DELISTED_ASSET:
                raise


class EndsNoMarket(LocalL1):
    """Keeps the book as if every market lived on."""

    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        book = public.book_after
        lives = tuple(replace(entry, ended=False) for entry in book.markets)
        self._state.book = replace(book, markets=lives).digest()


class AnybodyGoverns(LocalL1):
    def announce_governance(self, sender: Address, *announced: Any) -> int:
        return super().announce_governance(self.deployment.governor, *announced)


class AnnouncesLate(LocalL1):
    def announce_governance(
        self, sender: Address, governance: Governance, number: int, *possession: Any
    ) -> int:
        if number == self.head_number:
            number += 1
        return super().announce_governance(sender, governance, number, *possession)


class RegistersTwice(LocalL1):
    def register(self, *arguments: Any) -> QueueEntry:
        self._state.queue.registered.clear()
        return super().register(*arguments)


class LooksOnlyAtTheAmount(LocalL1):
    def _require_deposit(self, amount: int, asset: int) -> None:
        if not 1 <= amount < 2**62:
            raise Reverted(Revert.BAD_AMOUNT)


class TakesMoneyOfAReversion(LocalL1):
    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        try:
            return super().credit(sender, account, amount, asset)
        except Reverted:
            self._state.vault.wallets[sender] = 0
            raise


class SaysNothingOfDeposits(LocalL1):
    def _enqueue(self, entry: QueueEntry) -> QueueEntry:
        super()._enqueue(entry)
        self._state.events.pop()
        return entry


class KeepsItsQueue(LocalL1):
    def revert_to(self, checkpoint: ContractState) -> None:
        queue = self._state.queue
        super().revert_to(checkpoint)
        self._state.queue = queue


class TurnsItsClockBack(LocalL1):
    def reorganise(self, mark: int) -> None:
        super().reorganise(mark)
        self.clock.ahead_ms = 0


class RecordsEveryTime(LocalL1):
    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        self._state.headers.refused.clear()
        return super().commit_header(sender, header)


def _with(room: str, kind: type) -> type[LocalL1]:
    """The mock with one of its rooms replaced by a wrong one."""

    class Broken(LocalL1):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            getattr(self._state, room).__class__ = kind

    return Broken


class RedoWithoutATime(HeaderChain):
    def require_redo(self, header: BatchHeader, is_late: bool) -> None:
        waiting = self.refusal
        if waiting is not None:
            header = replace(header, time=waiting.time)
        super().require_redo(header, is_late)


class RedoWheneverItLikes(HeaderChain):
    def require_redo(self, header: BatchHeader, is_late: bool) -> None:
        super().require_redo(header, True)


class NoRedoWanted(HeaderChain):
    def require_redo(self, header: BatchHeader, is_late: bool) -> None:
        try:
            super().require_redo(header, is_late)
        except Reverted as error:
            if error.reason is not Revert.REDO_WANTED:
                raise


class ProvesAtLeisure(HeaderChain):
    def require_proofs(self, now: int, deadline_ms: int) -> None:
        pass


class ForgetsWhenItRefused(HeaderChain):
    def refuse(self, *arguments: Any) -> Any:
        refusal = super().refuse(*arguments)
        self.redo_until = 0
        return refusal


class TakesTheSecondHeader(HeaderChain):
    def holds(self, header: BatchHeader, digest: bytes) -> bool:
        return self.digests.get(header.number) == digest


class KeepsWithdrawalsItself(Vault):
    def settle(self, public: PublicInput, stake: int) -> None:
        before = dict(self.pending)
        super().settle(public, stake)
        for withdrawal in public.withdrawals:
            self.pending[withdrawal.owner] = before.get(withdrawal.owner, 0)


class GrantsWhatIsNotThere(LocalL1):
    """It believes the book that a batch says was left before it."""

    def _require_deposits(self, public: PublicInput) -> None:
        try:
            super()._require_deposits(public)
        except Reverted as error:
            if error.reason is not Revert.GRANT_TOO_LARGE:
                raise


class MixesItsLedgers(LocalL1):
    """What is withdrawn of an asset is taken from the custody of the others."""

    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        for mark, ledger in self._state.assets.items():
            ledger.custody -= sum(
                each.amount for each in public.withdrawals if each.asset not in (USDC, mark)
            )


class PaysTheOperator(LocalL1):
    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        for withdrawal in public.withdrawals:
            self._state.vault.pending[withdrawal.owner] -= withdrawal.amount
            self._state.vault.pending[self.deployment.operator] += withdrawal.amount


class KeepsRefundsItself(Vault):
    def settle(self, public: PublicInput, stake: int) -> None:
        before = dict(self.pending)
        super().settle(public, stake)
        self.pending.clear()
        self.pending.update(before)


class OverflowsItsTotal(Vault):
    def enqueue(self, sender: Address, amount: int) -> None:
        self.take(sender, amount)
        self.queued += amount


class ClosesRegistrationsForEver(DepositQueue):
    def settle(self, deposit: Any) -> None:
        pass


class CreditsTheUnassigned(DepositQueue):
    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        entry = super().credit(sender, 0, amount, asset)
        return replace(entry, account=min(max(account, 0), BACKSTOP_ACCOUNT))


class SkipsTheDelay(Schedule):
    def announce(
        self, governance: Governance, number: int, now: int, delay: int, *possession: Any
    ) -> Scheduled:
        return super().announce(governance, number, now, delay - 1, *possession)


class TakesAnyParameters(Schedule):
    def announce(
        self, governance: Governance, number: int, now: int, delay: int, *possession: Any
    ) -> Scheduled:
        bent = super().announce(self.entries[-1].governance, number, now, delay, *possession)
        self.entries[-1] = replace(bent, governance=governance)
        return self.entries[-1]


class NeverReplaces(Schedule):
    def announce(self, *announced: Any) -> Scheduled:
        entries = [*self.entries]
        scheduled = super().announce(*announced)
        self.entries = [*entries, scheduled]
        return scheduled


class FollowsTheFirst(Schedule):
    def place_for(self, number: int, time: int) -> int:
        fitting = [
            place
            for place, entry in enumerate(self.entries)
            if place and entry.number <= number and entry.valid_from <= time
        ]
        return min(fitting, default=0)


BROKEN: Mapping[str, Callable[..., LocalL1]] = {
    kind.__name__: kind
    for kind in (
        PaysTheOperator,
        AnybodyIsOperator,
        PinsNothing,
        TakesOneVerifierForAll,
        IgnoresTheHeader,
        OfAnyReceipts,
        OfAnyVenue,
        TrustsDeposits,
        TrustsTheTotal,
        TrustsPrices,
        LetsStepsStall,
        CountsNoStalls,
        CallsPricesFresh,
        KeepsTheFirstBook,
        ForgetsFunding,
        LosesTheCarry,
        *DEAF_TO_PRICES,
        Unverified,
        NeverLate,
        OfAnyParameters,
        OfAnyQueue,
        OfWhateverIsMissing,
        OfWhoeverWaits,
        WaitsAMomentLess,
        WaitsForAnyEntry,
        JudgesByTheSameMoment,
        EndsBatchesAnyTime,
        *TAKES_REPORTS,
        RefusesByReverting,
        PaysTwice,
        PaysOfAnyAsset,
        TakesWhatIsNoAsset,
        TakesWhatIsDelisted,
        EndsNoMarket,
        GrantsWhatIsNotThere,
        MixesItsLedgers,
        *WRONG_SALES,
        *WRONG_EXITS,
        *WRONG_PRIVATE_EXITS,
        *WRONG_BONDS,
        *WRONG_COMMITTEES,
        AnybodyGoverns,
        AnnouncesLate,
        RegistersTwice,
        LooksOnlyAtTheAmount,
        TakesMoneyOfAReversion,
        SaysNothingOfDeposits,
        KeepsItsQueue,
        TurnsItsClockBack,
        RecordsEveryTime,
    )
} | {
    kind.__name__: _with(room, kind)
    for room, kinds in {
        "headers": (
            RedoWithoutATime,
            RedoWheneverItLikes,
            NoRedoWanted,
            ProvesAtLeisure,
            ForgetsWhenItRefused,
            TakesTheSecondHeader,
        ),
        "vault": (KeepsRefundsItself, KeepsWithdrawalsItself, OverflowsItsTotal, PaysFromTheQueue),
        "estate": WRONG_ESTATES,
        "queue": (ClosesRegistrationsForEver, CreditsTheUnassigned),
        "given": WRONG_GIVEN,
        "schedule": (
            SkipsTheDelay,
            TakesAnyParameters,
            NeverReplaces,
            FollowsTheFirst,
            MovesTermsInSteps,
            KeepsOldTermsInSteps,
        ),
    }.items()
    for kind in kinds
}
"""By what is wrong with it."""
