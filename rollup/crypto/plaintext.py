"""What is inside an envelope: actions, and their one encoding, of one size whatever they are.

    plaintext = version (1) || kind (1) || good until (8) || members, little-endian || zeros

An order or a cancel that was signed in a bundle (rollup/protocol/bundle.py) has the bundle's
signature, and after its members its path: place (1) || depth (1) || 6 siblings (32 each), of which
those beyond the depth are zeros. Each action of a bundle travels alone, in an envelope like any
other: nobody outside sees that there is a bundle.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from rollup.crypto.hpke import KEY_BYTES
from rollup.private import Private

ENVELOPE_VERSION: Final = 5
PLAINTEXT_BYTES: Final = 384
"""An order of a bundle takes 322 bytes today; the rest is room for later members, so that the size
stays."""

SIGNATURE_BYTES: Final = 84
VIEWING_KEY_BYTES: Final = 32
SIBLING_BYTES: Final = 32
PATH_SIBLINGS_MAX: Final = 6
"""Levels of the largest bundle."""

_HEAD = struct.Struct("<BBQ")


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
    BUNDLED_ORDER = 6
    BUNDLED_CANCEL = 7


@dataclass(frozen=True, slots=True, repr=False)
class ActionPath(Private):
    """Where an action stands in its bundle, as it travels: its place, and 1 to 6 siblings of 32
    bytes from its leaf up. What is in them is the protocol's to check."""

    place: int
    siblings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, repr=False)
class OrderAction(Private):
    """A signed order as it travels; the bounds of each member are the protocol's to check. With a
    `path` its signature is that of its bundle."""

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
    path: ActionPath | None = None


@dataclass(frozen=True, slots=True, repr=False)
class CancelAction(Private):
    """A signed cancel of whatever rests in (account, slot) up to and including `generation`. With a
    `path` its signature is that of its bundle."""

    account: int
    slot: int
    generation: int
    signature: bytes
    path: ActionPath | None = None


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

_PATH_SIBLINGS_BYTES: Final = PATH_SIBLINGS_MAX * SIBLING_BYTES
_PATH: Final = struct.Struct(f"<BB{_PATH_SIBLINGS_BYTES}s")
"""Place, depth, and the siblings, those that there are not as zeros."""

_BUNDLED: Final[dict[int, Kind]] = {
    Kind.BUNDLED_ORDER: Kind.ORDER,
    Kind.BUNDLED_CANCEL: Kind.CANCEL,
}
"""Kinds that have the members of another, and a path."""

_LAYOUTS: Final[dict[int, tuple[Callable[..., Action], struct.Struct]]] = {
    Kind.PADDING: (PaddingAction, struct.Struct("<")),
    Kind.ORDER: (OrderAction, struct.Struct("<IBIBBIQQHB84s")),
    Kind.CANCEL: (CancelAction, struct.Struct("<IBI84s")),
    Kind.OUTFLOW: (OutflowAction, struct.Struct("<IBIBIHQQ84s")),
    Kind.QUESTION: (QuestionAction, struct.Struct(f"<IQ{KEY_BYTES}s84s")),
    Kind.VIEWING_KEY: (ViewingKeyAction, struct.Struct(f"<I{VIEWING_KEY_BYTES}s")),
}
"""Each kind's record, and the widths of its members in their order."""


def encode(action: Action, good_until: int) -> bytes:
    """The plaintext of an action, always PLAINTEXT_BYTES long. EnvelopeError names a bad member."""
    _require_sizes(action)
    kind = _kind_of(action)
    _, layout = _LAYOUTS[_BUNDLED.get(kind, kind)]
    members = (getattr(action, name) for name in action.__slots__ if name != "path")
    path = action.path if isinstance(action, OrderAction | CancelAction) else None
    try:
        head = _HEAD.pack(ENVELOPE_VERSION, kind, good_until)
        plaintext = head + layout.pack(*members) + _path_bytes(path)
    except struct.error:
        detail = f"a member of the {kind.name.lower()} does not fit its fixed width"
        raise EnvelopeError(EnvelopeReason.MEMBER, detail) from None
    return plaintext.ljust(PLAINTEXT_BYTES, b"\0")


def _require_sizes(action: Action) -> None:
    """Bytes are as long as their places."""
    if isinstance(action, QuestionAction):
        _require_size("response key", action.response_key, KEY_BYTES)
    if isinstance(action, ViewingKeyAction):
        _require_size("viewing key", action.key, VIEWING_KEY_BYTES)
    if isinstance(action, _Signed):
        _require_size("signature", action.signature, SIGNATURE_BYTES)


def _path_bytes(path: ActionPath | None) -> bytes:
    """Nothing of an action that was signed alone."""
    if path is None:
        return b""
    depth = len(path.siblings)
    _require_depth(depth)
    for sibling in path.siblings:
        _require_size("sibling", sibling, SIBLING_BYTES)
    return _PATH.pack(path.place, depth, b"".join(path.siblings))


def _read_path(plaintext: bytes, start: int) -> ActionPath:
    """The path at a place. Refuses a depth that no bundle has, and siblings beyond it."""
    place, depth, siblings = _PATH.unpack_from(plaintext, start)
    _require_depth(depth)
    end = depth * SIBLING_BYTES
    if any(siblings[end:]):
        raise EnvelopeError(EnvelopeReason.PADDING, "siblings beyond the depth must be zero")
    cuts = range(0, end, SIBLING_BYTES)
    return ActionPath(place, tuple(siblings[cut : cut + SIBLING_BYTES] for cut in cuts))


def _require_depth(depth: int) -> None:
    if not 1 <= depth <= PATH_SIBLINGS_MAX:
        detail = f"a path of 1 to {PATH_SIBLINGS_MAX} siblings is wanted"
        raise EnvelopeError(EnvelopeReason.MEMBER, detail)


def _require_size(name: str, member: bytes, size: int) -> None:
    """A member of another size would be cut off, or filled up with zeros."""
    if len(member) != size:
        raise EnvelopeError(EnvelopeReason.MEMBER, f"a {name} of {size} bytes is wanted")


def _kind_of(action: Action) -> Kind:
    match action:
        case OrderAction():
            return Kind.ORDER if action.path is None else Kind.BUNDLED_ORDER
        case CancelAction():
            return Kind.CANCEL if action.path is None else Kind.BUNDLED_CANCEL
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
    """The action of a plaintext: one encoding each. Refuses size, version, kind, path, padding."""
    good_until_of(plaintext)
    kind = plaintext[1]
    found = _LAYOUTS.get(_BUNDLED.get(kind, kind))
    if found is None:
        raise EnvelopeError(EnvelopeReason.ACTION, "the action is not one this version knows")
    record, layout = found
    members = layout.unpack_from(plaintext, _HEAD.size)
    end = _HEAD.size + layout.size
    if kind in _BUNDLED:
        members = (*members, _read_path(plaintext, end))
        end += _PATH.size
    if any(plaintext[end:]):
        raise EnvelopeError(EnvelopeReason.PADDING, "the bytes after the action must be zero")
    return record(*members)
