"""Forms: how a value is written as JSON and read back, said once and used in both directions.

A form of a record is built from the forms of its members, so that what is written and what is read
cannot part. Reading is strict, as `rollup.codec.fields` is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

DIGITS_MAX = 40
"""Decimal text of a count of money: more than any sum of amounts that a ledger could hold."""


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """One type's two directions. `read` raises CodecError, naming the place."""

    write: Callable[[T], Value]
    read: Callable[[Node], T]


def whole(node: Node) -> int:
    """A whole number as decimal text, perhaps below zero: JSON's own are not exact above 2**53."""
    text = node.text(DIGITS_MAX)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or str(int(text)) != text:
        raise node.wrong("a whole number in decimal text")
    return int(text)


def hexadecimal(most: int) -> Form[bytes]:
    """At most `most` bytes, in lower-case hex."""

    def read(node: Node) -> bytes:
        text = node.text(2 * most)
        try:
            data = bytes.fromhex(text)
        except ValueError:
            raise node.wrong("lower-case hex") from None
        if data.hex() != text:
            raise node.wrong("lower-case hex")
        return data

    return Form(bytes.hex, read)


def fixed(length: int) -> Form[bytes]:
    """Exactly `length` bytes, in lower-case hex."""
    return Form(bytes.hex, lambda node: node.hexadecimal(length))


def choice(kind: type[E]) -> Form[E]:
    """A member of an enumeration, by its name in lower case."""
    names = {member.name.lower(): member for member in kind}

    def read(node: Node) -> E:
        text = node.text(40)
        if text not in names:
            raise node.wrong("one of " + ", ".join(names))
        return names[text]

    return Form(lambda member: member.name.lower(), read)


def optional(form: Form[T]) -> Form[T | None]:
    """The form's value, or nothing."""
    return Form(
        lambda value: None if value is None else form.write(value),
        lambda node: None if node.value is None else form.read(node),
    )


def many(form: Form[T], most: int) -> Form[Sequence[T]]:
    """A list of at most `most`; a tuple comes back."""
    return Form(
        lambda values: [form.write(value) for value in values],
        lambda node: tuple(form.read(member) for member in node.items(most)),
    )


def pairs(key: Form[Any], value: Form[Any], most: int) -> Form[Mapping[Any, Any]]:
    """A mapping as a list of pairs, in the order of their written keys."""

    def write(mapping: Mapping[Any, Any]) -> Value:
        written: list[Value] = [[key.write(k), value.write(v)] for k, v in mapping.items()]
        return sorted(written, key=repr)

    def read(node: Node) -> Mapping[Any, Any]:
        rows = [member.row(2) for member in node.items(most)]
        found = {key.read(name): value.read(member) for name, member in rows}
        if len(found) != len(rows):
            raise CodecError(f"{node.path}: a key appears twice")
        return found

    return Form(write, read)


def record(make: Callable[..., T], **members: Form[Any]) -> Form[T]:
    """A record of named members, made again by `make`."""

    def write(value: T) -> Value:
        return {name: form.write(getattr(value, name)) for name, form in members.items()}

    def read(node: Node) -> T:
        nodes = node.record(tuple(members))
        return make(**{name: form.read(nodes[name]) for name, form in members.items()})

    return Form(write, read)


def union(**kinds: tuple[type, Form[Any]]) -> Form[Any]:
    """One of several records, each a list of its kind's name and its form."""
    names = {kind: name for name, (kind, _) in kinds.items()}

    def write(value: Any) -> Value:
        name = names[type(value)]
        return [name, kinds[name][1].write(value)]

    def read(node: Node) -> Any:
        name, content = node.row(2)
        kind = name.text(40)
        if kind not in kinds:
            raise name.wrong("one of " + ", ".join(kinds))
        return kinds[kind][1].read(content)

    return Form(write, read)


INTEGER: Form[int] = Form(int, Node.integer)
FLAG: Form[bool] = Form(bool, Node.boolean)
WHOLE: Form[int] = Form(str, whole)
NOTHING: Form[None] = Form(lambda _: None, lambda node: None)
