"""The book against a list that is sorted every time: same queue, never crossed, nothing lost."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rollup.protocol.order import Side
from sequencer.engine.book import Book
from sequencer.engine.live import LiveOrder, opposite
from tests.strategies import venues


class SortedList:
    """The reference: all resting orders in one list; the queue is what sorting says it is."""

    def __init__(self) -> None:
        self.resting: list[LiveOrder] = []

    def queue(self, side: Side) -> list[LiveOrder]:
        sign = -1 if side is Side.BUY else 1
        of_side = [live for live in self.resting if live.order.side is side]
        return sorted(of_side, key=lambda live: (sign * live.order.price, live.sequence))

    def would_trade(self, live: LiveOrder) -> bool:
        facing = self.queue(opposite(live.order.side))
        if not facing:
            return False
        best = facing[0].order.price
        if live.order.side is Side.BUY:
            return best <= live.order.price
        return best >= live.order.price


class BookMachine(RuleBasedStateMachine):
    """Random traffic through both books; lots are counted on the side."""

    def __init__(self) -> None:
        super().__init__()
        self.book, self.reference = Book(), SortedList()
        self.sequence = 0
        self.added = self.traded = self.removed = 0

    @rule(
        side=st.sampled_from(Side),
        price=st.integers(95, 105),
        size=st.integers(1, 9),
        expiry=st.integers(0, 30),
    )
    def arrive(self, side: Side, price: int, size: int, expiry: int) -> None:
        live = venues.live(venues.order(1, side, price, size, expiry=expiry), self.sequence)
        self.sequence += 1
        assert self.book.would_trade(live) == self.reference.would_trade(live)
        if not self.book.would_trade(live):
            self.book.add(live)
            self.reference.resting.append(live)
            self.added += size

    @precondition(lambda self: self.reference.resting)
    @rule(side=st.sampled_from(Side), size=st.integers(1, 9))
    def trade(self, side: Side, size: int) -> None:
        best = self.book.best(side)
        queue = self.reference.queue(side)
        assert best is (queue[0] if queue else None)
        if best is None:
            return
        taken = min(size, best.remaining)
        self.traded += taken
        self.book.reduce(best, taken)
        if best.remaining == 0:
            self.reference.resting.remove(best)

    @precondition(lambda self: self.reference.resting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        live = data.draw(st.sampled_from(self.reference.resting))
        self.book.remove(live)
        self.reference.resting.remove(live)
        self.removed += live.remaining

    @rule(time=st.integers(0, 30))
    def expire(self, time: int) -> None:
        gone = self.book.expire(time)
        expected = [live for live in self.reference.resting if live.order.expiry < time]
        assert sorted(gone, key=lambda live: live.sequence) == expected
        for live in gone:
            self.reference.resting.remove(live)
            self.removed += live.remaining

    @invariant()
    def queues_agree(self) -> None:
        for side in Side:
            assert list(self.book.orders(side)) == self.reference.queue(side)
        assert len(self.book) == len(self.reference.resting)

    @invariant()
    def never_crossed(self) -> None:
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        assert bid is None or ask is None or bid.order.price < ask.order.price

    @invariant()
    def lots_are_conserved(self) -> None:
        resting = sum(live.remaining for live in self.book)
        assert resting == self.added - self.traded - self.removed


BookMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBook = BookMachine.TestCase
