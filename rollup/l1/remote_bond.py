"""The bond of an L1 at an address: what is read of it, and the calls."""

from collections.abc import Sequence

from rollup.l1.bond import Bond
from rollup.l1.interface import Address
from rollup.l1.remote_view import RemoteView
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import Receipt, SignedReceipt


class RemoteBond(RemoteView):
    """What everybody can read, and the calls about the bond; whoever derives from this makes
    them."""

    @property
    def bond(self) -> Bond:
        """What stands for the operator's receipts, and what became of it."""
        bond: Bond = self._call("bond")
        return bond

    def post_bond(self, sender: Address, amount: int) -> None:
        """Bring so many quanta for the bond."""
        self._call("post_bond", sender=sender, amount=amount)

    def leave_bond(self, sender: Address, amount: int) -> int:
        """Announce that so much of the bond will be withdrawn; returns from when on it can."""
        return int(self._call("leave_bond", sender=sender, amount=amount))

    def withdraw_bond(self, sender: Address) -> int:
        """Pay what of the bond is the sender's now; returns what was paid."""
        return int(self._call("withdraw_bond", sender=sender))

    def challenge_pair(
        self, sender: Address, one: SignedReceipt, other: SignedReceipt
    ) -> Misconduct:
        """Show misconduct by two receipts alone."""
        found: Misconduct = self._call("challenge_pair", sender=sender, one=one, other=other)
        return found

    def challenge_window(
        self, sender: Address, signed: SignedReceipt, header: BatchHeader
    ) -> Misconduct:
        """The same by a receipt and the header of the batch that it promised."""
        what = {"signed": signed, "header": header}
        found: Misconduct = self._call("challenge_window", sender=sender, **what)
        return found

    def challenge_place(
        self,
        sender: Address,
        signed: SignedReceipt,
        header: BatchHeader,
        receipts: Sequence[Receipt],
    ) -> Misconduct:
        """The same by a receipt and the list that leads to the head of a header."""
        what = {"signed": signed, "header": header, "receipts": tuple(receipts)}
        found: Misconduct = self._call("challenge_place", sender=sender, **what)
        return found
