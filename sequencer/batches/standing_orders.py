"""Orders in the bytes of a machine that stands (sequencer.batches.standing)."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from rollup.protocol.order import Order
from rollup.protocol.slot import SlotState, placed
from sequencer.batches.standing_reader import COUNT, Reader, StandingError
from sequencer.engine.command import Submit
from sequencer.engine.core import CoreState
from sequencer.engine.ledger import Ledger
from sequencer.engine.live import LiveOrder
from sequencer.engine.resting import note_slots
from sequencer.engine.slots import rests
from sequencer.intake.wire import command_from_bytes, command_to_bytes

_USED: Final = struct.Struct("<IBI")
_LIVE: Final = struct.Struct("<BQH")
"""Resting or waiting, place in time, and how long the order is as submitted."""

_RESTING, _WAITING = 0, 1


def order_parts(core: CoreState) -> Iterator[bytes]:
    """Generations that are used up, and live orders."""
    yield COUNT.pack(len(core.used))
    yield from (_USED.pack(*key, lowest) for key, lowest in sorted(core.used.items()))
    yield COUNT.pack(len(core.live))
    for book in core.books:
        yield from (_live_bytes(_RESTING, live) for live in book)
    yield from (_live_bytes(_WAITING, live) for live in core.waiting)


def _live_bytes(place: int, live: LiveOrder) -> bytes:
    order = command_to_bytes(Submit(live.signed, live.receipt))
    return _LIVE.pack(place, live.sequence, len(order)) + order


def read_orders(reader: Reader, core: CoreState) -> None:
    """Orders, once the core has accounts and books. StandingError for what is none."""
    for _ in range(reader.count()):
        account, slot, lowest = reader.unpack(_USED)
        core.used[account, slot] = lowest
    for _ in range(reader.count()):
        place, live = _read_live(reader, core)
        order = live.order
        if order.market >= len(core.books):
            raise StandingError("an order in a listed market is wanted")
        live.of_backstop = order.account == core.ledger.governance.backstop_account
        live.peg(core.market_book.markets[order.market].price)
        core.live[order.account, order.slot] = live
        if place == _RESTING:
            core.books[order.market].add(live)
        elif place == _WAITING:
            core.waiting.append(live)
        else:
            raise StandingError("an order that rests, or one that waits, is wanted")
    note_slots(core)


def _read_live(reader: Reader, core: CoreState) -> tuple[int, LiveOrder]:
    place, sequence, size = reader.unpack(_LIVE)
    command = command_from_bytes(reader.take(size))
    if not isinstance(command, Submit) or command.signed.order.account not in core.ledger.holders:
        raise StandingError("an order of an account is wanted")
    left = _left(command.signed.order, core.ledger)
    return place, LiveOrder(command.signed, left, sequence, command.receipt)


def _left(order: Order, ledger: Ledger) -> int:
    """Lots that are left of a live order: where its slot holds it, so many as that says."""
    stored = ledger.stored(order)
    if not rests(order, stored):
        return order.size
    key = ledger.holders[order.account].header.key
    whole = placed(order, key, SlotState(order.generation)).order
    if whole is None or stored.order != replace(whole, left=stored.left):
        raise StandingError("an order that lives as it rests is wanted")
    return stored.left
