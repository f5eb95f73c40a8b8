"""Receipts as an operator signs them, honest or not, without a venue around them."""

from collections.abc import Sequence
from dataclasses import replace

from rollup.crypto.address_key import AddressKey
from rollup.hash.keccak import keccak256
from rollup.protocol.misconduct import Signer
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt
from tests.helpers import venue as small

SIGNER = Signer(small.CHAIN, small.VENUE, small.RECEIPT_KEY.address)
WINDOWS = {1: 1_000, 2: 2_000, 3: 3_000}
"""When each batch ends."""


def sign(receipt: Receipt, key: AddressKey = small.RECEIPT_KEY) -> SignedReceipt:
    return SignedReceipt(receipt, key.sign(receipt.digest()))


def link(name: str, batch: int, after: Receipt | None) -> Receipt:
    """The receipt of the envelope of this name."""
    return Receipt(
        chain=small.CHAIN,
        venue=small.VENUE,
        sequence=1 if after is None else after.sequence + 1,
        envelope=keccak256(name.encode()),
        previous=RECEIPTS_START if after is None else after.digest(),
        time=WINDOWS[batch],
        batch=batch,
    )


def chain(*batches: str) -> list[Receipt]:
    """A letter an envelope: chain("ab", "c") takes a and b in batch 1, then c in batch 2."""
    receipts: list[Receipt] = []
    for number, names in enumerate(batches, start=1):
        for name in names:
            receipts.append(link(name, number, receipts[-1] if receipts else None))
    return receipts


def relinked(receipts: Sequence[Receipt]) -> list[Receipt]:
    """The same receipts, each made to follow the one that now stands before it."""
    linked: list[Receipt] = []
    for receipt in receipts:
        head = linked[-1].digest() if linked else RECEIPTS_START
        linked.append(replace(receipt, previous=head))
    return linked


def public(number: int, receipts: Sequence[Receipt]) -> PublicInput:
    """The public input of a batch that holds the head of these."""
    venue = small.Venue()
    made = venue.apply(venue.batch()).public
    head = receipts[-1].digest() if receipts else RECEIPTS_START
    return replace(made, number=number, time=WINDOWS[number], receipts=head)
