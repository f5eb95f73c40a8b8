"""All own orders of an account, kept true by what the venue tells: answers, history, and its table
of what lives.
"""

from collections import deque
from collections.abc import Container, Iterable, Sequence
from typing import Final

from rollup.protocol.market import Market
from sequencer.client.errors import ClientIdInUse, OutOfRange, Unknown, WrongAnswer
from sequencer.client.orders import (
    LOST,
    NOT_TOLD,
    Fill,
    Liquidation,
    OwnOrder,
    State,
    adopted,
    fill_of,
    liquidation_of,
)
from sequencer.client.outflows import OUTFLOW_FACTS, Incoming, OwnOutflow, incoming_of
from sequencer.client.outflows import adopted as adopted_outflow
from sequencer.client.records import AccountAnswer, Fact, FactKind, LiveRow, Page
from sequencer.client.slots import Key, Slots

FILLS_KEPT: Final = 100_000
SPENT: Final = ("generation-used", "generation-dead")
"""Reasons by which the venue says that a slot was used further than this client knew."""

ENDED_KEPT: Final = 10_000
"""Orders that have ended stay so long in memory; their fills stay in `fills`."""


class OwnBook:
    """Orders by key and by the client's own names; fills in the venue's order."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.orders: dict[Key, OwnOrder] = {}
        self.fills: deque[Fill] = deque(maxlen=FILLS_KEPT)
        self.liquidations: deque[Liquidation] = deque(maxlen=FILLS_KEPT)
        self.outflows: dict[Key, OwnOutflow] = {}
        self.incoming: deque[Incoming] = deque(maxlen=FILLS_KEPT)
        self.run: str | None = None
        self.cursor = 0
        self.has_gap = False
        self._names: dict[str, Key] = {}
        self._ended: deque[Key] = deque()

    @property
    def live(self) -> list[OwnOrder]:
        """Orders that live, or may."""
        return [order for order in self.orders.values() if not order.is_final]

    def named(self, name: str) -> OwnOrder:
        """The order of a client's own name. Unknown."""
        key = self._names.get(name)
        if key is None or key not in self.orders:
            raise Unknown(f"no order of this client is called {name!r}")
        return self.orders[key]

    def require_free(self, name: str | None, leaving: Container[Key | None] = ()) -> None:
        """ClientIdInUse while an order of that name has not ended, unless it is about to leave."""
        if name is None or name not in self._names:
            return
        order = self.orders.get(self._names[name])
        if order is not None and not order.is_final and order.key not in leaving:
            raise ClientIdInUse(f"an order called {name!r} has not ended")

    def require_live(self, keys: Sequence[Key]) -> None:
        """Unknown unless these orders live, or may; OutOfRange if one of them is named twice."""
        for key in keys:
            order = self.orders.get(key)
            if order is None or order.is_final:
                raise Unknown(f"order {key[0]}/{key[1]} does not live, so nothing can replace it")
        if len(set(keys)) != len(keys):
            raise OutOfRange("two orders of one request replace the same one")

    def give_back(self, key: Key, replaced: Key | None) -> None:
        """An order that is gone, or was never sent, leaves its slot, unless another has it, and its
        name: to what it would have replaced, where that lives, or may."""
        old = self._living_before(replaced)
        if self.slots.holds(key):
            self.slots.release(key)
            if old is not None:
                self.slots.hold(old.key)
        name = None if old is None else old.client_id
        if old is not None and name is not None and self._names.get(name) == key:
            self._names[name] = old.key

    def _living_before(self, key: Key | None) -> OwnOrder | None:
        """What an order replaces, and where that never lived itself, what that would have."""
        order = None if key is None else self.orders.get(key)
        while order is not None and order.state is State.REFUSED:
            order = None if order.replaces is None else self.orders.get(order.replaces)
        return None if order is None or order.is_final else order

    def add(self, order: OwnOrder) -> None:
        """An order that is about to be sent. Its slot is taken already."""
        self.orders[order.key] = order
        if order.client_id is not None:
            self._names[order.client_id] = order.key

    def hear(self, facts: Iterable[Fact], markets: tuple[Market, ...]) -> None:
        """What a sealed answer tells, at once. It says how much was filled; the fills themselves
        come with the history. Of an order that the history told of already it has nothing new: it
        may be the copy of an answer that was lost, and older."""
        for fact in facts:
            if fact.kind in OUTFLOW_FACTS:
                self._outflow(fact, markets)
                continue
            order = self.orders.get(fact.key)
            if order is not None and order.is_told:
                continue
            if order is not None and fact.kind is FactKind.FILLED:
                order.told_lots += fact.size or 0
            elif order is not None and fact.kind is not FactKind.VOIDED:
                self._apply(order, fact)

    def learn(self, run: str, page: Page, asked: int, markets: tuple[Market, ...]) -> None:
        """One page of history, `asked` for from a cursor. Facts that came with another page are not
        taken twice. WrongAnswer if the page begins before that cursor."""
        if run != self.run:
            self.has_gap |= self.run is not None or page.first > 0
            self.run, self.cursor = run, page.first
        elif page.first < asked:
            raise WrongAnswer(f"facts from {asked} on were asked for, not from {page.first}")
        self.has_gap |= page.first > self.cursor
        for place, fact in enumerate(page.facts, page.first):
            if place >= self.cursor:
                self.cursor = place + 1  # first: what is refused below is not taken again
                self._happened(fact, markets)
        self.cursor = max(self.cursor, page.next)

    def reconcile(self, answer: AccountAnswer, asked_at: int, markets: tuple[Market, ...]) -> None:
        """Hold the venue's table of live orders against this book, once its history was read to the
        end. `asked_at` is the session's count when the question left: an order of which was heard
        later is not judged by it."""
        living = {row.key: row for row in answer.orders}
        for row in answer.orders:
            self._place(row, markets)
        for key, order in list(self.orders.items()):
            if key not in living and not order.is_final:
                self._missing(order, answer.time, asked_at)

    def finish(self, order: OwnOrder, state: State, reason: str) -> None:
        """An order that is gone without a fact: its slot is free."""
        if not order.is_final:
            order.end(state, reason)
            self._settle(order)

    def _place(self, row: LiveRow, markets: tuple[Market, ...]) -> None:
        order = self.orders.get(row.key)
        if order is None:
            if row.market >= len(markets):
                raise WrongAnswer(f"an order in market {row.market}, of {len(markets)}")
            order = adopted(row, markets[row.market])
            self.orders[row.key] = order
            order.fills += [fill for fill in self.fills if fill.key == row.key]
        order.lives_as(row)
        self.slots.hold(row.key)

    def _missing(self, order: OwnOrder, time: int, asked_at: int) -> None:
        """Not in the venue's table and no fact ended it."""
        if order.heard_at is not None:
            if order.heard_at < asked_at:
                gone = State.ENDED if order.state is State.LIVE or self.has_gap else State.REFUSED
                self.finish(order, gone, NOT_TOLD)
        elif order.good_until < time:  # it can be taken no more, so this is its last word
            state = State.ENDED if self.has_gap else State.REFUSED
            self.finish(order, state, NOT_TOLD if self.has_gap else LOST)

    def _happened(self, fact: Fact, markets: tuple[Market, ...]) -> None:
        if fact.kind is FactKind.VOIDED:
            self._void(fact.number or 0)
            return
        if fact.kind in (FactKind.LIQUIDATED, FactKind.DELEVERAGED, FactKind.SETTLED):
            self._liquidated(fact, markets)
            return
        if fact.kind is FactKind.RECEIVED:
            self.incoming.append(incoming_of(fact, markets))
            return
        if fact.kind is FactKind.REFRESHED:
            return  # cash alone, which the venue tells
        self.slots.learn(fact.key)
        if fact.kind in OUTFLOW_FACTS:
            self._outflow(fact, markets)
            return
        order = self.orders.get(fact.key)
        if order is None:
            self._foreign(fact, markets)
            return
        order.is_told = True
        if fact.kind is FactKind.FILLED:
            self.fills.append(order.fill(fact))
        else:
            self._apply(order, fact)

    def _foreign(self, fact: Fact, markets: tuple[Market, ...]) -> None:
        """A fill of an order that an earlier run of the client placed."""
        if fact.kind is FactKind.FILLED:
            if (fact.market or 0) >= len(markets):
                raise WrongAnswer(f"a fill in market {fact.market}, of {len(markets)}")
            self.fills.append(fill_of(fact, markets[fact.market or 0]))

    def _liquidated(self, fact: Fact, markets: tuple[Market, ...]) -> None:
        if (fact.market or 0) >= len(markets):
            raise WrongAnswer(f"a liquidation in market {fact.market}, of {len(markets)}")
        self.liquidations.append(liquidation_of(fact, markets[fact.market or 0]))

    def _outflow(self, fact: Fact, markets: tuple[Market, ...]) -> None:
        """What became of a withdrawal or transfer, this client's or an earlier run's."""
        own = self.outflows.get(fact.key)
        if own is None:
            self.outflows[fact.key] = adopted_outflow(fact, markets)
            return
        own.apply(fact, markets)
        if own.is_final:
            self.slots.release(own.key)

    def _void(self, number: int) -> None:
        """Fills, liquidations and payments from that batch on did not happen. What happened instead
        follows."""
        for own in self.outflows.values():
            own.void(number)
        for incoming in self.incoming:
            incoming.void(number)
        for fill in self.fills:
            fill.is_void |= fill.batch >= number
        for taken in self.liquidations:
            taken.is_void |= taken.batch >= number
        for order in self.orders.values():
            order.told_lots = 0

    def _apply(self, order: OwnOrder, fact: Fact) -> None:
        was_final = order.is_final
        order.apply(fact)
        if order.is_final and not was_final:
            self._settle(order)
        elif fact.kind is FactKind.LIVES:
            self.slots.hold(order.key)

    def _settle(self, order: OwnOrder) -> None:
        if order.reason in SPENT:
            self.slots.skip(order.key)
        self.give_back(order.key, order.replaces)
        self._ended.append(order.key)
        while len(self._ended) > ENDED_KEPT:
            key = self._ended.popleft()
            old = self.orders.get(key)
            if old is not None and old.is_final:
                self._forget(key, old)

    def _forget(self, key: Key, old: OwnOrder) -> None:
        del self.orders[key]
        if old.client_id is not None and self._names.get(old.client_id) == key:
            del self._names[old.client_id]
