"""How orders and what they trade are written in a batch file (rollup.protocol.batch_codec).
Private."""

from collections.abc import Sequence
from typing import Any

from rollup.codec.fields import Node
from rollup.codec.strict import Value
from rollup.protocol.batch import Fill
from rollup.protocol.constants import SIGNATURE_BYTES
from rollup.protocol.order import FLAGS, Order, Side, SignedOrder, TimeInForce
from rollup.protocol.path_codec import path_value, read_path
from rollup.protocol.takeover import OrderTakeover, Route, Takeover

ORDER_NUMBERS = (
    "chain",
    "venue",
    "account",
    "slot",
    "generation",
    "market",
    "price",
    "size",
    "expiry",
    "max_fee",
)
ORDER_FLAGS = tuple(name for name, _ in FLAGS)
FILL_NUMBERS = ("buy", "sell", "price", "size")
TAKEOVER_NUMBERS = ("account", "market", "size", "fee", "taker")
ORDER_TAKEOVER_NUMBERS = ("order", "account", "size", "price", "rest")


def numbers_of(record: object, names: Sequence[str]) -> dict[str, Value]:
    """Members of a record that are numbers."""
    return {name: int(getattr(record, name)) for name in names}


def fill_value(fill: Fill) -> Value:
    """The record of a fill."""
    return {**numbers_of(fill, FILL_NUMBERS), "taker": int(fill.taker)}


def order_takeover_value(takeover: OrderTakeover) -> Value:
    """The record of a takeover by an order."""
    return {**numbers_of(takeover, ORDER_TAKEOVER_NUMBERS)}


def read_order_takeover(node: Node) -> OrderTakeover:
    """The takeover by an order in a record. Raises CodecError on its shape, Rejected on its
    values."""
    record = node.record(ORDER_TAKEOVER_NUMBERS)
    return OrderTakeover(**{name: record[name].integer() for name in ORDER_TAKEOVER_NUMBERS})


def takeover_value(takeover: Takeover) -> Value:
    """The record of a takeover."""
    return {**numbers_of(takeover, TAKEOVER_NUMBERS), "route": int(takeover.route)}


def order_value(signed: SignedOrder) -> Value:
    """The record of a signed order."""
    order = signed.order
    return {
        **numbers_of(order, ORDER_NUMBERS),
        "side": int(order.side),
        "time_in_force": int(order.time_in_force),
        **{name: getattr(order, name) for name in ORDER_FLAGS},
        "signature": signed.signature,
        "path": path_value(signed.path),
    }


def read_order(node: Node) -> SignedOrder:
    """The signed order in a record. Raises CodecError on its shape, Rejected on its values."""
    names = (*ORDER_NUMBERS, *ORDER_FLAGS, "side", "time_in_force", "signature", "path")
    record = node.record(names)
    numbers: dict[str, Any] = {name: record[name].integer() for name in ORDER_NUMBERS}
    order = Order(
        **numbers,
        side=record["side"].convert("a side", Side),
        time_in_force=record["time_in_force"].convert("a time in force", TimeInForce),
        **{name: record[name].boolean() for name in ORDER_FLAGS},
    )
    return SignedOrder(order, record["signature"].raw(SIGNATURE_BYTES), read_path(record["path"]))


def read_fill(node: Node) -> Fill:
    """The fill in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record((*FILL_NUMBERS, "taker"))
    return Fill(
        **{name: record[name].integer() for name in FILL_NUMBERS},
        taker=record["taker"].convert("a side", Side),
    )


def read_takeover(node: Node) -> Takeover:
    """The takeover in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record((*TAKEOVER_NUMBERS, "route"))
    return Takeover(
        **{name: record[name].integer() for name in TAKEOVER_NUMBERS},
        route=record["route"].convert("a route", Route),
    )
