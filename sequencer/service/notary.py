"""The notary: receipts for envelopes, taken into the journal first and signed last."""

from dataclasses import dataclass

from rollup.crypto.address_key import AddressKey
from rollup.protocol.receipt import Receipt, SignedReceipt
from sequencer.batches.entries import ReceiptEntry
from sequencer.batches.journal import Journal
from sequencer.batches.receipts import ReceiptChain


@dataclass(frozen=True, slots=True)
class Taken:
    """A receipt that is not given yet, and its digest."""

    receipt: Receipt
    digest: bytes


class Notary:
    """Holds the receipt key and the end of the chain."""

    def __init__(self, key: AddressKey, chain: ReceiptChain, journal: Journal) -> None:
        self._key, self._chain, self._journal = key, chain, journal

    def take(self, envelope: bytes | None) -> Taken | None:
        """The receipt of an envelope that opened, in the journal before what it leads to."""
        if envelope is None:
            return None
        receipt = self._chain.take(envelope)
        self._journal.append(ReceiptEntry(receipt.sequence, receipt.envelope))
        return Taken(receipt, self._chain.head)

    def signed(self, taken: Taken | None) -> SignedReceipt | None:
        """To be called only once the receipt cannot be forgotten: a crash before would give its
        sequence to another envelope. Nothing for what took none."""
        return None if taken is None else SignedReceipt(taken.receipt, self._key.sign(taken.digest))
