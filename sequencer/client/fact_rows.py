"""Rows of an account's history, read strictly: docs/api.md describes them."""

from typing import Any, Final

from rollup.codec.fields import Node
from rollup.protocol.assets import MARKS
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    GENERATION_END,
    MARKETS_MAX,
    NOTIONAL_BITS,
    NUMBER_BITS,
    OUTFLOW_BITS,
    PRICE_BITS,
    REFRESH_FEE_BITS,
    SEQUENCE_BITS,
    SIZE_BITS,
    SLOT_BITS,
    TIME_BITS,
)
from rollup.protocol.order import Side
from rollup.protocol.outflow import OutflowKind
from sequencer.client.records import Fact, FactKind

WORD_MAX: Final = 64


def fact_of(node: Node) -> Fact:
    cells = node.items(12)
    try:
        kind = FactKind(cells[0].text(WORD_MAX)) if cells else None
    except ValueError:
        kind = None
    if kind is None or len(cells) != _LENGTHS[kind]:
        raise node.wrong("a row that docs/api.md describes")
    if kind is FactKind.VOIDED:
        return Fact(kind, number=number_of(cells[1], 1 << NUMBER_BITS))
    if kind in (FactKind.LIQUIDATED, FactKind.DELEVERAGED, FactKind.SETTLED):
        return Fact(kind, **_moved(cells[1:]))
    if kind is FactKind.RECEIVED:
        return Fact(kind, **_received(cells[1:]))
    if kind is FactKind.REFRESHED:
        return Fact(kind, **_refreshed(cells[1:]))
    return _of_receipt(node, kind, cells)


def _of_receipt(node: Node, kind: FactKind, cells: list[Node]) -> Fact:
    """A row that names the receipt of an envelope, and a slot and generation."""
    receipt = number_of(cells[1], 1 << SEQUENCE_BITS)
    key = key_of(node, cells[2].integer(), cells[3].integer())
    rest = cells[4:]
    match kind:
        case FactKind.REFUSED | FactKind.CANCEL_REFUSED | FactKind.OUTFLOW_REFUSED:
            return Fact(kind, receipt, key, reason=rest[0].text(WORD_MAX))
        case FactKind.RESTED | FactKind.LIVES:
            return Fact(kind, receipt, key, remaining=number_of(rest[0], 1 << SIZE_BITS))
        case FactKind.ENDED:
            return Fact(
                kind, receipt, key, rest[0].text(WORD_MAX), number_of(rest[1], 1 << SIZE_BITS)
            )
        case FactKind.FILLED:
            return Fact(kind, receipt, key, **_fill(rest))
        case FactKind.OUTFLOW_PAID:
            return Fact(kind, receipt, key, **_paid(rest))
        case _:
            return Fact(kind, receipt, key)


def _fill(cells: list[Node]) -> dict[str, Any]:
    found = _moved(cells[:4] + cells[5:])
    return {**found, "is_maker": cells[4].boolean()}


def _moved(cells: list[Node]) -> dict[str, Any]:
    """What a fill and a liquidation have in common."""
    names = ("number", "market", "price", "size", "side", "fee", "time")
    cell = dict(zip(names, cells, strict=True))
    ends = {
        "number": 1 << NUMBER_BITS,
        "market": MARKETS_MAX,
        "price": 1 << PRICE_BITS,
        "size": 1 << SIZE_BITS,
        "fee": 1 << NOTIONAL_BITS,
        "time": 1 << TIME_BITS,
    }
    numbers = {name: number_of(cell[name], end) for name, end in ends.items()}
    return {**numbers, "side": Side(number_of(cell["side"], len(Side)))}


def _paid(cells: list[Node]) -> dict[str, Any]:
    """An outflow that was paid: its batch, kind, receiver, asset, amount and time."""
    number, kind, receiver, *rest = cells
    return {
        **_received([number, *rest]),
        "is_transfer": bool(number_of(kind, len(OutflowKind))),
        "receiver": number_of(receiver, 1 << ACCOUNT_BITS),
    }


def _received(cells: list[Node]) -> dict[str, Any]:
    ends = {
        "number": 1 << NUMBER_BITS,
        "asset": MARKS,
        "amount": 1 << OUTFLOW_BITS,
        "time": 1 << TIME_BITS,
    }
    pairs = zip(cells, ends.items(), strict=True)
    return {name: number_of(cell, end) for cell, (name, end) in pairs}


def _refreshed(cells: list[Node]) -> dict[str, Any]:
    ends = {"number": 1 << NUMBER_BITS, "fee": 1 << REFRESH_FEE_BITS, "time": 1 << TIME_BITS}
    pairs = zip(cells, ends.items(), strict=True)
    return {name: number_of(cell, end) for cell, (name, end) in pairs}


_LENGTHS: Final = {
    FactKind.ACCEPTED: 4,
    FactKind.REFUSED: 5,
    FactKind.WAITING: 4,
    FactKind.RESTED: 5,
    FactKind.FILLED: 12,
    FactKind.LIQUIDATED: 8,
    FactKind.DELEVERAGED: 8,
    FactKind.SETTLED: 8,
    FactKind.ENDED: 6,
    FactKind.CANCELLED: 4,
    FactKind.CANCEL_REFUSED: 5,
    FactKind.OUTFLOW_ASKED: 4,
    FactKind.OUTFLOW_PAID: 10,
    FactKind.OUTFLOW_REFUSED: 5,
    FactKind.RECEIVED: 5,
    FactKind.REFRESHED: 4,
    FactKind.LIVES: 5,
    FactKind.VOIDED: 2,
}


def number_of(node: Node, end: int) -> int:
    number = node.integer()
    if not 0 <= number < end:
        raise node.wrong(f"a number from 0 to {end - 1}")
    return number


def key_of(node: Node, slot: int, generation: int) -> tuple[int, int]:
    if not (0 <= slot < 1 << SLOT_BITS and 0 <= generation < GENERATION_END):
        raise node.wrong("a slot and a generation")
    return slot, generation
