"""What acts on the slots of a batch: orders signed in it, orders that rested before it, cancels.

An order that is signed comes into its slot just before the first fill that names it, or as the
batch ends if none does. As the batch ends all that is left of orders rests, but for immediate ones,
and for those that the venue lets lapse. Spec: docs/spec/04-orders.md.
"""

from collections import Counter
from collections.abc import Sequence

from rollup.crypto.curve import Point
from rollup.hash.poseidon import Digest
from rollup.protocol.batch import Batch
from rollup.protocol.constants import CANCEL_TIMESTAMP, PLACE_TIMESTAMP, RESTING_PLACE
from rollup.protocol.ledger import Ledger
from rollup.protocol.order import Order, TimeInForce
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.slot import SlotKey, SlotState, cancelled, filled, lapsed, placed
from rollup.protocol.slot_steps import CancelStep, OrderStep, RestingStep, SlotStep
from rollup.protocol.trade import require_in_time


class Actions:
    """The orders of a batch, by their places, and its cancels; changes the slots of its ledger."""

    def __init__(self, batch: Batch, ledger: Ledger) -> None:
        """Rejected: a resting order that is not there, too old, or of another key."""
        self._batch = batch
        self._ledger = ledger
        self._signed = [signed.order for signed in batch.orders]
        self._placings: dict[int, SlotStep] = {}
        self._cancels: list[CancelStep] = []
        self._before: list[SlotState] = []
        self._resting = [self._found(place) for place in range(len(batch.resting))]
        self._uses = _used_once(batch, self._signed)

    def _found(self, place: int) -> Order:
        """The order that rested in a slot."""
        key, batch = self._batch.resting[place], self._batch
        with refusals_at(f"resting order {place}"):
            stored = self._ledger.slot(key)
            if stored.order is None:
                raise Rejected(Reason.ORDER_UNKNOWN, "no order rests in its slot")
            order = stored.order.order(batch.chain, batch.venue, key, stored.generation - 1)
            require_in_time(order, batch.time)
            if stored.order.key_mark != self._key(order.account).x[0]:
                raise Rejected(Reason.ORDER_SIGNATURE, "its account has another key by now")
        self._before.append(stored)
        return order

    def _key(self, account: int) -> Point:
        return self._ledger.header(account).key

    def order(self, place: int) -> Order:
        """The order at a place. Rejected: ORDER_UNKNOWN where there is none."""
        rests = place >= RESTING_PLACE
        found = self._resting if rests else self._signed
        index = place - RESTING_PLACE if rests else place
        if index >= len(found):
            raise Rejected(Reason.ORDER_UNKNOWN, f"there is no order {place}")
        return found[index]

    def fill(self, place: int, size: int, timestamp: int) -> tuple[SlotState, SlotState]:
        """Fill so much of an order at a time: its slot before and after that."""
        order = self.order(place)
        if place < RESTING_PLACE and place not in self._placings:
            self._place(place, timestamp - 1)
        key = (order.account, order.slot)
        before = self._ledger.slot(key)
        after = filled(order.generation, before, size)
        self._ledger.slots[key] = after
        return before, after

    def _place(self, place: int, timestamp: int) -> None:
        order = self._signed[place]
        after = placed(order, self._key(order.account), self._ledger.slot(_slot_of(order)))
        self._placings[place] = self._act(_slot_of(order), after, timestamp)

    def _act(self, key: SlotKey, after: SlotState, timestamp: int) -> SlotStep:
        before = self._ledger.slot(key)
        self._ledger.slots[key] = after
        self._ledger.accounts[key[0]].signed = True
        return SlotStep(timestamp, before, after)

    def cancel(self) -> None:
        """All cancels, when all that trades has. Rejected where one changes nothing, which the
        circuit takes and which would be for nothing."""
        seen: set[SlotKey] = set()
        for place, signed in enumerate(self._batch.cancels):
            cancel = signed.cancel
            key = (cancel.account, cancel.slot)
            with refusals_at(f"cancel {place}"):
                before = self._ledger.slot(key)
                after = cancelled(cancel.generation, before)
                if key in seen:
                    raise Rejected(Reason.ORDER_REPEATED, "its slot has another cancel")
                if after == before:
                    raise Rejected(Reason.ORDER_UNUSED, "it changes nothing")
                seen.add(key)
                step = self._act(key, after, CANCEL_TIMESTAMP)
                self._cancels.append(CancelStep(signed, self._key(cancel.account), step))

    def finish(self) -> None:
        """Place what nothing filled; then immediate orders lapse, and those that the venue names.
        Rejected: ORDER_UNUSED for an order that was neither filled nor rests."""
        unused = [place for place in range(len(self._signed)) if place not in self._placings]
        for place in unused:
            with refusals_at(f"order {place}"):
                self._place(place, PLACE_TIMESTAMP)
        for order in self._signed:
            if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL and self._rests(order):
                self._lapse(_slot_of(order))
        for place, key in enumerate(self._batch.lapsed):
            with refusals_at(f"lapsed slot {place}"):
                self._lapse(key)
        for place in unused:
            if not self._rests(self._signed[place]):
                raise Rejected(Reason.ORDER_UNUSED, f"order {place} has no fill, and does not rest")

    def _lapse(self, key: SlotKey) -> None:
        stored = self._ledger.slot(key)
        self._ledger.slots[key] = lapsed(stored)
        self._ledger.left[key] = stored.left

    def _rests(self, order: Order) -> bool:
        """Whether it is the one in its slot, and anything of it is left."""
        stored = self._ledger.slots[_slot_of(order)]
        return stored.order is not None and stored.generation == order.generation + 1

    def orders(self, digests: Sequence[Digest]) -> tuple[OrderStep, ...]:
        """What became of the orders that were signed, given the digests of all that was signed."""
        return tuple(
            OrderStep(
                signed, message, self._key(order.account), self._placings[k], self._rests(order)
            )
            for k, (signed, order, message) in enumerate(
                zip(self._batch.orders, self._signed, digests, strict=False)
            )
        )

    def resting(self) -> tuple[RestingStep, ...]:
        """The orders that rested before, and traded."""
        keys, uses = self._batch.resting, self._uses
        return tuple(
            RestingStep(key, before, order, uses[RESTING_PLACE + k])
            for k, (key, before, order) in enumerate(
                zip(keys, self._before, self._resting, strict=True)
            )
        )

    def cancels(self) -> tuple[CancelStep, ...]:
        """The cancels, as they happened."""
        return tuple(self._cancels)


def _slot_of(order: Order) -> SlotKey:
    return order.account, order.slot


def _used_once(batch: Batch, orders: list[Order]) -> Counter[int]:
    """How many sides of fills name each place. What rested is named at least once; orders differ
    from each other, and so do slots."""
    uses = Counter(place for fill in batch.fills for place in (fill.buy, fill.sell))
    uses.update(takeover.order for takeover in batch.order_takeovers)
    for place in range(len(batch.resting)):
        if RESTING_PLACE + place not in uses:
            raise Rejected(Reason.ORDER_UNUSED, f"resting order {place} takes part in no fill")
    for order, count in Counter(orders).items():
        if count > 1:
            raise Rejected(
                Reason.ORDER_REPEATED, f"order {orders.index(order)} is listed {count} times"
            )
    for key, count in Counter(batch.resting).items():
        if count > 1:
            place = batch.resting.index(key)
            raise Rejected(Reason.ORDER_REPEATED, f"resting order {place} is listed {count} times")
    return uses
