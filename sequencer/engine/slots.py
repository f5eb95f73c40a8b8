"""What an order finds in its slot: the rules of rollup.protocol.slot, asked for what lives here."""

from rollup.crypto.curve import Point
from rollup.protocol.order import Order
from rollup.protocol.slot import SlotState, placed


def rests(order: Order, stored: SlotState) -> bool:
    """Whether the state holds what is left of this order, so that it fills without a signature."""
    return stored.order is not None and stored.generation == order.generation + 1


def in_slot(order: Order, key: Point, stored: SlotState) -> SlotState:
    """The slot as a fill of the order finds it: placed under its account's key, unless it rests
    there. Rejected: GENERATION_DEAD if its generation has acted, or a later one."""
    return stored if rests(order, stored) else placed(order, key, stored)
