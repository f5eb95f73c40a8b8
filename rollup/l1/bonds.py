"""The calls about the bond for the operator's receipts, and who shows that it is lost.

Spec: docs/spec/27-bond.md.
"""

from collections.abc import Sequence

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.l1.bond import (
    no_answer,
    require_finding,
    require_held,
    require_short,
    require_signed,
)
from rollup.l1.checks import require_address, require_amount
from rollup.l1.exits import ExitingL1
from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.constants import AMOUNT_BITS
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import (
    Misconduct,
    NoAnswer,
    Signer,
    judge_pair,
    judge_place,
    judge_window,
)
from rollup.protocol.receipt import Receipt, SignedReceipt


class BondedL1(ExitingL1):
    """A contract that holds a bond beside custody, and judges receipts."""

    def post_bond(self, sender: Address, amount: int) -> None:
        """Take money for the bond."""
        self._require_live()
        require_address(sender)
        require_amount(amount)
        state = self._state
        posted = state.bond.posted(sender, amount, self._deployment.bond_least)
        state.vault.spend(sender, amount)
        state.bond = posted

    def leave_bond(self, sender: Address, amount: int) -> int:
        """Announce that so much of the bond is withdrawn once its delay is over."""
        self._require_unconvicted()
        self._require_bondsman(sender)
        if type(amount) is not int or amount < 0 or amount >> AMOUNT_BITS:
            raise Reverted(Revert.BAD_AMOUNT, f"from 0 to 2^{AMOUNT_BITS} - 1, not {amount}")
        due = self._clock() + self._deployment.bond_delay_ms
        self._state.bond = self._state.bond.left(amount, due, self._deployment.bond_least)
        return due

    def withdraw_bond(self, sender: Address) -> int:
        """Pay what of the bond is the sender's now."""
        require_address(sender)
        bond = self._state.bond
        amount = self._due(sender) if bond.conviction is None else self._reward(sender)
        if amount == 0:
            raise Reverted(Revert.NOTHING_TO_WITHDRAW, "nothing of the bond is the sender's now")
        self._state.bond = bond.withdrawn(sender, amount)
        self._state.vault.wallets[sender] += amount
        return amount

    def _due(self, sender: Address) -> int:
        """What the operator announced, once both it and a freeze are long enough ago."""
        self._require_bondsman(sender)
        bond, now, frozen_at = self._state.bond, self._clock(), self.exits.frozen_at
        ended = 0 if frozen_at is None else frozen_at + self._deployment.bond_delay_ms
        if bond.leaving and now < max(bond.due, ended):
            raise Reverted(Revert.BOND_DELAYED, f"from {max(bond.due, ended)} on, not at {now}")
        return bond.leaving

    def _reward(self, sender: Address) -> int:
        """What whoever showed the misconduct has not fetched."""
        conviction = self._state.bond.conviction
        if conviction is None or conviction.challenger != sender:
            raise Reverted(Revert.CONVICTED, "the bond is lost, and somebody else has shown why")
        return self._state.bond.held

    def _require_bondsman(self, sender: Address) -> None:
        if sender != self._deployment.operator:
            raise Reverted(Revert.NOT_OPERATOR, "the bond is the operator's")

    def _require_unconvicted(self) -> None:
        if self._state.bond.conviction is not None:
            raise Reverted(Revert.CONVICTED, "misconduct was shown before")

    @property
    def _signer(self) -> Signer:
        return Signer.of(self._deployment.genesis, plain_signer_of)

    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        """Judge two receipts by themselves."""
        self._require_challengeable(sender)
        for signed in (one, other):
            require_signed(signed, self._signer)
        return self._convict(sender, require_finding(judge_pair(one, other, self._signer)))

    def challenge_window(
        self, sender: Address, signed: SignedReceipt, header: BatchHeader
    ) -> Misconduct:
        """Judge a receipt by the header of the batch that it promised."""
        self._require_challengeable(sender)
        require_signed(signed, self._signer)
        require_held(header, self.header_digest(header.number))
        try:
            found = judge_window(signed, header, self._signer)
        except NoAnswer as error:
            raise no_answer(error) from error
        return self._convict(sender, require_finding(found))

    def challenge_place(
        self,
        sender: Address,
        signed: SignedReceipt,
        header: BatchHeader,
        receipts: Sequence[Receipt],
    ) -> Misconduct:
        """Judge a receipt by the list that leads to the head of a header."""
        self._require_challengeable(sender)
        require_short(receipts)
        require_signed(signed, self._signer)
        require_held(header, self.header_digest(header.number))
        try:
            found = judge_place(signed, receipts, header, self._signer)
        except NoAnswer as error:
            raise no_answer(error) from error
        return self._convict(sender, require_finding(found))

    def _require_challengeable(self, sender: Address) -> None:
        require_address(sender)
        self._require_unconvicted()

    def _convict(self, sender: Address, misconduct: Misconduct) -> Misconduct:
        """The bond is lost, and the venue ends if it has not."""
        self._state.bond = self._state.bond.slashed(sender, misconduct)
        if not self.is_frozen:
            self._end(sender)
        return misconduct
