"""Envelopes: what a trader sends the venue. One size for every action, readable by the venue only.

Sealed by HPKE in base mode (rollup/crypto/hpke.py). The sender authenticates inside, with its
signature.

    envelope = encapsulated key (32) || ciphertext (384) || tag (16)

What is enciphered is an action (rollup/crypto/plaintext.py).

Chain, venue and version are bound by HPKE's `info` and again as associated data, so an envelope
for one venue cannot be opened as one for another. Nothing decrypted enters a message or a repr.

Every kind, padding too, says until when it is good. An envelope is opened in two steps, so that the
venue judges its time, and remembers it, before anything that depends on its kind can happen.

Whoever delivers an envelope need not be who sealed it: what became of an action is sealed by a
secret that only sealing or opening the envelope gives, and a question brings a key for its answer
(rollup/crypto/answer.py).
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

from rollup.crypto import hpke
from rollup.crypto.hpke import KEY_BYTES, OVERHEAD_BYTES, Exported
from rollup.crypto.plaintext import (
    ENVELOPE_VERSION,
    PLAINTEXT_BYTES,
    SIGNATURE_BYTES,
    Action,
    ActionPath,
    CancelAction,
    EnvelopeError,
    EnvelopeReason,
    Kind,
    OrderAction,
    OutflowAction,
    PaddingAction,
    QuestionAction,
    ViewingKeyAction,
    decode,
    encode,
    good_until_of,
)
from rollup.private import Private

__all__ = [
    "ENVELOPE_BYTES",
    "ENVELOPE_LIFETIME_MS",
    "ENVELOPE_VERSION",
    "IDENTIFIER_MAX",
    "KEY_BYTES",
    "PLAINTEXT_BYTES",
    "SIGNATURE_BYTES",
    "Action",
    "ActionPath",
    "CancelAction",
    "Destination",
    "EnvelopeError",
    "EnvelopeReason",
    "Kind",
    "Opened",
    "OpeningKey",
    "OrderAction",
    "OutflowAction",
    "PaddingAction",
    "QuestionAction",
    "SealingKey",
    "ViewingKeyAction",
    "decode",
    "encode",
    "good_until_of",
]

ENVELOPE_LIFETIME_MS: Final = 10 * 60_000
"""How far ahead of the venue's time an envelope may be good. Several batch windows and the clocks'
difference fit in; what a venue must remember of ten minutes' envelopes fits in memory."""

ENVELOPE_BYTES: Final = PLAINTEXT_BYTES + OVERHEAD_BYTES
IDENTIFIER_MAX: Final = 2**32 - 1

_CONTEXT = struct.Struct("<BII")
_INFO_LABEL = b"crypsis/envelope/info"
_DATA_LABEL = b"crypsis/envelope/data"
_ANSWER_LABEL = b"crypsis/answer/export"


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom an envelope is for; both identifiers travel in neither envelope nor plaintext."""

    chain: int
    venue: int

    def __post_init__(self) -> None:
        for name, value in (("chain", self.chain), ("venue", self.venue)):
            if not 0 <= value <= IDENTIFIER_MAX:
                detail = f"{name} must be from 0 to {IDENTIFIER_MAX}, not {value}"
                raise EnvelopeError(EnvelopeReason.MEMBER, detail)

    def info(self) -> bytes:
        """HPKE's `info`: binds the key schedule to chain, venue and version."""
        return self.bound(_INFO_LABEL)

    def data(self) -> bytes:
        """Associated data of the one message: the same binding, under another label."""
        return self.bound(_DATA_LABEL)

    def answer_label(self) -> bytes:
        """Under which the secret of an answer is exported: the same binding once more."""
        return self.bound(_ANSWER_LABEL)

    def bound(self, label: bytes) -> bytes:
        """A label with version, chain and venue: what a use of HPKE is bound to."""
        return label + _CONTEXT.pack(ENVELOPE_VERSION, self.chain, self.venue)


@dataclass(frozen=True, slots=True, repr=False)
class Opened(Private):
    """What was sealed for this venue and is in time. Its kind has not been looked at yet.

    `answering` is the secret by which its sender reads an answer.
    """

    good_until: int
    answering: Exported
    plaintext: bytes

    def action(self) -> Action:
        """What it asks for. EnvelopeError on another layout."""
        return decode(self.plaintext)


def _require_in_time(good_until: int, time: int) -> None:
    """Refuse what is good no longer, and what would have to be remembered for too long."""
    if good_until < time:
        raise EnvelopeError(EnvelopeReason.EXPIRED, f"good at the venue's time {time} is wanted")
    if good_until > time + ENVELOPE_LIFETIME_MS:
        detail = f"good for at most {ENVELOPE_LIFETIME_MS} ms after the venue's time is wanted"
        raise EnvelopeError(EnvelopeReason.TOO_EARLY, detail)


class SealingKey:
    """The venue's public key, as every trader has it."""

    __slots__ = ("public_bytes",)

    def __init__(self, public_bytes: bytes) -> None:
        """From 32 raw bytes. EnvelopeError unless they are a usable X25519 key."""
        if len(public_bytes) != KEY_BYTES:
            detail = f"a public key of {KEY_BYTES} bytes is wanted, not {len(public_bytes)}"
            raise EnvelopeError(EnvelopeReason.KEY, detail)
        if not hpke.is_usable(public_bytes):
            detail = "the public key is not a usable X25519 point"
            raise EnvelopeError(EnvelopeReason.KEY, detail)
        self.public_bytes = public_bytes

    def seal(self, action: Action, to: Destination, good_until: int) -> bytes:
        """An envelope of ENVELOPE_BYTES; a fresh ephemeral key from the CSPRNG every time.

        Whoever sends it again learns `good_until`: choose it by one rule for every kind of action.
        What becomes of the action is read by whoever calls `seal_answerable` instead.
        """
        return hpke.seal(encode(action, good_until), self.public_bytes, to.info(), to.data())

    def seal_answerable(
        self, action: Action, to: Destination, good_until: int
    ) -> tuple[bytes, Exported]:
        """As `seal`, and the secret by which to read what became of the action."""
        plaintext, label = encode(action, good_until), to.answer_label()
        return hpke.seal_exporting(plaintext, self.public_bytes, to.info(), to.data(), label)


class OpeningKey:
    """The venue's private key. Shows itself in no repr."""

    __slots__ = ("_key",)

    def __init__(self, key: hpke.PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the operating system's CSPRNG."""
        return cls(hpke.PrivateKey.generate())

    def __repr__(self) -> str:
        return "OpeningKey(private)"

    def sealing_key(self) -> SealingKey:
        """The public half, to publish."""
        return SealingKey(self._key.public_bytes)

    def open(self, envelope: bytes, to: Destination, time: int) -> Opened:
        """What is inside, good at the venue's `time`. EnvelopeError on another size, key, tag,
        venue, version or time; nothing of it depends on the kind of action."""
        if len(envelope) != ENVELOPE_BYTES:
            detail = f"an envelope of {ENVELOPE_BYTES} bytes is wanted, not {len(envelope)}"
            raise EnvelopeError(EnvelopeReason.SIZE, detail)
        try:
            label = to.answer_label()
            plaintext, answering = self._key.unseal_exporting(envelope, to.info(), to.data(), label)
        except hpke.UnusableKey:
            detail = "the encapsulated key is not a usable X25519 point"
            raise EnvelopeError(EnvelopeReason.ENCAPSULATION, detail) from None
        except hpke.NotAuthentic:
            detail = "sealed for another key, venue or version, or changed on the way"
            raise EnvelopeError(EnvelopeReason.NOT_AUTHENTIC, detail) from None
        good_until = good_until_of(plaintext)
        _require_in_time(good_until, time)
        return Opened(good_until, answering, plaintext)
