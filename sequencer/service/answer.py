"""What the venue says to one envelope."""

from dataclasses import dataclass

from rollup.crypto.envelope import EnvelopeReason
from rollup.crypto.hpke import Exported
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.receipt import SignedReceipt
from sequencer.engine.event import AnyReason
from sequencer.intake.admission import Verdict
from sequencer.service.facts import Fact

Became = tuple[tuple[Fact, ...], AnyReason | EnvelopeReason | None]
"""What an envelope did to its sender's own orders; why it went no further, if it did not."""


@dataclass(frozen=True, slots=True, repr=False)
class Answer(Private):
    """What an envelope did to its sender's own orders, and the reason if it got no further; neither
    for padding. Whatever opened has a receipt, which tells nothing of what was in it, and a secret
    by which its sender is answered.

    `digest` is what the venue computed of a message whose signature does not hold; `is_copy` where
    the envelope came before, and this is what was said to it then.
    """

    receipt: SignedReceipt | None = None
    facts: tuple[Fact, ...] = ()
    reason: AnyReason | EnvelopeReason | None = None
    answering: Exported | None = None
    digest: Digest | None = None
    is_copy: bool = False


def answer_to(verdict: Verdict, receipt: SignedReceipt | None, became: Became) -> Answer:
    """The answer to an envelope, by what admission found in it and what became of that."""
    facts, reason = became
    return Answer(receipt, facts, reason, verdict.answering, verdict.digest)
