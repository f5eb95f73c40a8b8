"""Envelopes: what a trader sends the venue. One size for every action, readable by the venue only.

RFC 9180 (HPKE), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305 (0x0020,
0x0001, 0x0003), from pycryptodome. The sender authenticates inside, with its signature.

    envelope  = encapsulated key (32) || ciphertext (256) || tag (16)
    plaintext = version (1) || kind (1) || members, fixed widths, little-endian || zeros

Chain, venue and version are bound by HPKE's `info` and again as associated data, so an envelope
for one venue cannot be opened as one for another. Nothing decrypted enters a message or a repr.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Self

from Crypto.Protocol import HPKE
from Crypto.Protocol.DH import import_x25519_public_key
from Crypto.PublicKey import ECC

from rollup.private import Private

ENVELOPE_VERSION: Final = 1
PLAINTEXT_BYTES: Final = 256
"""An order takes 121 bytes today; the rest is room for later members, so that the size stays."""

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
ENVELOPE_BYTES: Final = KEY_BYTES + PLAINTEXT_BYTES + TAG_BYTES
SIGNATURE_BYTES: Final = 84
IDENTIFIER_MAX: Final = 2**32 - 1

_HEAD = struct.Struct("<BB")
_ORDER = struct.Struct("<IBIBBIQQHB84s")
_CANCEL = struct.Struct("<IBI84s")
_CONTEXT = struct.Struct("<BII")
_INFO_LABEL = b"crypsis/envelope/info"
_DATA_LABEL = b"crypsis/envelope/data"


class EnvelopeReason(StrEnum):
    """Why an envelope or an action was refused."""

    SIZE = "envelope-size"
    ENCAPSULATION = "envelope-encapsulation"
    NOT_AUTHENTIC = "envelope-not-authentic"
    VERSION = "envelope-version"
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
class PaddingAction(Private):
    """Nothing, in the same size: traffic that hides when a trader acts."""


Action = OrderAction | CancelAction | PaddingAction


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
        return _INFO_LABEL + _CONTEXT.pack(ENVELOPE_VERSION, self.chain, self.venue)

    def data(self) -> bytes:
        """Associated data of the one message: the same binding, under another label."""
        return _DATA_LABEL + _CONTEXT.pack(ENVELOPE_VERSION, self.chain, self.venue)


def encode(action: Action) -> bytes:
    """The plaintext of an action, always PLAINTEXT_BYTES long. EnvelopeError names a bad member."""
    match action:
        case OrderAction():
            kind, layout, members = Kind.ORDER, _ORDER, _members(action)
        case CancelAction():
            kind, layout, members = Kind.CANCEL, _CANCEL, _members(action)
        case PaddingAction():
            return _HEAD.pack(ENVELOPE_VERSION, Kind.PADDING).ljust(PLAINTEXT_BYTES, b"\0")
    if len(action.signature) != SIGNATURE_BYTES:
        raise EnvelopeError(
            EnvelopeReason.MEMBER, f"a signature of {SIGNATURE_BYTES} bytes is wanted"
        )
    try:
        body = layout.pack(*members)
    except struct.error:
        detail = f"a member of the {kind.name.lower()} does not fit its fixed width"
        raise EnvelopeError(EnvelopeReason.MEMBER, detail) from None
    return (_HEAD.pack(ENVELOPE_VERSION, kind) + body).ljust(PLAINTEXT_BYTES, b"\0")


def _members(action: OrderAction | CancelAction) -> tuple[int | bytes, ...]:
    return tuple(getattr(action, name) for name in action.__slots__)


def decode(plaintext: bytes) -> Action:
    """The action of a plaintext: one encoding each. Refuses size, version, kind, padding."""
    if len(plaintext) != PLAINTEXT_BYTES:
        detail = f"a plaintext of {PLAINTEXT_BYTES} bytes is wanted, not {len(plaintext)}"
        raise EnvelopeError(EnvelopeReason.SIZE, detail)
    version, kind = _HEAD.unpack_from(plaintext)
    if version != ENVELOPE_VERSION:
        raise EnvelopeError(EnvelopeReason.VERSION, f"version {ENVELOPE_VERSION} is wanted")
    layout = {Kind.ORDER: _ORDER, Kind.CANCEL: _CANCEL}.get(kind)
    if layout is None and kind != Kind.PADDING:
        raise EnvelopeError(EnvelopeReason.ACTION, "the action is not one this version knows")
    used = _HEAD.size + (layout.size if layout is not None else 0)
    if any(plaintext[used:]):
        raise EnvelopeError(EnvelopeReason.PADDING, "the bytes after the action must be zero")
    if layout is None:
        return PaddingAction()
    members = layout.unpack_from(plaintext, _HEAD.size)
    return OrderAction(*members) if kind == Kind.ORDER else CancelAction(*members)


class SealingKey:
    """The venue's public key, as every trader has it."""

    __slots__ = ("_key", "public_bytes")

    def __init__(self, public_bytes: bytes) -> None:
        """From 32 raw bytes. EnvelopeError unless they are a usable X25519 key."""
        if len(public_bytes) != KEY_BYTES:
            detail = f"a public key of {KEY_BYTES} bytes is wanted, not {len(public_bytes)}"
            raise EnvelopeError(EnvelopeReason.KEY, detail)
        try:
            self._key = import_x25519_public_key(public_bytes)
        except ValueError:
            detail = "the public key is not a usable X25519 point"
            raise EnvelopeError(EnvelopeReason.KEY, detail) from None
        self.public_bytes = public_bytes

    def seal(self, action: Action, to: Destination) -> bytes:
        """An envelope of ENVELOPE_BYTES; a fresh ephemeral key from the CSPRNG every time."""
        context = HPKE.new(
            receiver_key=self._key, aead_id=HPKE.AEAD.CHACHA20_POLY1305, info=to.info()
        )
        return bytes(context.enc + context.seal(encode(action), to.data()))


class OpeningKey:
    """The venue's private key. Shows itself in no repr; pycryptodome's own would print it."""

    __slots__ = ("_key",)

    def __init__(self, key: ECC.EccKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the operating system's CSPRNG."""
        return cls(ECC.generate(curve="curve25519"))

    def __repr__(self) -> str:
        return "OpeningKey(private)"

    def sealing_key(self) -> SealingKey:
        """The public half, to publish."""
        return SealingKey(bytes(self._key.public_key().export_key(format="raw")))

    def open(self, envelope: bytes, to: Destination) -> Action:
        """The action inside. EnvelopeError on another size, key, tag, venue or layout."""
        if len(envelope) != ENVELOPE_BYTES:
            detail = f"an envelope of {ENVELOPE_BYTES} bytes is wanted, not {len(envelope)}"
            raise EnvelopeError(EnvelopeReason.SIZE, detail)
        try:
            context = HPKE.new(
                receiver_key=self._key,
                aead_id=HPKE.AEAD.CHACHA20_POLY1305,
                enc=envelope[:KEY_BYTES],
                info=to.info(),
            )
        except ValueError:
            detail = "the encapsulated key is not a usable X25519 point"
            raise EnvelopeError(EnvelopeReason.ENCAPSULATION, detail) from None
        try:
            plaintext = context.unseal(envelope[KEY_BYTES:], to.data())
        except ValueError:
            detail = "sealed for another key, venue or version, or changed on the way"
            raise EnvelopeError(EnvelopeReason.NOT_AUTHENTIC, detail) from None
        return decode(bytes(plaintext))
