"""What an operator's own receipts prove against it, to anybody, offline.

An honest operator signs one receipt for each sequence, each after the one before, and its batches
hold the head of that same chain. Everything that is judged here is something it never does: it
takes no trust in whoever shows it. Spec: docs/spec/11-receipts.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Protocol, Self, TypeAlias

from rollup.crypto.signature_form import SignatureError
from rollup.protocol.genesis import Genesis
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt


class Misconduct(StrEnum):
    """What was proved. The value is the name that a report carries."""

    FORK = "fork"
    BACKDATED = "backdated"
    BROKEN_CHAIN = "broken-chain"
    DROPPED = "dropped"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class Finding:
    """Misconduct that is proved, and by what."""

    misconduct: Misconduct
    detail: str


class Committed(Protocol):
    """What L1 holds a batch to, as far as receipts go: a public input has it, and a header."""

    @property
    def number(self) -> int:
        """Of the batch."""

    @property
    def time(self) -> int:
        """End of its window, in ms."""

    @property
    def receipts(self) -> bytes:
        """Head of the chain of receipts."""


class NotSigned(Exception):
    """A receipt that binds nobody: it is not signed by the venue's receipt key, or not of it."""


class NoAnswer(Exception):
    """A list of receipts from which nothing follows, and why: another one is wanted."""


Recover: TypeAlias = Callable[[bytes, bytes], bytes]
"""Who signed a digest, by its signature; SignatureError for nobody's."""


def _recover(digest: bytes, signature: bytes) -> bytes:
    """By libsecp256k1, which judges of L1 do without."""
    from rollup.crypto.address_key import signer_of  # noqa: PLC0415

    return signer_of(digest, signature)


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose receipts are judged, and how it is found out who signed one."""

    chain: int
    venue: int
    address: bytes
    recover: Recover = field(default=_recover, compare=False, repr=False)

    @classmethod
    def of(cls, genesis: Genesis, recover: Recover = _recover) -> Self:
        """The one that a venue's genesis names."""
        return cls(genesis.chain, genesis.venue, genesis.receipt_signer, recover)

    def require(self, signed: SignedReceipt) -> Receipt:
        """The receipt, if this signer has signed it for this venue. Raises NotSigned."""
        receipt = signed.receipt
        if (receipt.chain, receipt.venue) != (self.chain, self.venue):
            wanted = f"a receipt of venue {self.venue} on chain {self.chain} is wanted"
            came = f"one of venue {receipt.venue} on chain {receipt.chain} came"
            raise NotSigned(f"{wanted}, {came}")
        try:
            address = self.recover(receipt.digest(), signed.signature)
        except SignatureError as error:
            raise NotSigned(f"the signature is nobody's: {error}") from error
        if address != self.address:
            wanted, came = self.address.hex(), address.hex()
            raise NotSigned(f"a signature of address {wanted} is wanted, one of {came} came")
        return receipt


def judge_pair(one: SignedReceipt, other: SignedReceipt, signer: Signer) -> Finding | None:
    """What two receipts prove by themselves. Raises NotSigned."""
    first, second = sorted((signer.require(one), signer.require(other)), key=_sequence)
    if first == second:
        return None
    if first.sequence == second.sequence:
        return Finding(Misconduct.FORK, f"two receipts of sequence {first.sequence} differ")
    if second.sequence == first.sequence + 1 and second.previous != first.digest():
        detail = f"receipt {second.sequence} follows another receipt {first.sequence}"
        return Finding(Misconduct.FORK, detail)
    return _out_of_time(first, second)


def judge_promise(signed: SignedReceipt, public: PublicInput, signer: Signer) -> Finding | None:
    """What a receipt proves beside the public input of the batch that it promised. Raises
    NotSigned; NoAnswer for another batch's or venue's."""
    signer.require(signed)
    _require_venue(public, signer)
    return judge_window(signed, public, signer)


def judge_window(signed: SignedReceipt, held: Committed, signer: Signer) -> Finding | None:
    """The same beside whatever of this venue L1 holds the batch to."""
    receipt = signer.require(signed)
    if held.number != receipt.batch:
        wanted = f"the public input of batch {receipt.batch} is wanted"
        raise NoAnswer(f"{wanted}, one of batch {held.number} came")
    return _other_window(receipt, held)


def judge_list(
    signed: SignedReceipt, receipts: Sequence[Receipt], public: PublicInput, signer: Signer
) -> Finding | None:
    """What becomes of a receipt in the chain whose head a batch holds; None if it is in its place.

    `receipts` is the operator's list up to that head, from the receipt or further back. It needs no
    signature: it either hashes to the head or is worth nothing. A batch before the promised one
    counts where its chain has passed the receipt's sequence already: that is a promise put off to
    a batch that may never come. The caller knows that `public` is of a batch that L1 holds. Raises
    NotSigned and NoAnswer.
    """
    signer.require(signed)
    _require_venue(public, signer)
    return judge_place(signed, receipts, public, signer)


def judge_place(
    signed: SignedReceipt, receipts: Sequence[Receipt], held: Committed, signer: Signer
) -> Finding | None:
    """The same under whatever of this venue L1 holds the batch to."""
    receipt = signer.require(signed)
    _require_reaches(receipts, held)
    is_passed = bool(receipts) and receipts[-1].sequence >= receipt.sequence
    if held.number < receipt.batch and not is_passed:
        wanted = f"batch {receipt.batch} or a later one is wanted"
        raise NoAnswer(f"{wanted}: the receipt promises nothing of batch {held.number}")
    return (
        _window(receipt, held)
        or _broken(receipts, held, signer)
        or _in_its_place(receipt, receipts)
    )


def _sequence(receipt: Receipt) -> int:
    return receipt.sequence


def _require_venue(public: PublicInput, signer: Signer) -> None:
    if (public.chain, public.venue) != (signer.chain, signer.venue):
        raise NoAnswer(
            f"a public input of venue {signer.venue} on chain {signer.chain} is wanted, "
            f"one of venue {public.venue} on chain {public.chain} came"
        )


def _require_reaches(receipts: Sequence[Receipt], held: Committed) -> None:
    """Each follows the one before by its digest, up to the head that the batch holds."""
    for before, after in pairwise(receipts):
        if after.previous != before.digest():
            raise NoAnswer(f"receipt {after.sequence} does not follow the one before it")
    head = receipts[-1].digest() if receipts else RECEIPTS_START
    if head != held.receipts:
        wanted, came = held.receipts.hex(), head.hex()
        raise NoAnswer(f"a list up to the batch's head {wanted} is wanted, one up to {came} came")


def _window(receipt: Receipt, held: Committed) -> Finding | None:
    return _other_window(receipt, held) if receipt.batch == held.number else None


def _other_window(receipt: Receipt, held: Committed) -> Finding | None:
    if receipt.time == held.time:
        return None
    detail = f"receipt {receipt.sequence} says that batch {receipt.batch} ends at {receipt.time}"
    return Finding(Misconduct.BACKDATED, f"{detail}, its public input at {held.time}")


def _out_of_time(first: Receipt, second: Receipt) -> Finding | None:
    """A later sequence has no earlier batch or window, and a batch has one window."""
    batches, times = second.batch - first.batch, second.time - first.time
    if (batches > 0 and times > 0) or batches == times == 0:
        return None
    windows = f"batch {first.batch} to {first.time}, then batch {second.batch} to {second.time}"
    detail = f"receipts {first.sequence} and {second.sequence} name {windows}"
    return Finding(Misconduct.BACKDATED, detail)


def _broken(receipts: Sequence[Receipt], held: Committed, signer: Signer) -> Finding | None:
    """What no honest chain has: the batch's head commits to it all the same."""
    for before, after in pairwise(receipts):
        if after.sequence != before.sequence + 1:
            detail = f"receipt {after.sequence} comes after receipt {before.sequence}"
            return Finding(Misconduct.BROKEN_CHAIN, detail)
        found = _out_of_time(before, after)
        if found is not None:
            return Finding(Misconduct.BROKEN_CHAIN, found.detail)
    for each in receipts:
        if (each.chain, each.venue) != (signer.chain, signer.venue):
            detail = f"receipt {each.sequence} is of another venue"
            return Finding(Misconduct.BROKEN_CHAIN, detail)
        if each.batch > held.number:
            detail = f"receipt {each.sequence} of batch {each.batch} is before the head of batch "
            return Finding(Misconduct.BROKEN_CHAIN, f"{detail}{held.number}")
        found = _window(each, held)
        if found is not None:
            return Finding(Misconduct.BROKEN_CHAIN, found.detail)
    return None


def _in_its_place(receipt: Receipt, receipts: Sequence[Receipt]) -> Finding | None:
    """Where a chain without a fault has the receipt's envelope, if it is not where it was said."""
    sequence = receipt.sequence
    if receipts and sequence < receipts[0].sequence:
        raise NoAnswer(f"a list from receipt {sequence} on is wanted, not {receipts[0].sequence}")
    place = sequence - receipts[0].sequence if receipts else 0
    held = receipts[place] if place < len(receipts) else None
    if held == receipt:
        return None
    if held is not None and held.envelope == receipt.envelope:
        moved = (held.batch, held.time) != (receipt.batch, receipt.time)
        kind = Misconduct.BACKDATED if moved else Misconduct.REORDERED
        what = "in another batch" if moved else "after other receipts"
        return Finding(kind, f"the chain has receipt {sequence} {what}")
    elsewhere = [each.sequence for each in receipts if each.envelope == receipt.envelope]
    if elsewhere:
        detail = f"the chain has the envelope of receipt {sequence} at {elsewhere[0]}"
        return Finding(Misconduct.REORDERED, detail)
    return Finding(Misconduct.DROPPED, f"the chain lacks the envelope of receipt {sequence}")
