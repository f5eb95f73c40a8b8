"""Strict msgpack: one value has one encoding, and any other bytes are refused.

Only integers, byte strings, text, booleans, nothing, lists and maps with text keys, rising. A
message is decoded, encoded again and compared, so trailing bytes, repeated or unsorted keys and
encodings longer than needed cannot pass.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeAlias

import msgpack

Value: TypeAlias = "bool | int | bytes | str | list[Value] | dict[str, Value] | None"

INTEGER_LOW = -(2**63)
INTEGER_END = 2**64
DEPTH_MAX = 32
"""Nesting deeper than any record of ours: refused before it can exhaust the stack."""
_FORMAT = frozenset({int, bytes, str, bool, type(None), list, dict})
_NESTED = (list, dict)  # a union would be made anew for each member that is asked about
INTEGER_WANTED = "an integer of at most 64 bits is wanted"


class CodecError(ValueError):
    """Bytes that are not what was wanted; the message says what was wanted and what came."""


def encode(value: Value) -> bytes:
    """The one encoding of a value. Raises CodecError for a value outside the format."""
    _require_value(value, 0)
    return _packed(_sorted(value))


def decode(data: bytes, size_max: int, what: str) -> Value:
    """The value in `data`, which must be its one encoding and at most `size_max` bytes.

    `what` names the artefact in errors. Raises CodecError, and nothing else.
    """
    if len(data) > size_max:
        raise CodecError(f"{what}: at most {size_max} bytes are wanted, {len(data)} came")
    try:
        value: Any = msgpack.unpackb(data, raw=False)
    except msgpack.ExtraData as error:
        raise CodecError(f"{what}: bytes after the end of the message") from error
    except (ValueError, msgpack.UnpackException, RecursionError, OverflowError) as error:
        raise CodecError(f"{what}: not a msgpack message ({_brief(error)})") from error
    try:
        _require_decoded(value)
    except CodecError as error:
        raise CodecError(f"{what}: {error}") from error
    if _packed(value) != data:
        raise CodecError(f"{what}: not the canonical encoding of its content")
    decoded: Value = value
    return decoded


def _packed(value: Value) -> bytes:
    """The encoding of a value of the format whose keys rise."""
    encoded: bytes = msgpack.packb(value, use_bin_type=True)
    return encoded


def _require_decoded(value: object) -> None:
    """Refuse what msgpack has and the format has not, level by level: kinds of members are looked
    at all at once, since a batch has tens of thousands. msgpack has no integer out of range.

    Of a repeated key the last member alone is here; then the encoding of the rest is shorter.
    """
    level: list[Any] = [value]
    for _ in range(DEPTH_MAX + 1):
        for kind in set(map(type, level)) - _FORMAT:
            raise CodecError(f"{kind.__name__} is not a value of the format")
        maps = [member for member in level if type(member) is dict]
        for each in maps:
            _require_rising(each)
        lists = [member for member in level if type(member) is list]
        level = [*chain.from_iterable(lists), *chain.from_iterable(map(dict.values, maps))]
        if not level:
            return
    raise CodecError(f"nesting of at most {DEPTH_MAX} is wanted")


def _require_rising(record: dict[object, object]) -> None:
    """Keys are text and rise."""
    names = list(record)
    for kind in set(map(type, names)) - {str}:
        raise CodecError(f"text keys are wanted, {kind.__name__} came")
    if names != sorted(names):  # type: ignore[type-var]
        raise CodecError("not the canonical encoding of its content")


def _brief(error: BaseException) -> str:
    return str(error)[:80] or type(error).__name__


def _require_value(value: object, depth: int) -> None:
    """Refuse types, integers and nesting that the format does not have."""
    if isinstance(value, dict):
        for name in value:
            if type(name) is not str:
                raise CodecError(f"text keys are wanted, {type(name).__name__} came")
        members: Iterable[object] = value.values()
    elif isinstance(value, list):
        members = value
    else:
        _require_plain(value)
        return
    for member in members:
        if depth == DEPTH_MAX:
            raise CodecError(f"nesting of at most {DEPTH_MAX} is wanted")
        kind = type(member)
        if kind is int:
            if not INTEGER_LOW <= member < INTEGER_END:  # type: ignore[operator]
                raise CodecError(INTEGER_WANTED)
        elif kind is not bytes and kind is not str:
            _require_value(member, depth + 1)


def _require_plain(value: object) -> None:
    """Refuse what is no list or map, nor anything else of the format."""
    if type(value) is int:
        if not INTEGER_LOW <= value < INTEGER_END:
            raise CodecError(INTEGER_WANTED)
    elif value is not None and type(value) not in (bool, bytes, str):
        raise CodecError(f"{type(value).__name__} is not a value of the format")


def _sorted(value: Value) -> Value:
    """The value with every map's keys rising."""
    if isinstance(value, list):
        return [_sorted(member) if isinstance(member, _NESTED) else member for member in value]
    if isinstance(value, dict):
        rising = dict(sorted(value.items()))
        for name, member in rising.items():
            if isinstance(member, _NESTED):
                rising[name] = _sorted(member)
        return rising
    return value
