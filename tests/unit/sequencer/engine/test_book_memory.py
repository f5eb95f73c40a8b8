"""What the book keeps follows what rests, however much came and went before."""

import gc
from collections.abc import Callable
from time import perf_counter

import pytest

from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Side
from sequencer.engine.book import Book
from sequencer.engine.command import Cancel, Submit
from sequencer.engine.core import new_state, step
from sequencer.engine.live import LiveOrder
from tests.strategies import venues

ROUNDS = 20_000
PRICE = 600_000


def orders_in_memory() -> int:
    """Live orders that anything still refers to."""
    gc.collect()
    return sum(type(each) is LiveOrder for each in gc.get_objects())


def bid(sequence: int, price: int = PRICE) -> LiveOrder:
    return venues.live(venues.order(1, Side.BUY, price, 10), sequence)


def place_and_cancel(book: Book, live: LiveOrder) -> None:
    book.add(live)
    book.remove(live)


def place_and_fill(book: Book, live: LiveOrder) -> None:
    book.add(live)
    book.reduce(live, 4)
    book.reduce(live, 6)


@pytest.mark.parametrize("come_and_go", [place_and_cancel, place_and_fill])
@pytest.mark.parametrize("away", [0, 1, -1], ids=["same price", "better", "worse"])
def test_a_book_through_which_orders_went_keeps_only_the_one_that_rests(
    come_and_go: Callable[[Book, LiveOrder], None], away: int
) -> None:
    before = orders_in_memory()
    book, first = Book(), bid(0)
    book.add(first)
    for sequence in range(1, ROUNDS + 1):
        come_and_go(book, bid(sequence, PRICE + away))
    assert list(book) == [first]
    assert orders_in_memory() - before == 1


def test_orders_that_leave_in_the_order_they_came_leave_nothing_behind() -> None:
    before = orders_in_memory()
    book = Book()
    resting = [bid(sequence) for sequence in range(ROUNDS)]
    for live in resting:
        book.add(live)
    for live in resting[:-1]:
        assert book.best(Side.BUY) is live
        book.reduce(live, 10)
    del live, resting[:-1]
    assert len(book) == 1 and book.best(Side.BUY) is resting[0]
    assert orders_in_memory() - before == 1


def test_the_venue_keeps_no_order_that_was_cancelled() -> None:
    before = orders_in_memory()
    state = new_state(venues.genesis())
    entries = tuple(venues.registration(i, i + 1, 10**12) for i in range(2))
    step(state, venues.opening(1, venues.START_MS + 1, venues.PRICES, entries))
    step(state, Submit(venues.order(1, Side.BUY, PRICE, 10)))
    for generation in range(ROUNDS):
        step(state, Submit(venues.order(2, Side.BUY, PRICE, 10, generation=generation)))
        record = CancelOrder(venues.CHAIN, venues.VENUE, 2, 0, generation)
        step(state, Cancel(SignedCancel(record, venues.SIGNATURE)))
    assert [live.order.account for live in state.books[0]] == [1]
    assert orders_in_memory() - before == 1


def walk_seconds(book: Book) -> float:
    """The quickest of several walks."""
    times = []
    for _ in range(9):
        start = perf_counter()
        assert sum(1 for _ in book) == 1
        times.append(perf_counter() - start)
    return min(times)


def test_a_walk_over_one_order_costs_the_same_after_many_have_left() -> None:
    book = Book()
    book.add(bid(0))
    fresh = walk_seconds(book)
    for sequence in range(1, ROUNDS + 1):
        place_and_cancel(book, bid(sequence))
    assert walk_seconds(book) < 20 * fresh
