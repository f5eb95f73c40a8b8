"""Which orders trade in a batch, signed in it or resting before, and whose they are."""

from collections.abc import Sequence
from typing import Protocol

from rollup.protocol.batch import Fill
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.order import SignedOrder
from rollup.protocol.slot import SlotKey
from rollup.protocol.takeover import OrderTakeover


class Trading(Protocol):
    """What a batch, open or closed, has of orders."""

    @property
    def orders(self) -> Sequence[SignedOrder]:
        """Those signed in it."""

    @property
    def resting(self) -> Sequence[SlotKey]:
        """Slots of those that rested before it and trade in it."""

    @property
    def fills(self) -> Sequence[Fill]:
        """Its fills."""

    @property
    def order_takeovers(self) -> Sequence[OrderTakeover]:
        """Lots of liquidated accounts that orders took."""


def traded_places(batch: Trading) -> set[int]:
    """Places of orders that trade; others come to rest without."""
    places = {place for fill in batch.fills for place in (fill.buy, fill.sell)}
    return places | {takeover.order for takeover in batch.order_takeovers}


def traders(batch: Trading) -> set[int]:
    """Accounts whose orders trade."""
    return {_account(batch, place) for place in traded_places(batch)}


def _account(batch: Trading, place: int) -> int:
    if place >= RESTING_PLACE:
        return batch.resting[place - RESTING_PLACE][0]
    return batch.orders[place].order.account
