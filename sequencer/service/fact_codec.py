"""Facts as bytes: a strict msgpack list of rows, a name and then the members of a fact."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any, Final

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value, decode, encode
from rollup.protocol.order import Side
from rollup.protocol.outflow import OutflowKind
from rollup.protocol.rejection import Reason
from sequencer.engine.event import AnyReason, VenueReason
from sequencer.service.facts import (
    Accepted,
    Cancelled,
    CancelRefused,
    Deleveraged,
    Ended,
    Fact,
    Filled,
    Liquidated,
    Lives,
    OutflowAsked,
    OutflowPaid,
    OutflowRefused,
    Received,
    Refreshed,
    Refused,
    Rested,
    Settled,
    Voided,
    Waiting,
)

FACTS_BYTES_MAX: Final = 1 << 24
"""Of one account in one batch: the largest has 1,024 fills, of 96 bytes at most."""

MEMBERS_MAX: Final = 12
_KINDS: Final[dict[str, Callable[..., Fact]]] = {
    "accepted": Accepted,
    "refused": Refused,
    "waiting": Waiting,
    "rested": Rested,
    "filled": Filled,
    "liquidated": Liquidated,
    "deleveraged": Deleveraged,
    "settled": Settled,
    "ended": Ended,
    "cancelled": Cancelled,
    "cancel-refused": CancelRefused,
    "outflow-asked": OutflowAsked,
    "outflow-paid": OutflowPaid,
    "outflow-refused": OutflowRefused,
    "received": Received,
    "refreshed": Refreshed,
    "voided": Voided,
    "lives": Lives,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_MEMBERS: Final = {kind: tuple(each.name for each in fields(kind)) for kind in _NAMES}  # type: ignore[arg-type]


def facts_to_bytes(facts: Sequence[Fact]) -> bytes:
    """The one encoding of facts, in their order."""
    return encode([[_NAMES[type(fact)], *_members(fact)] for fact in facts])


def facts_from_bytes(data: bytes) -> tuple[Fact, ...]:
    """The facts of an encoding. CodecError for any other bytes."""
    rows = Node(decode(data, FACTS_BYTES_MAX, "facts"), "facts")
    return tuple(_read(row) for row in rows.items(FACTS_BYTES_MAX))


def _members(fact: Fact) -> Iterator[Value]:
    """In the order in which the record lists them; a key is its two numbers."""
    for name in _MEMBERS[type(fact)]:
        value = getattr(fact, name)
        if name == "key":
            yield from value
        else:
            yield value.value if name in ("reason", "side", "kind") else value


def _read(row: Node) -> Fact:
    try:
        name, *members = row.items(MEMBERS_MAX)
        kind, rest = _KINDS[name.text(16)], iter(members)
        fact = kind(*[_member(each.name, rest) for each in fields(kind)])  # type: ignore[arg-type]
    except (KeyError, StopIteration, ValueError) as error:
        raise CodecError("facts: the name of a fact and its members are wanted") from error
    if next(rest, None) is not None:
        raise CodecError("facts: no more members than a fact has are wanted")
    return fact


def _member(name: str, rest: Iterator[Node]) -> Any:
    if name == "key":
        return (next(rest).integer(), next(rest).integer())
    node = next(rest)
    if name == "reason":
        return _reason(node.text(64))
    if name in ("side", "kind"):
        return (Side if name == "side" else OutflowKind)(node.integer())
    return node.boolean() if name == "is_maker" else node.integer()


def _reason(text: str) -> AnyReason:
    return VenueReason(text) if text in tuple(VenueReason) else Reason(text)
