"""L1s that are each wrong about private exits in one way."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest.mock import patch

from rollup.field.koalabear import P
from rollup.harness.people import PINS, address
from rollup.hash.poseidon import Digest
from rollup.l1 import exits
from rollup.l1.development import LocalL1
from rollup.l1.escape import Payout
from rollup.l1.freeze import Exits
from rollup.l1.interface import Address, EscapedPrivately, Revert, Reverted
from rollup.l1.private_exit import ExitStatement, ExitVerifier, PrivateExit, require_wanted_exit
from rollup.ports import Pins, VerificationError
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput


class _InPrivate(LocalL1):
    """It knows whether it is called for a private exit, and by whom."""

    private_sender: Address | None = None

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        self.private_sender = sender
        try:
            return super().escape_privately(sender, wanted, book, proof)
        finally:
            self.private_sender = None

    @property
    def is_private(self) -> bool:
        return self.private_sender is not None


class PaysPrivatelyWhileItLives(_InPrivate):
    def _require_frozen(self) -> None:
        if not self.is_private:
            super()._require_frozen()


class EscapesAgainInPrivate(_InPrivate):
    def _require_unspent(self, nullifier: Digest) -> None:
        if not self.is_private:
            super()._require_unspent(nullifier)


class EscapesAgainInPublic(_InPrivate):
    """Who escaped in private escapes in public too."""

    def _require_unspent(self, nullifier: Digest) -> None:
        if self.is_private:
            super()._require_unspent(nullifier)


class SpendsNothingInPublic(_InPrivate):
    def _pay_out(self, owner: Address, paid: Payout, nullifier: Digest) -> None:
        super()._pay_out(owner, paid, nullifier)
        if not self.is_private:
            self._state.exits.nullifiers.discard(nullifier)


class SpendsNothingInPrivate(_InPrivate):
    def _pay_out(self, owner: Address, paid: Payout, nullifier: Digest) -> None:
        super()._pay_out(owner, paid, nullifier)
        if self.is_private:
            self._state.exits.nullifiers.discard(nullifier)


class PaysWhoBringsIt(_InPrivate):
    """It pays the sender, whoever the proof is for."""

    def _pay_out(self, owner: Address, paid: Payout, nullifier: Digest) -> None:
        super()._pay_out(self.private_sender or owner, paid, nullifier)


class OwesNobodyForPrivateExits(_InPrivate):
    """What was paid beyond custody is forgotten."""

    def _pay_out(self, owner: Address, paid: Payout, nullifier: Digest) -> None:
        super()._pay_out(owner, paid, nullifier)
        if self.is_private:
            self._state.exits.debts = 0


class KeepsCustodyOfPrivateExits(_InPrivate):
    def _pay_out(self, owner: Address, paid: Payout, nullifier: Digest) -> None:
        kept = self._state.vault.custody
        super()._pay_out(owner, paid, nullifier)
        if self.is_private:
            self._state.vault.custody = kept


class SaysNothingOfPrivateExits(LocalL1):
    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        paid = super().escape_privately(sender, wanted, book, proof)
        events = self._state.events
        events[:] = [each for each in events if not isinstance(each, EscapedPrivately)]
        return paid


class TakesAnyBookInPrivate(_InPrivate):
    def _require_book_beside(self, book: MarketBook) -> None:
        if not self.is_private:
            super()._require_book_beside(book)


class AsksTheBookLast(_InPrivate):
    """It looks at the circuit before the book."""

    def _require_book_beside(self, book: MarketBook) -> None:
        if self.is_private:
            self._pinned_exit_verifier()
        super()._require_book_beside(book)


class AsksTheBookBeforeWhatIsSpent(_InPrivate):
    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        self._shown = book
        return super().escape_privately(sender, wanted, book, proof)

    def _require_unspent(self, nullifier: Digest) -> None:
        if self.is_private:
            self._require_book_beside(self._shown)
        super()._require_unspent(nullifier)


class TakesTheHeadInPrivate(_InPrivate):
    """It takes the root of a header that is not proved."""

    @property
    def root(self) -> Digest:
        if self.is_private and self.tail:
            return self.tail[-1].header.new_root
        return super().root


@contextmanager
def _asked_by(asked: Callable[[PrivateExit], None]) -> Iterator[None]:
    with patch.object(exits, "require_wanted_exit", asked):
        yield


class _AllBut(LocalL1):
    """It refuses what cannot be asked for, but for one reason."""

    ignored: Revert

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        with _asked_by(self._asked):
            return super().escape_privately(sender, wanted, book, proof)

    def _asked(self, wanted: PrivateExit) -> None:
        try:
            require_wanted_exit(wanted)
        except Reverted as error:
            if error.reason is not self.ignored:
                raise


class PaysAnyAddress(_AllBut):
    ignored = Revert.BAD_ADDRESS


class PaysAnyAmount(_AllBut):
    ignored = Revert.BAD_AMOUNT


class TakesAnyNullifier(_AllBut):
    ignored = Revert.BAD_WORDS


class PaysNobody(LocalL1):
    """Twenty zeros are an address like any other to it."""

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        with _asked_by(lambda said: require_wanted_exit(_to_somebody(said))):
            return super().escape_privately(sender, wanted, book, proof)


def _to_somebody(wanted: PrivateExit) -> PrivateExit:
    is_nobody = len(wanted.recipient) == 20 and not any(wanted.recipient)
    return replace(wanted, recipient=address("somebody")) if is_nobody else wanted


class AsksTheRecipientLast(LocalL1):
    """It looks at what is asked for after all else but the proof."""

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        with _asked_by(lambda said: None):
            self._last = wanted
            return super().escape_privately(sender, wanted, book, proof)

    def _pinned_exit_verifier(self) -> ExitVerifier:
        found = super()._pinned_exit_verifier()
        require_wanted_exit(self._last)
        return found


class TakesExitsOfNoPinnedCircuit(LocalL1):
    def _pinned_exit_verifier(self) -> ExitVerifier:
        return self._exit_verifier or super()._pinned_exit_verifier()


class _DeafToPins(LocalL1):
    ignored: Revert

    def _pinned_exit_verifier(self) -> ExitVerifier:
        try:
            return super()._pinned_exit_verifier()
        except Reverted as error:
            if error.reason is not self.ignored or self._exit_verifier is None:
                raise
            return self._exit_verifier


class TakesAnotherExitCircuit(_DeafToPins):
    ignored = Revert.PIN_CIRCUIT


class TakesOtherFixedColumnsOfExits(_DeafToPins):
    ignored = Revert.PIN_FIXED


class TakesOtherParametersOfExits(_DeafToPins):
    ignored = Revert.PIN_PARAMETERS


class TakesAnotherShapeOfExits(_DeafToPins):
    ignored = Revert.PIN_SHAPE


@dataclass(frozen=True)
class _Loose:
    """It takes a proof for any of some statements."""

    verifier: ExitVerifier
    also: Callable[[ExitStatement], Iterable[ExitStatement]]

    @property
    def pins(self) -> Pins:
        return self.verifier.pins

    def verify(self, statement: ExitStatement, proof: bytes) -> None:
        for each in self.also(statement):
            try:
                return self.verifier.verify(each, proof)
            except VerificationError:
                continue
        self.verifier.verify(statement, proof)


class _NamesLess(LocalL1):
    """A proof serves for statements that differ in what this one leaves out."""

    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        raise NotImplementedError

    def _pinned_exit_verifier(self) -> ExitVerifier:
        return _Loose(super()._pinned_exit_verifier(), self._also)


def _asking(statement: ExitStatement, **changes: object) -> ExitStatement:
    wanted = replace(statement.wanted, **changes)  # type: ignore[arg-type]
    return replace(statement, wanted=wanted)


class NamesNoRecipient(_NamesLess):
    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        return [_asking(statement, recipient=address("erin"))]


class NamesNoAmount(_NamesLess):
    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        amount = statement.wanted.amount
        return [_asking(statement, amount=each) for each in (max(0, amount - 1), amount + 1)]


class NamesTheAmountModuloP(_NamesLess):
    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        return [_asking(statement, amount=statement.wanted.amount % P)]


class NamesTheAmountIn64Bits(_NamesLess):
    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        return [_asking(statement, amount=statement.wanted.amount % 2**64)]


class NamesNoChainOfExits(_NamesLess):
    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        return [replace(statement, chain=1)]


class NamesNoVenueOfExits(_NamesLess):
    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        return [replace(statement, venue=1)]


class TakesOldRootsInPrivate(_NamesLess):
    """What was proved once is good for ever."""

    def _advance(self, public: PublicInput) -> None:
        super()._advance(public)
        self._roots = [*getattr(self, "_roots", []), public.new_root]

    def _also(self, statement: ExitStatement) -> Iterable[ExitStatement]:
        return [replace(statement, root=root) for root in self._roots]


@dataclass(frozen=True)
class _Believing:
    """It takes whatever is as long as a proof."""

    pins: Pins

    def verify(self, statement: ExitStatement, proof: bytes) -> None:
        if not proof:
            raise VerificationError(Revert.PROOF)


class BelievesExits(LocalL1):
    def _pinned_exit_verifier(self) -> ExitVerifier:
        return _Believing(super()._pinned_exit_verifier().pins)


@dataclass(frozen=True)
class _OfEitherCircuit:
    exits: ExitVerifier

    @property
    def pins(self) -> Pins:
        return self.exits.pins

    def verify(self, statement: ExitStatement, proof: bytes) -> None:
        try:
            self.exits.verify(statement, proof)
        except VerificationError:
            replace(self.exits, pins=PINS).verify(statement, proof)  # type: ignore[type-var]


class TakesProofsOfAnyCircuit(LocalL1):
    def _pinned_exit_verifier(self) -> ExitVerifier:
        return _OfEitherCircuit(super()._pinned_exit_verifier())


class ForgetsWhoEscapedInPrivate(LocalL1):
    """Another escape is as if none had been before."""

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        before = self._state.exits
        paid = super().escape_privately(sender, wanted, book, proof)
        fresh = Exits(before.frozen_at, before.debts, before.reclaimed, before.escaped)
        fresh.nullifiers = {wanted.nullifier}
        self._state.exits = fresh
        return paid


WRONG_PRIVATE_EXITS = (
    PaysPrivatelyWhileItLives,
    EscapesAgainInPrivate,
    EscapesAgainInPublic,
    SpendsNothingInPublic,
    SpendsNothingInPrivate,
    PaysWhoBringsIt,
    OwesNobodyForPrivateExits,
    KeepsCustodyOfPrivateExits,
    SaysNothingOfPrivateExits,
    TakesAnyBookInPrivate,
    AsksTheBookLast,
    AsksTheBookBeforeWhatIsSpent,
    TakesTheHeadInPrivate,
    PaysAnyAddress,
    PaysAnyAmount,
    TakesAnyNullifier,
    PaysNobody,
    AsksTheRecipientLast,
    TakesExitsOfNoPinnedCircuit,
    TakesAnotherExitCircuit,
    TakesOtherFixedColumnsOfExits,
    TakesOtherParametersOfExits,
    TakesAnotherShapeOfExits,
    NamesNoRecipient,
    NamesNoAmount,
    NamesTheAmountModuloP,
    NamesTheAmountIn64Bits,
    NamesNoChainOfExits,
    NamesNoVenueOfExits,
    TakesOldRootsInPrivate,
    BelievesExits,
    TakesProofsOfAnyCircuit,
    ForgetsWhoEscapedInPrivate,
)
"""The suite's group `private-exits` is about these."""

ABOUT_PRIVATE_EXITS = frozenset(each.__name__ for each in WRONG_PRIVATE_EXITS)
