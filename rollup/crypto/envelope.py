"""Envelopes: what a trader sends the venue. One size for every action, readable by the venue only.

Sealed by HPKE in base mode (rollup/crypto/hpke.py). The sender authenticates inside, with its
signature.

    envelope  = encapsulated key (32) || ciphertext (256) || tag (16)
    plaintext = version (1) || kind (1) || good until (8) || members, little-endian || zeros

Chain, venue and version are bound by HPKE's `info` and again as associated data, so an envelope
for one venue cannot be opened as one for another. Nothing decrypted enters a message or a repr.

Every kind, padding too, says until when it is good. An envelope is opened in two steps, so that the
venue judges its time, and remembers it, before anything that depends on its kind can happen.

Whoever delivers an envelope need not be who sealed it: what became of an action is sealed by a
secret that only sealing or opening the envelope gives, and a question brings a key for its answer
(rollup/crypto/answer.py).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Self

from rollup.crypto import hpke
from rollup.crypto.hpke import KEY_BYTES, OVERHEAD_BYTES, Exported
from rollup.private import Private

ENVELOPE_VERSION: Final = 4
ENVELOPE_LIFETIME_MS: Final = 10 * 60_000
"""How far ahead of the venue's time an envelope may be good. Several batch windows and the clocks'
difference fit in; what a venue must remember of ten minutes' envelopes fits in memory."""

PLAINTEXT_BYTES: Final = 256
"""An order takes 128 bytes today; the rest is room for later members, so that the size stays."""

ENVELOPE_BYTES: Final = PLAINTEXT_BYTES + OVERHEAD_BYTES
SIGNATURE_BYTES: Final = 84
VIEWING_KEY_BYTES: Final = 32
IDENTIFIER_MAX: Final = 2**32 - 1

_HEAD = struct.Struct("<BBQ")
_CONTEXT = struct.Struct("<BII")
_INFO_LABEL = b"crypsis/envelope/info"
_DATA_LABEL = b"crypsis/envelope/data"
_ANSWER_LABEL = b"crypsis/answer/export"


class EnvelopeReason(StrEnum):
    """Why an envelope or an action was refused."""

    SIZE = "envelope-size"
    ENCAPSULATION = "envelope-encapsulation"
    NOT_AUTHENTIC = "envelope-not-authentic"
    VERSION = "envelope-version"
    EXPIRED = "envelope-expired"
    TOO_EARLY = "envelope-too-early"
    ACTION = "envelope-action"
    PADDING = "envelope-padding"
    MEMBER = "envelope-member"
    KEY = "envelope-key"


class EnvelopeError(Exception):
    """An envelope, key or action that is refused. Carries what was wanted, never what was read."""

    def __init__(self, reason: EnvelopeReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class Kind(IntEnum):
    """The actions an envelope can carry."""

    PADDING = 0
    ORDER = 1
    CANCEL = 2
    QUESTION = 3
    OUTFLOW = 4
    VIEWING_KEY = 5


@dataclass(frozen=True, slots=True, repr=False)
class OrderAction(Private):
    """A signed order as it travels; the bounds of each member are the protocol's to check."""

    account: int
    slot: int
    generation: int
    market: int
    side: int
    price: int
    size: int
    expiry: int
    max_fee: int
    flags: int
    signature: bytes


@dataclass(frozen=True, slots=True, repr=False)
class CancelAction(Private):
    """A signed cancel of whatever rests in (account, slot) up to and including `generation`."""

    account: int
    slot: int
    generation: int
    signature: bytes


@dataclass(frozen=True, slots=True, repr=False)
class OutflowAction(Private):
    """A signed withdrawal (kind 0) or transfer (kind 1) as it travels."""

    account: int
    slot: int
    generation: int
    kind: int
    receiver: int
    asset: int
    amount: int
    expiry: int
    signature: bytes


@dataclass(frozen=True, slots=True, repr=False)
class PaddingAction(Private):
    """Nothing, in the same size: traffic that hides when a trader acts."""


@dataclass(frozen=True, slots=True, repr=False)
class QuestionAction(Private):
    """A signed question about the signer's own account: what it holds, and what happened from
    `cursor` on, sealed to a response key. That one is part of what is signed."""

    account: int
    cursor: int
    response_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, repr=False)
class ViewingKeyAction(Private):
    """The viewing key of an account, 8 field elements of 4 bytes: the venue publishes the account's
    leaf under it from now on. Unsigned: to know what the account's header commits to is the
    authority."""

    account: int
    key: bytes


_Signed = OrderAction | CancelAction | QuestionAction | OutflowAction
Action = _Signed | PaddingAction | ViewingKeyAction

_LAYOUTS: Final[dict[int, tuple[Callable[..., Action], struct.Struct]]] = {
    Kind.PADDING: (PaddingAction, struct.Struct("<")),
    Kind.ORDER: (OrderAction, struct.Struct("<IBIBBIQQHB84s")),
    Kind.CANCEL: (CancelAction, struct.Struct("<IBI84s")),
    Kind.OUTFLOW: (OutflowAction, struct.Struct("<IBIBIHQQ84s")),
    Kind.QUESTION: (QuestionAction, struct.Struct(f"<IQ{KEY_BYTES}s84s")),
    Kind.VIEWING_KEY: (ViewingKeyAction, struct.Struct(f"<I{VIEWING_KEY_BYTES}s")),
}
"""Each kind's record, and the widths of its members in their order."""


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


def encode(action: Action, good_until: int) -> bytes:
    """The plaintext of an action, always PLAINTEXT_BYTES long. EnvelopeError names a bad member."""
    kind = _kind_of(action)
    if isinstance(action, QuestionAction):
        _require_size("response key", action.response_key, KEY_BYTES)
    if isinstance(action, ViewingKeyAction):
        _require_size("viewing key", action.key, VIEWING_KEY_BYTES)
    if isinstance(action, _Signed):
        _require_size("signature", action.signature, SIGNATURE_BYTES)
    _, layout = _LAYOUTS[kind]
    members = (getattr(action, name) for name in action.__slots__)
    try:
        head = _HEAD.pack(ENVELOPE_VERSION, kind, good_until)
        plaintext = head + layout.pack(*members)
    except struct.error:
        detail = f"a member of the {kind.name.lower()} does not fit its fixed width"
        raise EnvelopeError(EnvelopeReason.MEMBER, detail) from None
    return plaintext.ljust(PLAINTEXT_BYTES, b"\0")


def _require_size(name: str, member: bytes, size: int) -> None:
    """A member of another size would be cut off, or filled up with zeros."""
    if len(member) != size:
        raise EnvelopeError(EnvelopeReason.MEMBER, f"a {name} of {size} bytes is wanted")


def _kind_of(action: Action) -> Kind:
    match action:
        case OrderAction():
            return Kind.ORDER
        case CancelAction():
            return Kind.CANCEL
        case PaddingAction():
            return Kind.PADDING
        case QuestionAction():
            return Kind.QUESTION
        case OutflowAction():
            return Kind.OUTFLOW
        case ViewingKeyAction():
            return Kind.VIEWING_KEY


def good_until_of(plaintext: bytes) -> int:
    """What every kind has: the last venue time in ms at which it is good.

    EnvelopeError on another size or version.
    """
    if len(plaintext) != PLAINTEXT_BYTES:
        detail = f"a plaintext of {PLAINTEXT_BYTES} bytes is wanted, not {len(plaintext)}"
        raise EnvelopeError(EnvelopeReason.SIZE, detail)
    version, _, good_until = _HEAD.unpack_from(plaintext)
    if version != ENVELOPE_VERSION:
        raise EnvelopeError(EnvelopeReason.VERSION, f"version {ENVELOPE_VERSION} is wanted")
    return int(good_until)


def decode(plaintext: bytes) -> Action:
    """The action of a plaintext: one encoding each. Refuses size, version, kind, padding."""
    good_until_of(plaintext)
    kind = plaintext[1]
    found = _LAYOUTS.get(kind)
    if found is None:
        raise EnvelopeError(EnvelopeReason.ACTION, "the action is not one this version knows")
    record, layout = found
    if any(plaintext[_HEAD.size + layout.size :]):
        raise EnvelopeError(EnvelopeReason.PADDING, "the bytes after the action must be zero")
    return record(*layout.unpack_from(plaintext, _HEAD.size))


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
