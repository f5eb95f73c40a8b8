"""Receipts as they come: each is checked before anybody relies on it, and held against the others.

A receipt is the venue's signed word that it took an envelope, in which place and for which batch
(docs/spec/11-receipts.md). Wrong ones raise at once, since a bot that goes on trading on a forged
one has nothing to show later.
"""

from bisect import bisect_left
from typing import Final

from rollup.protocol.misconduct import NotSigned, Signer, judge_pair, judge_promise
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import Receipt, SignedReceipt, envelope_hash
from sequencer.client.errors import Misbehaviour, WrongReceipt

KEPT_MAX: Final = 100_000
"""Receipts that are held against new ones, the newest first to stay: some 60 MB."""


class ReceiptBook:
    """All receipts of this client from one venue, by sequence."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self._sequences: list[int] = []
        self._held: dict[int, SignedReceipt] = {}
        self._by_envelope: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._sequences)

    @property
    def last_sequence(self) -> int:
        """The highest sequence seen; 0 before the first."""
        return self._sequences[-1] if self._sequences else 0

    def all(self) -> tuple[SignedReceipt, ...]:
        """What is held, by sequence."""
        return tuple(self._held[sequence] for sequence in self._sequences)

    def take(self, signed: SignedReceipt, envelope: bytes, after: int = 0) -> Receipt:
        """Check a receipt for an envelope that was sent when sequence `after` had been seen.

        WrongReceipt if it is nobody's, of another venue or another envelope; Misbehaviour if it and
        one that came before prove that the venue broke its word.
        """
        receipt = self._signed(signed)
        if receipt.envelope != envelope_hash(envelope):
            raise WrongReceipt(f"receipt {receipt.sequence} is for another envelope")
        given = self._by_envelope.get(receipt.envelope, receipt.sequence)
        if given != receipt.sequence:
            detail = f"receipts {given} and {receipt.sequence} are for one envelope"
            raise WrongReceipt(f"{detail}, which is taken once")
        self._judge(signed)
        if receipt.sequence <= after and receipt.sequence not in self._held:
            # A sequence is given once, in order: this one was given after `after` was known.
            raise WrongReceipt(
                f"receipt {receipt.sequence} was given after receipt {after} had been"
            )
        self._hold(signed)
        return receipt

    def judge(self, public: PublicInput) -> None:
        """Hold a batch's public input against the receipts that promised it. Misbehaviour."""
        for signed in self.all():
            if signed.receipt.batch == public.number:
                finding = judge_promise(signed, public, self.signer)
                if finding is not None:
                    raise Misbehaviour(finding, (signed,))

    def _signed(self, signed: SignedReceipt) -> Receipt:
        try:
            return self.signer.require(signed)
        except NotSigned as error:
            raise WrongReceipt(str(error)) from None

    def _judge(self, signed: SignedReceipt) -> None:
        """Against its own place, and both neighbours: what holds of each pair of neighbours holds
        of all."""
        sequence = signed.receipt.sequence
        place = bisect_left(self._sequences, sequence)
        for other in self._sequences[max(0, place - 1) : place + 2]:
            held = self._held[other]
            finding = judge_pair(held, signed, self.signer)
            if finding is not None:
                raise Misbehaviour(finding, (held, signed))

    def _hold(self, signed: SignedReceipt) -> None:
        sequence = signed.receipt.sequence
        if sequence in self._held:
            return
        self._sequences.insert(bisect_left(self._sequences, sequence), sequence)
        self._held[sequence] = signed
        self._by_envelope[signed.receipt.envelope] = sequence
        if len(self._sequences) > KEPT_MAX:
            oldest = self._held.pop(self._sequences.pop(0))
            del self._by_envelope[oldest.receipt.envelope]
