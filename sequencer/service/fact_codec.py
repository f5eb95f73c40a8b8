"""Facts as bytes: a strict msgpack list of rows, a name and then the members of a fact."""

from collections.abc import Callable, Sequence
from typing import Final

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value, decode, encode
from rollup.protocol.rejection import Reason
from sequencer.engine.event import AnyReason, VenueReason
from sequencer.service.facts import (
    Accepted,
    CancelRefused,
    Ended,
    Fact,
    Filled,
    Lives,
    Refused,
    Rested,
    Voided,
    Waiting,
)

FACTS_BYTES_MAX: Final = 1 << 24
"""Of one account in one batch: the largest has 1,024 fills, of 64 bytes at most."""

_NAMES: Final[dict[type[Fact], str]] = {
    Accepted: "accepted",
    Refused: "refused",
    Waiting: "waiting",
    Rested: "rested",
    Filled: "filled",
    Ended: "ended",
    CancelRefused: "cancel-refused",
    Voided: "voided",
    Lives: "lives",
}


def facts_to_bytes(facts: Sequence[Fact]) -> bytes:
    """The one encoding of facts, in their order."""
    return encode([[_NAMES[type(fact)], *_members(fact)] for fact in facts])


def facts_from_bytes(data: bytes) -> tuple[Fact, ...]:
    """The facts of an encoding. CodecError for any other bytes."""
    rows = Node(decode(data, FACTS_BYTES_MAX, "facts"), "facts")
    return tuple(_read(row) for row in rows.items(FACTS_BYTES_MAX))


def _members(fact: Fact) -> list[Value]:
    match fact:
        case Voided(number):
            return [number]
        case Filled(key, batch, market, price, size, is_maker):
            return [*key, batch, market, price, size, is_maker]
        case Refused(key, reason) | CancelRefused(key, reason):
            return [*key, reason.value]
        case Ended(key, reason, remaining):
            return [*key, reason.value, remaining]
        case Rested(key, remaining) | Lives(key, remaining):
            return [*key, remaining]
        case Accepted(key) | Waiting(key):
            return [*key]


def _read(row: Node) -> Fact:
    try:
        name, *members = row.items(8)
        return _READERS[name.text(16)](members)
    except (KeyError, ValueError) as error:
        raise CodecError("facts: the name of a fact and its members are wanted") from error


def _reason(node: Node) -> AnyReason:
    text = node.text(64)
    return VenueReason(text) if text in tuple(VenueReason) else Reason(text)


def _numbers(members: Sequence[Node]) -> list[int]:
    return [member.integer() for member in members]


def _accepted(members: Sequence[Node]) -> Fact:
    slot, generation = _numbers(members)
    return Accepted((slot, generation))


def _waiting(members: Sequence[Node]) -> Fact:
    slot, generation = _numbers(members)
    return Waiting((slot, generation))


def _rested(members: Sequence[Node]) -> Fact:
    slot, generation, remaining = _numbers(members)
    return Rested((slot, generation), remaining)


def _lives(members: Sequence[Node]) -> Fact:
    slot, generation, remaining = _numbers(members)
    return Lives((slot, generation), remaining)


def _voided(members: Sequence[Node]) -> Fact:
    (number,) = _numbers(members)
    return Voided(number)


def _refused(members: Sequence[Node]) -> Fact:
    slot, generation, reason = members
    return Refused((slot.integer(), generation.integer()), _reason(reason))


def _cancel_refused(members: Sequence[Node]) -> Fact:
    slot, generation, reason = members
    return CancelRefused((slot.integer(), generation.integer()), _reason(reason))


def _ended(members: Sequence[Node]) -> Fact:
    slot, generation, reason, remaining = members
    key = (slot.integer(), generation.integer())
    return Ended(key, _reason(reason), remaining.integer())


def _filled(members: Sequence[Node]) -> Fact:
    *numbers, is_maker = members
    slot, generation, batch, market, price, size = _numbers(numbers)
    return Filled((slot, generation), batch, market, price, size, is_maker.boolean())


_READERS: Final[dict[str, Callable[[Sequence[Node]], Fact]]] = {
    "accepted": _accepted,
    "refused": _refused,
    "waiting": _waiting,
    "rested": _rested,
    "filled": _filled,
    "ended": _ended,
    "cancel-refused": _cancel_refused,
    "voided": _voided,
    "lives": _lives,
}
