"""L1s that are each wrong about the bond in one way."""

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

from rollup.crypto.signature_form import ORDER
from rollup.l1 import bonds
from rollup.l1.bond import Bond
from rollup.l1.development import LocalL1
from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Misconduct, Signer, judge_pair
from rollup.protocol.receipt import Receipt, SignedReceipt


class CountsTheBondInCustody(LocalL1):
    def post_bond(self, sender: Address, amount: int) -> None:
        super().post_bond(sender, amount)
        self._state.vault.funds += amount
        self._state.vault.custody += amount


class TakesAnyBond(LocalL1):
    """However little it is."""

    def post_bond(self, sender: Address, amount: int) -> None:
        deployed = self._deployment
        self._deployment = replace(deployed, bond_least=1)
        try:
            super().post_bond(sender, amount)
        finally:
            self._deployment = deployed


class TakesABondOnCredit(LocalL1):
    def post_bond(self, sender: Address, amount: int) -> None:
        lacks = max(0, amount - self._state.vault.wallets[sender])
        self._state.vault.wallets[sender] += lacks
        super().post_bond(sender, amount)


class PaysWhoPosted(LocalL1):
    """The bond leaves for anybody."""

    def _require_bondsman(self, sender: Address) -> None:
        pass


class PaysAtOnce(LocalL1):
    """It asks for no delay."""

    def withdraw_bond(self, sender: Address) -> int:
        self._state.bond = replace(self._state.bond, due=0)
        return super().withdraw_bond(sender)


class ForgetsTheFreeze(LocalL1):
    """A bond leaves a frozen venue as soon as a live one."""

    def _due(self, sender: Address) -> int:
        kept = self._state.exits
        self._state.exits = replace(kept, frozen_at=None)
        try:
            return super()._due(sender)
        finally:
            self._state.exits = kept


class KeepsTheOldAnnouncement(LocalL1):
    def leave_bond(self, sender: Address, amount: int) -> int:
        before = self._state.bond
        due = super().leave_bond(sender, amount)
        if before.leaving and not amount:
            self._state.bond = replace(self._state.bond, leaving=before.leaving, due=before.due)
        return due


class LeavesALittle(LocalL1):
    """What stands may be too little for a bond."""

    def leave_bond(self, sender: Address, amount: int) -> int:
        deployed = self._deployment
        self._deployment = replace(deployed, bond_least=1)
        try:
            return super().leave_bond(sender, amount)
        finally:
            self._deployment = deployed


class LetsAConvictLeave(LocalL1):
    def withdraw_bond(self, sender: Address) -> int:
        bond = self._state.bond
        if bond.conviction is not None and sender == self._deployment.operator:
            self._state.bond = bond.withdrawn(sender, bond.held)
            self._state.vault.wallets[sender] += bond.held
            return bond.held
        return super().withdraw_bond(sender)


class RewardsAnybody(LocalL1):
    def _reward(self, sender: Address) -> int:
        return self._state.bond.held


class ConvictsTwice(LocalL1):
    def _require_unconvicted(self) -> None:
        pass


class LetsTheVenueLive(LocalL1):
    def _convict(self, sender: Address, misconduct: Misconduct) -> Misconduct:
        self._state.bond = self._state.bond.slashed(sender, misconduct)
        return misconduct


class FreezesAnew(LocalL1):
    """A venue that ended ends again."""

    def _convict(self, sender: Address, misconduct: Misconduct) -> Misconduct:
        self._state.exits.frozen_at = None
        return super()._convict(sender, misconduct)


class RewardsWithAllOfIt(LocalL1):
    """An operator that accuses itself loses nothing."""

    def _convict(self, sender: Address, misconduct: Misconduct) -> Misconduct:
        held = self._state.bond.held
        found = super()._convict(sender, misconduct)
        bond: Bond = self._state.bond
        said = replace(bond.events[-1], reward=held, burned=0)
        events = (*bond.events[:-1], said)
        self._state.bond = replace(bond, held=held, burned=0, conviction=said, events=events)
        return found


class TakesAnySignature(LocalL1):
    """It believes whoever brings a receipt."""

    @property
    def _signer(self) -> Signer:
        return _Credulous.of(self._deployment.genesis)


class _Credulous(Signer):
    def require(self, signed: SignedReceipt) -> Receipt:
        return signed.receipt


class TakesTwins(LocalL1):
    """A second signature that anybody makes of a first is one to it."""

    @property
    def _signer(self) -> Signer:
        return _OfTwins.of(self._deployment.genesis)


class _OfTwins(Signer):
    def require(self, signed: SignedReceipt) -> Receipt:
        r, s, v = signed.signature[:32], signed.signature[32:64], signed.signature[64]
        if int.from_bytes(s, "big") > ORDER // 2:
            lower = (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
            signed = replace(signed, signature=r + lower + bytes((55 - v,)))
        return super().require(signed)


class TakesAnyVenue(LocalL1):
    """A receipt of another venue of the same key counts."""

    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        try:
            return super().challenge_pair(sender, one, other)
        except Reverted as error:
            if error.reason is not Revert.WRONG_VENUE:
                raise
            return self._convict(sender, Misconduct.FORK)


class AsksNoHeader(LocalL1):
    """Whoever brings a header has made it."""

    def challenge_window(
        self, sender: Address, signed: SignedReceipt, header: BatchHeader
    ) -> Misconduct:
        with patch.object(bonds, "require_held"):
            return super().challenge_window(sender, signed, header)


class AsksForAnyHeader(LocalL1):
    """A header of the number is the header of the number."""

    def challenge_window(
        self, sender: Address, signed: SignedReceipt, header: BatchHeader
    ) -> Misconduct:
        held = self.header_digest(header.number) or b""
        known = [each.header for each in self.tail if each.digest == held]
        return super().challenge_window(sender, signed, known[0] if known else header)


class SeesNoForks(LocalL1):
    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        if one.receipt.sequence == other.receipt.sequence:
            raise Reverted(Revert.NO_MISCONDUCT)
        return super().challenge_pair(sender, one, other)


class SeesForksInNextOnes(LocalL1):
    """A receipt after another one is a fork to it."""

    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        found = judge_pair(one, other, self._signer)
        if found is None and one != other:
            return self._convict(sender, Misconduct.FORK)
        return super().challenge_pair(sender, one, other)


class ReadsAnyList(LocalL1):
    """However long it is."""

    def challenge_place(
        self,
        sender: Address,
        signed: SignedReceipt,
        header: BatchHeader,
        receipts: Sequence[Receipt],
    ) -> Misconduct:
        with patch.object(bonds, "require_short"):
            return super().challenge_place(sender, signed, header, receipts)


class BelievesLists(LocalL1):
    """It does not ask whether a list leads to the head."""

    def challenge_place(
        self,
        sender: Address,
        signed: SignedReceipt,
        header: BatchHeader,
        receipts: Sequence[Receipt],
    ) -> Misconduct:
        self._require_challengeable(sender)
        if receipts and signed.receipt not in receipts:
            return self._convict(sender, Misconduct.DROPPED)
        return super().challenge_place(sender, signed, header, receipts)


class SeesNothingDropped(LocalL1):
    """A chain that has another receipt there is as good as any."""

    def _convict(self, sender: Address, misconduct: Misconduct) -> Misconduct:
        if misconduct is Misconduct.DROPPED:
            raise Reverted(Revert.NO_MISCONDUCT)
        return super()._convict(sender, misconduct)


class SeesNoBrokenChain(LocalL1):
    def _convict(self, sender: Address, misconduct: Misconduct) -> Misconduct:
        if misconduct is Misconduct.BROKEN_CHAIN:
            raise Reverted(Revert.NO_MISCONDUCT)
        return super()._convict(sender, misconduct)


WRONG_BONDS = (
    CountsTheBondInCustody,
    TakesAnyBond,
    TakesABondOnCredit,
    PaysWhoPosted,
    PaysAtOnce,
    ForgetsTheFreeze,
    KeepsTheOldAnnouncement,
    LeavesALittle,
    LetsAConvictLeave,
    RewardsAnybody,
    ConvictsTwice,
    LetsTheVenueLive,
    FreezesAnew,
    RewardsWithAllOfIt,
    TakesAnySignature,
    TakesTwins,
    TakesAnyVenue,
    AsksNoHeader,
    AsksForAnyHeader,
    SeesNoForks,
    SeesForksInNextOnes,
    ReadsAnyList,
    BelievesLists,
    SeesNothingDropped,
    SeesNoBrokenChain,
)
