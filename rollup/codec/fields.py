"""Reading records out of decoded values: exact keys, exact types, errors that name the place."""

from collections.abc import Callable, Collection
from typing import TypeVar

from rollup.codec.strict import CodecError

T = TypeVar("T")


class Node:
    """A decoded value with the path that leads to it (`batch.orders[3].price`)."""

    __slots__ = ("path", "value")

    def __init__(self, value: object, path: str) -> None:
        self.value = value
        self.path = path

    def wrong(self, wanted: str) -> CodecError:
        """An error saying what was wanted here and what came."""
        return CodecError(f"{self.path}: wanted {wanted}, got {describe(self.value)}")

    def require_version(self, wanted: int) -> None:
        """A record that names this version. One of another has other members, so this comes first:
        its number says more than the first member that is missing."""
        version = self.value.get("version") if isinstance(self.value, dict) else wanted
        if type(version) is not int:
            raise CodecError(f"{self.path}.version: wanted version {wanted}, got none")
        if version != wanted:
            raise CodecError(f"{self.path}.version: wanted version {wanted}, got {version}")

    def record(self, names: Collection[str]) -> dict[str, "Node"]:
        """A map with exactly these keys."""
        if not isinstance(self.value, dict):
            raise self.wrong("a record")
        for name in names:
            if name not in self.value:
                raise CodecError(f"{self.path}: {name} is missing")
        for name in self.value:
            if name not in names:
                raise CodecError(f"{self.path}: {str(name)[:40]!r} is unknown here")
        return {name: Node(self.value[name], f"{self.path}.{name}") for name in names}

    def items(self, most: int) -> "list[Node]":
        """A list of at most `most` members."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        if len(self.value) > most:
            raise CodecError(f"{self.path}: wanted at most {most} members, got {len(self.value)}")
        return [Node(member, f"{self.path}[{i}]") for i, member in enumerate(self.value)]

    def row(self, length: int) -> "list[Node]":
        """A list of exactly `length` members."""
        members = self.items(length)
        if len(members) != length:
            raise CodecError(f"{self.path}: wanted {length} members, got {len(members)}")
        return members

    def integer(self) -> int:
        """An integer; a boolean is none."""
        if type(self.value) is not int:
            raise self.wrong("an integer")
        return self.value

    def decimal(self) -> int:
        """A non-negative integer below 2**64 as decimal text without leading zeros."""
        text = self.text(20)
        if not (text.isascii() and text.isdigit()) or str(int(text)) != text:
            raise self.wrong("a decimal number in text")
        return int(text)

    def text(self, most: int) -> str:
        """Text of at most `most` characters."""
        if not isinstance(self.value, str) or len(self.value) > most:
            raise self.wrong(f"text of at most {most} characters")
        return self.value

    def boolean(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def raw(self, length: int) -> bytes:
        """Exactly `length` bytes."""
        if not isinstance(self.value, bytes) or len(self.value) != length:
            raise self.wrong(f"{length} bytes")
        return self.value

    def hexadecimal(self, length: int) -> bytes:
        """Exactly `length` bytes as lower-case hex."""
        value = self.value
        if not isinstance(value, str) or len(value) != 2 * length:
            raise self.wrong(f"{2 * length} hex digits")
        if any(digit not in "0123456789abcdef" for digit in value):
            raise self.wrong(f"{2 * length} lower-case hex digits")
        return bytes.fromhex(value)

    def convert(self, wanted: str, make: Callable[[int], T]) -> T:
        """An integer turned into an enumeration member."""
        number = self.integer()
        try:
            return make(number)
        except ValueError as error:
            raise self.wrong(wanted) from error


def describe(value: object) -> str:
    """A value for an error message: its kind alone, since it may be private."""
    if isinstance(value, dict):
        return "a record"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return f"text of {len(value)}"
    if isinstance(value, bool):
        return "true or false"
    return "nothing" if value is None else "a number"
