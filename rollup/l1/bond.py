"""A bond for the operator's receipts: what L1 keeps of it, and what it judges them by. Pure.

Spec: docs/spec/27-bond.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from rollup.l1.exit_events import Address
from rollup.l1.reasons import Revert, Reverted
from rollup.protocol.constants import AMOUNT_BITS
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Finding, Misconduct, NoAnswer, NotSigned, Signer
from rollup.protocol.receipt import Receipt, SignedReceipt

RECEIPTS_MAX: Final = 64
"""Receipts of a list that L1 reads: what one transaction hashes, some 200,000 gas."""

BOND_PATIENCES: Final = 2
"""A bond outlasts the time for a proof or a freeze, and once more as much in which to judge."""

REWARD_PART: Final = 8
"""The challenger has one part in so many of the bond. Small, since it is all that an operator saves
who accuses itself; and the rest is nobody's, since whatever page of the venue had it, the operator
could stand behind that."""


@dataclass(frozen=True, slots=True)
class BondPosted:
    """Somebody brought money for the bond: it is the operator's from then on."""

    sender: Address
    amount: int


@dataclass(frozen=True, slots=True)
class BondLeaving:
    """So much of the bond can be withdrawn from `due` on, L1 time in ms; 0: nothing any more."""

    amount: int
    due: int


@dataclass(frozen=True, slots=True)
class BondWithdrawn:
    """The operator was paid of the bond, or a challenger his reward."""

    owner: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Convicted:
    """Misconduct was shown: `reward` quanta are the challenger's, `burned` are nobody's."""

    challenger: Address
    misconduct: Misconduct
    reward: int
    burned: int


BondEvent: TypeAlias = BondPosted | BondLeaving | BondWithdrawn | Convicted


@dataclass(frozen=True, slots=True)
class Bond:
    """What is held of the bond in quanta: the operator's, of which `leaving` can be withdrawn from
    `due` on (L1 time in ms), or after a conviction what the challenger has not fetched of his
    reward. `burned` is here for good. `events` are all that happened to it, in order."""

    held: int = 0
    leaving: int = 0
    due: int = 0
    burned: int = 0
    conviction: Convicted | None = None
    events: tuple[BondEvent, ...] = ()

    @property
    def stands(self) -> int:
        """What misconduct would cost for sure: nothing of it can leave without an announcement."""
        return 0 if self.conviction else self.held - self.leaving

    def posted(self, sender: Address, amount: int, least: int) -> "Bond":
        """With so much more. Revert where it would be less than `least`, or too much to count."""
        held = self.held + amount
        if held - self.leaving < least:
            detail = f"a bond is {least} at least, not {held - self.leaving}"
            raise Reverted(Revert.AMOUNT_TOO_SMALL, detail)
        if held >> AMOUNT_BITS:
            raise Reverted(Revert.BAD_AMOUNT, f"a bond is below 2^{AMOUNT_BITS}, not {held}")
        return replace(self, held=held, events=(*self.events, BondPosted(sender, amount)))

    def left(self, amount: int, due: int, least: int) -> "Bond":
        """With so much that leaves, in place of what did. Revert where it is not there, or what
        would stand is too little for a bond and not nothing."""
        if amount > self.held:
            raise Reverted(Revert.BALANCE_TOO_SMALL, f"{amount} of {self.held} held")
        if 0 < self.held - amount < least:
            detail = f"{self.held - amount} would stand, {least} at least or nothing may"
            raise Reverted(Revert.AMOUNT_TOO_SMALL, detail)
        events = (*self.events, BondLeaving(amount, due))
        return replace(self, leaving=amount, due=due, events=events)

    def withdrawn(self, owner: Address, amount: int) -> "Bond":
        """With so much less, which the operator or the challenger has."""
        events = (*self.events, BondWithdrawn(owner, amount))
        return replace(self, held=self.held - amount, leaving=0, due=0, events=events)

    def slashed(self, challenger: Address, misconduct: Misconduct) -> "Bond":
        """As a conviction leaves it: the reward, and what is burned."""
        reward = self.held // REWARD_PART
        said = Convicted(challenger, misconduct, reward, self.held - reward)
        burned = self.burned + said.burned
        return Bond(reward, burned=burned, conviction=said, events=(*self.events, said))


def require_signed(signed: SignedReceipt, signer: Signer) -> None:
    """Revert for a receipt that binds nobody here: of another venue, or not signed as its key
    signs."""
    receipt = signed.receipt
    if (receipt.chain, receipt.venue) != (signer.chain, signer.venue):
        raise Reverted(Revert.WRONG_VENUE, f"chain {receipt.chain} venue {receipt.venue}")
    try:
        signer.require(signed)
    except NotSigned as error:
        raise Reverted(Revert.RECEIPT_SIGNATURE, str(error)) from error


def require_held(header: BatchHeader, held: bytes | None) -> None:
    """Revert unless it is the header that L1 holds under its number, by its digest."""
    if held is None:
        raise Reverted(Revert.NO_HEADER, f"batch {header.number} has no header")
    if header.digest() != held:
        raise Reverted(Revert.HEADER_DIFFERS, f"batch {header.number} is {held.hex()}")


def require_short(receipts: Sequence[Receipt]) -> None:
    """Revert for a list that no transaction reads."""
    if len(receipts) > RECEIPTS_MAX:
        raise Reverted(
            Revert.EVIDENCE_DIFFERS, f"{RECEIPTS_MAX} receipts at most, not {len(receipts)}"
        )


def require_finding(found: Finding | None) -> Misconduct:
    """The misconduct that is proved. Revert where none is."""
    if found is None:
        raise Reverted(Revert.NO_MISCONDUCT, "this proves nothing against the operator")
    return found.misconduct


def no_answer(error: NoAnswer) -> Reverted:
    """Why nothing follows from what was brought beside a receipt."""
    return Reverted(Revert.EVIDENCE_DIFFERS, str(error))


class BondedVenue(Protocol):
    """What a venue's contract is to whoever holds receipts. Each call succeeds whole, or raises
    Reverted and changes nothing."""

    @property
    def bond(self) -> Bond:
        """What stands for the operator's receipts, and what became of it."""

    def post_bond(self, sender: Address, amount: int) -> None:
        """Bring so many quanta for the bond. Anybody can, and it is the operator's."""

    def leave_bond(self, sender: Address, amount: int) -> int:
        """Announce, as the operator, that so much of the bond will be withdrawn, in place of what
        was announced before; returns from which L1 time on it can."""

    def withdraw_bond(self, sender: Address) -> int:
        """Pay the operator what was announced and is due, or after a conviction the challenger his
        reward; returns what was paid."""

    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        """Show by two receipts alone that the operator misbehaved: the venue ends, and the bond is
        slashed. Anybody can."""

    def challenge_window(
        self, sender: Address, signed: SignedReceipt, header: BatchHeader
    ) -> Misconduct:
        """The same by a receipt and the header that L1 holds of the batch that it promised."""

    def challenge_place(
        self,
        sender: Address,
        signed: SignedReceipt,
        header: BatchHeader,
        receipts: Sequence[Receipt],
    ) -> Misconduct:
        """The same by a receipt and the list, of at most 64, that leads to the head of a header
        that L1 holds."""
