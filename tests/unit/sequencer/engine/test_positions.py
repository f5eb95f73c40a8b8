"""How many positions a batch opens: all of whoever is touched, and no more than fit."""

from dataclasses import replace

import pytest

from rollup.protocol.constants import DEPOSITS_MAX, MARKETS_MAX
from rollup.protocol.holding import Holding
from rollup.protocol.market import Governance
from rollup.protocol.order import Side
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_M, CLASS_R, CLASS_S
from sequencer.engine.command import OpenBatch
from sequencer.engine.core import CoreError, CoreState, new_state, refusal, step
from sequencer.engine.holder import Holder
from sequencer.engine.live import LiveOrder
from sequencer.engine.room import Opening, Room
from tests.helpers.oracle import listing
from tests.strategies import venues

RICH = 10**6 * 10**6
PRICE = 10_000


def with_markets(count: int) -> Governance:
    """The governance of the tests with so many markets."""
    first = venues.genesis().governance
    named = [replace(first.markets[0], symbol=f"M{number}") for number in range(count)]
    return listing(first, named)


def venue(markets: int, held: dict[int, int]) -> CoreState:
    """Batch 1 not open yet; accounts by number with one lot in so many of the markets."""
    governance = with_markets(markets)
    start = replace(venues.genesis(), governance=governance, prices=(PRICE,) * markets)
    state = new_state(start)
    header = start.fee_header
    for account, count in held.items():
        positions = Positions(tuple((market, 1) for market in range(count)))
        state.ledger.holders[account] = Holder(header, Holding(RICH, positions))
    return state


def opened(state: CoreState, credits: int = 0) -> list[object]:
    markets = len(state.ledger.governance.markets)
    entries = tuple(venues.credit(i, i + 1, 1) for i in range(credits))
    return list(step(state, OpenBatch(1, venues.START_MS + 1_000, (PRICE,) * markets, entries)))


def order(account: int, side: Side, market: int) -> LiveOrder:
    signed = venues.order(account, side, PRICE, 1, market=market)
    return LiveOrder(signed, 1, 0, 0)


def test_a_venue_of_64_markets_trades_in_the_last_and_not_beyond() -> None:
    state = venue(MARKETS_MAX, {1: 0, 2: 0})
    opened(state)
    assert refusal(state, venues.order(1, Side.BUY, PRICE, 1, market=63).order) is None
    wanted = Reason.MARKET_OUT_OF_BOUNDS
    assert refusal(state, venues.order(1, Side.BUY, PRICE, 1, market=64).order) is wanted


def test_atouched_account_opens_all_that_it_holds() -> None:
    state = venue(MARKETS_MAX, {1: 64, 2: 3})
    opened(state, credits=2)
    assert state.work is not None
    assert len(state.work.room.positions) == 64 + 3


def test_a_fill_waits_where_its_accounts_hold_more_than_is_left() -> None:
    """319 accounts are touched, and leave room for 3 of the 640 positions."""
    many = {number: 2 for number in range(1, 319)} | {319: 1}
    state = venue(2, many | {500: 2, 501: 2, 502: 0})
    opened(state)
    work, ledger = state.work, state.ledger
    assert work is not None
    for account in many:
        ledger.touch(work, account)
    assert CLASS_S.positions - len(work.room.positions) == 3
    buyer, seller = order(500, Side.BUY, 0), order(502, Side.SELL, 0)
    assert ledger.has_room(work, seller, buyer)
    assert not ledger.has_room(work, order(500, Side.SELL, 0), order(501, Side.BUY, 0))
    assert ledger.has_room(work, order(1, Side.SELL, 0), order(2, Side.BUY, 0))
    assert ledger.has_room(work, order(319, Side.SELL, 1), order(502, Side.BUY, 1))


def test_the_queue_waits_where_its_accounts_hold_more_than_a_batch_opens() -> None:
    """64 deposits for accounts of 64 positions would open 4,096. A batch leaves half of what it can
    open to others: whoever pays in a few dollars again and again keeps nobody from trading, and no
    step open. In 64 markets the nodes above triggers are what is full."""
    state = venue(MARKETS_MAX, {number: 64 for number in range(1, DEPOSITS_MAX + 1)})
    entries = tuple(venues.credit(i, i + 1, 1) for i in range(DEPOSITS_MAX))
    most = state.ledger.room_for_entries(entries)
    assert 0 < most <= CLASS_S.positions // 2 // 64 == 5
    again = tuple(venues.credit(i, 1, 1) for i in range(DEPOSITS_MAX))
    assert state.ledger.room_for_entries(again) == DEPOSITS_MAX
    with pytest.raises(CoreError, match="hold more than they may"):
        opened(state, credits=most + 1)
    opened(state, credits=most)


def test_so_many_entries_fit_any_batch_of_a_class() -> None:
    """As many as L1 asks of a batch that leaves others (dep.held-back): for accounts far apart that
    hold every market, beside a fee account that does, in half of the room."""
    assert [shape.entries_least for shape in (CLASS_S, CLASS_M, CLASS_R)] == [1, 5, 4]
    for shape in (CLASS_M, CLASS_R):
        room = Room(shape)
        for place in range(shape.entries_least + 1):
            far = Opening(
                place << 26, tuple(range(MARKETS_MAX)), tuple(range(place, 1 << 20, 1 << 14))
            )
            assert room.fits([far], share=2)
            room.take(far)
