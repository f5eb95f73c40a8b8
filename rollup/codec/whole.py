"""Long lists of decoded values, read whole: columns of one kind instead of a check a value.

Each function says None where anything is not as wanted. Whoever asks then reads member by member
(`rollup.codec.fields`), which names the place: what is accepted and refused is written there alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from operator import itemgetter
from struct import Struct
from typing import Any, TypeVar

from rollup.codec.fields import Node

T = TypeVar("T")


def members(
    node: Node,
    most: int,
    whole: Callable[[list[Any]], Iterable[T] | None],
    one: Callable[[Node], T],
) -> tuple[T, ...]:
    """A list of at most `most` members, by `whole` where that finds them as wanted, else by `one`,
    member by member. CodecError as `one` raises it."""
    values = node.value
    if type(values) is list and len(values) <= most:
        found = whole(values)
        if found is not None:
            return tuple(found)
    return tuple(one(member) for member in node.items(most))


def are(values: Iterable[object], *kinds: type) -> bool:
    """Whether each is of exactly one of these classes: a boolean is no integer."""
    return set(map(type, values)) <= set(kinds)


def have_length(values: Iterable[Sized], length: int) -> bool:
    """Whether each has so many members, or bytes."""
    return set(map(len, values)) <= {length}


def records(values: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, ...]] | None:
    """The members of records with exactly these names, two or more: a column for each."""
    if not values:
        return [()] * len(names)
    if not are(values, dict) or not have_length(values, len(names)):
        return None
    try:
        return list(zip(*map(itemgetter(*names), values), strict=True))
    except KeyError:
        return None


def columns(values: Sequence[Any], kinds: Mapping[str, type]) -> list[tuple[Any, ...]] | None:
    """The same of records whose members are of these classes."""
    found = records(values, tuple(kinds))
    return found if found is not None and all(map(are, found, kinds.values())) else None


def rows(values: Sequence[Any], length: int) -> list[list[int]] | None:
    """Lists of so many integers each."""
    if not are(values, list) or not have_length(values, length):
        return None
    return list(values) if all(are(column, int) for column in zip(*values, strict=True)) else None


def words(values: Sequence[Any], layout: Struct) -> list[tuple[int, ...]] | None:
    """Byte strings of a layout, each cut into its numbers."""
    if not are(values, bytes) or not have_length(values, layout.size):
        return None
    return list(layout.iter_unpack(b"".join(values)))
