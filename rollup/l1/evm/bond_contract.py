"""The contract of a venue's bond, as the calls of `rollup.l1.bond`."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from rollup.l1.evm.abi import Interface, word
from rollup.l1.evm.bond_view import MISCONDUCTS
from rollup.l1.evm.chain import Receipt as Transacted
from rollup.l1.evm.view import EvmView
from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import Receipt, SignedReceipt


class BondCalls(EvmView):
    """What everybody can read, and the calls about the bond, on a chain that takes a sender's
    word; whoever derives from this sends them."""

    @abstractmethod
    def _send_to(
        self,
        contract: Address,
        interface: Interface,
        sender: Address,
        name: str,
        *arguments: object,
    ) -> Transacted:
        """A transaction. Reverted where the contract refuses."""

    def post_bond(self, sender: Address, amount: int) -> None:
        """Bring so many quanta for the bond."""
        self._of_bond(sender, "postBond", word(amount))

    def leave_bond(self, sender: Address, amount: int) -> int:
        """Announce that so much of the bond will be withdrawn; returns from when on it can."""
        if len(sender) != OWNER_BYTES and self.bond.conviction is None:
            raise Reverted(Revert.NOT_OPERATOR, f"an address is {OWNER_BYTES} bytes")
        return int(self._of_bond(sender, "leaveBond", word(amount)))

    def withdraw_bond(self, sender: Address) -> int:
        """Pay what of the bond is the sender's now; returns what was paid."""
        return int(self._of_bond(sender, "withdrawBond"))

    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        """Show misconduct by two receipts alone."""
        return self._challenge(sender, "challengePair", *_parts(one), *_parts(other))

    def challenge_window(
        self, sender: Address, signed: SignedReceipt, header: BatchHeader
    ) -> Misconduct:
        """The same by a receipt and the header of the batch that it promised."""
        return self._challenge(sender, "challengeWindow", *_parts(signed), header.encode())

    def challenge_place(
        self,
        sender: Address,
        signed: SignedReceipt,
        header: BatchHeader,
        receipts: Sequence[Receipt],
    ) -> Misconduct:
        """The same by a receipt and the list that leads to the head of a header."""
        listed = b"".join(each.encode() for each in receipts)
        return self._challenge(sender, "challengePlace", *_parts(signed), header.encode(), listed)

    def _challenge(self, sender: Address, name: str, *evidence: bytes) -> Misconduct:
        place = int(self._of_bond(sender, name, *evidence))
        return MISCONDUCTS[place]

    def _of_bond(self, sender: Address, name: str, *arguments: object) -> Any:
        """What a call of the bond's contract answers, if anything."""
        calls = self._bond_calls
        done = self._send_to(self._bond_at, calls, sender, name, *arguments)
        return next(iter(calls.answer(name, done.data)), None)


def _parts(signed: SignedReceipt) -> tuple[bytes, bytes]:
    return signed.receipt.encode(), signed.signature
