"""Orders and cancels in a file: JSON lines, or one JSON list, of records with the words of
`crypsis order place` and `crypsis order cancel`.

    {"market": "BTC-PERP", "side": "buy", "size": "0.01", "price": "61800.5", "post_only": true}
    {"cancel": "3/17"}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.private import Private
from rollup.protocol.market import SYMBOL_LENGTH_MAX
from sequencer.client.amounts import exact
from sequencer.client.options import ORDER_ID
from sequencer.client.slots import SLOTS, Key
from sequencer.client.terms import SIDES, Terms

FILE_BYTES_MAX: Final = 1 << 20
ACTIONS_MAX: Final = 2 * SLOTS
"""Every order of an account ended, and another one placed in its stead."""

SECONDS_MAX: Final = 1 << 33
NUMBER_CHARACTERS_MAX: Final = 40
ID_CHARACTERS_MAX: Final = 16
TIMES_IN_FORCE: Final = ("gtt", "ioc")
MARKS: Final = ("post_only", "reduce_only", "pegged", "when_clamped")
_REQUIRED: Final = ("market", "side", "size", "price")
_OPTIONAL: Final = ("time_in_force", "lasts", "replaces", *MARKS)


@dataclass(frozen=True, slots=True, repr=False)
class Wanted(Private):
    """One action of a file. `place` is where it stands, `line 3`, or in a list `record 3`; `what`
    is an order's terms, or the id of an order to end."""

    place: str
    what: Terms | str

    @property
    def leaving(self) -> str | None:
        """The order that it ends, or replaces."""
        if isinstance(self.what, str):
            return self.what
        return None if self.what.replaces is None else "{}/{}".format(*self.what.replaces)


def wanted_of(data: bytes) -> list[Wanted]:
    """The actions of a file, in its order. CodecError names the first line that is none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise CodecError("text in UTF-8 is wanted") from None
    found = [Wanted(node.path, _what(node)) for node in _nodes(text)]
    if not 1 <= len(found) <= ACTIONS_MAX:
        raise CodecError(f"1 to {ACTIONS_MAX} orders and cancels are wanted, {len(found)} came")
    _require_distinct(found)
    return found


def _require_distinct(found: list[Wanted]) -> None:
    """An order leaves once."""
    first: dict[str, str] = {}
    for each in found:
        left = each.leaving
        if left is not None and first.setdefault(left, each.place) != each.place:
            raise CodecError(f"{each.place}: {first[left]} ends {left} already")


def _nodes(text: str) -> Iterator[Node]:
    """Records, each with its place, counted from 1: of lines, or in a list."""
    if text.lstrip().startswith("["):
        every = Node(_json(text, "the list"), "the list").items(ACTIONS_MAX)
        yield from (Node(node.value, f"record {k}") for k, node in enumerate(every, 1))
        return
    for line, part in enumerate(text.splitlines(), 1):
        if part.strip():
            yield Node(_json(part, f"line {line}"), f"line {line}")


def _json(text: str, name: str) -> Any:
    try:
        return shallow_json.loads(text, _unique)
    except CodecError as error:
        raise CodecError(f"{name}: {error}") from None
    except (ValueError, RecursionError):
        raise CodecError(f"{name}: JSON is wanted") from None


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that is there twice says two things."""
    record = dict(members)
    if len(record) != len(members):
        raise CodecError("a member is there twice")
    return record


def _what(node: Node) -> Terms | str:
    if isinstance(node.value, dict) and "cancel" in node.value:
        return _order_id(node.record(("cancel",))["cancel"])
    return _terms(node)


def _order_id(node: Node) -> str:
    name = node.text(ID_CHARACTERS_MAX)
    if ORDER_ID.fullmatch(name) is None:
        raise node.wrong("SLOT/GENERATION, as 3/17")
    return name


def _key(node: Node) -> Key:
    slot, generation = map(int, _order_id(node).split("/"))
    return slot, generation


def _terms(node: Node) -> Terms:
    """The terms of an order; whether its market and numbers can be is the venue's markets' say."""
    there = node.value if isinstance(node.value, dict) else {}
    record = node.record((*_REQUIRED, *(name for name in _OPTIONAL if name in there)))
    marks = {name: name in record and record[name].boolean() for name in MARKS}
    time_in_force, lasts, old = map(record.get, ("time_in_force", "lasts", "replaces"))
    return Terms(
        market=record["market"].text(SYMBOL_LENGTH_MAX),
        side=_word(record["side"], tuple(SIDES)),
        price=_number(record["price"], signed=marks["pegged"]),
        size=_number(record["size"]),
        time_in_force="gtt" if time_in_force is None else _word(time_in_force, TIMES_IN_FORCE),
        expires=None if lasts is None else timedelta(seconds=_seconds(lasts)),
        post_only=marks["post_only"],
        reduce_only=marks["reduce_only"],
        pegged=marks["pegged"],
        when_clamped=marks["when_clamped"],
        replaces=None if old is None else _key(old),
    )


def _word(node: Node, known: tuple[str, ...]) -> str:
    if node.value not in known:
        raise node.wrong(f"one of {', '.join(known)}")
    return str(node.value)


def _number(node: Node, *, signed: bool = False) -> str:
    """As it was typed, with an @ or without; whole ones need no quotes."""
    if type(node.value) is int:
        text = str(node.value)
    else:
        text = node.text(NUMBER_CHARACTERS_MAX).removeprefix("@")
    try:
        exact(text, signed=signed)
    except ValueError:
        raise node.wrong('a number in quotes, like "0.0003"') from None
    return text


def _seconds(node: Node) -> int:
    if not 1 <= node.integer() < SECONDS_MAX:
        raise node.wrong(f"seconds, from 1 to {SECONDS_MAX - 1}")
    return node.integer()
