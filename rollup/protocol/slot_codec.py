"""How slots and cancels are written in a batch file (rollup.protocol.batch_codec). Private.

A slot is a row: account, slot, generation; and of the order that rests there, where one does, what
`RESTING` names, flags as 0 or 1.
"""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from rollup.codec.fields import Node
from rollup.codec.strict import Value
from rollup.protocol.batch import SlotOpening
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import SIGNATURE_BYTES
from rollup.protocol.order import Side
from rollup.protocol.path_codec import path_value, read_path
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.slot import RestingOrder, SlotState

RESTING: Final = tuple(member.name for member in fields(RestingOrder))
"""Names of its members, in their order."""

FLAGS: Final = ("reduce_only", "pegged", "when_clamped")
SLOT_NUMBERS: Final = 3
"""Account, slot and generation: a row of no more holds no order."""

CANCEL_NUMBERS: Final = ("chain", "venue", "account", "slot", "generation")

_numbers = attrgetter(*RESTING)


def slot_value(opening: SlotOpening) -> Value:
    """The row of an opened slot."""
    state = opening.state
    words = () if state.order is None else map(int, _numbers(state.order))
    return [opening.account, opening.slot, state.generation, *words]


def read_slot(node: Node) -> SlotOpening:
    """The opened slot in a row. Raises CodecError on its shape, Rejected on its values."""
    items = node.items(SLOT_NUMBERS + len(RESTING))
    if len(items) not in (SLOT_NUMBERS, SLOT_NUMBERS + len(RESTING)):
        raise node.wrong(f"{SLOT_NUMBERS} numbers, or {SLOT_NUMBERS + len(RESTING)}")
    return slot_of_row([each.integer() for each in items])


def slot_of_row(row: Sequence[int]) -> SlotOpening:
    """The same of its numbers."""
    account, slot, generation, *words = row
    order = resting_of(words) if words else None
    return SlotOpening(account, slot, SlotState(generation, order))


def resting_of(words: Sequence[int]) -> RestingOrder:
    """A resting order of its numbers. Rejected where one is out of bounds."""
    found: dict[str, Any] = dict(zip(RESTING, words, strict=True))
    for name in FLAGS:
        found[name] = _flag(name, found[name])
    found["side"] = Side.SELL if _flag("side", found["side"]) else Side.BUY
    return RestingOrder(**found)


def _flag(name: str, value: int) -> bool:
    if value not in (0, 1):
        raise Rejected(Reason.MALFORMED, f"{name} of a resting order must be 0 or 1")
    return value == 1


def cancel_value(signed: SignedCancel) -> Value:
    """The record of a signed cancel."""
    cancel = signed.cancel
    numbers = {name: getattr(cancel, name) for name in CANCEL_NUMBERS}
    return {**numbers, "signature": signed.signature, "path": path_value(signed.path)}


def read_cancel(node: Node) -> SignedCancel:
    """The signed cancel in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record((*CANCEL_NUMBERS, "signature", "path"))
    cancel = CancelOrder(**{name: record[name].integer() for name in CANCEL_NUMBERS})
    return SignedCancel(cancel, record["signature"].raw(SIGNATURE_BYTES), read_path(record["path"]))
