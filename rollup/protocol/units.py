"""Checked integers: a value has a name, a bound on each side, and a reason for being refused.

A refusal says what was wanted and never the value that came: values are private.
"""

from collections.abc import Callable, Sequence

from rollup.crypto.curve import Point
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.protocol.constants import (
    CASH_LIMIT,
    DIGEST_LENGTH,
    POSITION_LIMIT,
    SALT_LENGTH,
    SEPTIC_LENGTH,
)
from rollup.protocol.rejection import Reason, Rejected

Salt = tuple[int, int, int, int]

VerifyMany = Callable[[Sequence[Point], Sequence[Digest], Sequence[bytes]], Sequence[bool]]
"""Whether signature i (84 bytes) of message i verifies under key i; never raises on bad bytes."""


def require_bounds(name: str, value: object, low: int, end: int, reason: Reason) -> None:
    """Refuse unless `value` is an int with low <= value < end. A bool is not a number here."""
    if type(value) is not int:
        raise Rejected(Reason.MALFORMED, f"{name} must be an integer, not {type(value).__name__}")
    if not low <= value < end:
        raise Rejected(reason, f"{name} must be from {low} to {end - 1}")


def require_flag(name: str, value: object) -> None:
    """Refuse unless `value` is True or False; 1 and 0 are neither."""
    if not isinstance(value, bool):
        raise Rejected(Reason.MALFORMED, f"{name} must be true or false")


def require_length(name: str, value: object, length: int) -> None:
    """Refuse unless `value` is a tuple of exactly `length` members."""
    if not isinstance(value, tuple):
        raise Rejected(Reason.MALFORMED, f"{name} must be a tuple, not {type(value).__name__}")
    if len(value) != length:
        raise Rejected(Reason.MALFORMED, f"{name} must have {length} members, not {len(value)}")


def require_tuple_of(name: str, value: object, kind: type) -> None:
    """Refuse unless `value` is a tuple whose members are all of class `kind`."""
    if not isinstance(value, tuple):
        raise Rejected(Reason.MALFORMED, f"{name} must be a tuple, not {type(value).__name__}")
    for member in value:
        if not isinstance(member, kind):
            found = type(member).__name__
            raise Rejected(Reason.MALFORMED, f"{name} holds {kind.__name__} records, not {found}")


def require_bytes(name: str, value: object, length: int) -> None:
    """Refuse unless `value` is exactly `length` bytes."""
    if not isinstance(value, bytes):
        raise Rejected(Reason.MALFORMED, f"{name} must be bytes, not {type(value).__name__}")
    if len(value) != length:
        raise Rejected(Reason.MALFORMED, f"{name} must be {length} bytes, not {len(value)}")


def require_elements(name: str, value: object, length: int) -> None:
    """Refuse unless `value` is a tuple of `length` canonical field elements."""
    require_length(name, value, length)
    if not isinstance(value, tuple):
        raise Rejected(Reason.MALFORMED, name)
    for word in value:
        if type(word) is not int or not 0 <= word < P:
            require_bounds(f"{name} element", word, 0, P, Reason.WORD_OUT_OF_BOUNDS)


def require_digest(name: str, value: object) -> None:
    """Refuse unless `value` is 8 canonical field elements."""
    require_elements(name, value, DIGEST_LENGTH)


def require_salt(name: str, value: object) -> None:
    """Refuse unless `value` is 4 canonical field elements."""
    require_elements(name, value, SALT_LENGTH)


def require_point(name: str, value: object) -> None:
    """Refuse unless `value` is a Point of canonical coordinates (the curve is not checked)."""
    if not isinstance(value, Point):
        raise Rejected(Reason.MALFORMED, f"{name} must be a Point, not {type(value).__name__}")
    for coordinate in value:
        require_elements(name, coordinate, SEPTIC_LENGTH)


def require_cash(name: str, value: object) -> None:
    """Refuse unless -2**63 <= value < 2**63."""
    require_bounds(name, value, -CASH_LIMIT, CASH_LIMIT, Reason.CASH_OUT_OF_BOUNDS)


def require_position(name: str, value: object) -> None:
    """Refuse unless -2**40 <= value < 2**40."""
    require_bounds(name, value, -POSITION_LIMIT, POSITION_LIMIT, Reason.POSITION_OUT_OF_BOUNDS)
