"""Feeds cut into the windows of batches: by the clock, never by what is in them."""

from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.funding import hour
from rollup.protocol.order import Side
from rollup.protocol.shape_class import CLASS_M, CLASS_S, ShapeClass
from sequencer.demo.market.feed import open_feed
from sequencer.demo.market.listing import BTC_MARKET, ETH_MARKET
from sequencer.demo.market.trade import Grid, Slice, WantedTrade, slices
from tests.helpers.feeds import START_MS, bar, table, trade, written

PRICES = (50, 60)


def wanted(time: int, mid: int = 100, market: int = 0) -> WantedTrade:
    return WantedTrade(time, market, mid, 1, Side.BUY, mid)


def cut(times: list[int], room: int = 100) -> list[Slice]:
    trades = [wanted(time, 100 + place) for place, time in enumerate(times)]
    return list(slices(trades, Grid(0, 10, room), PRICES))


def test_a_window_ends_by_the_clock_and_an_empty_one_is_kept() -> None:
    found = cut([1, 10, 11, 45])
    assert [(part.time, len(part.trades)) for part in found] == [
        (10, 2),
        (20, 1),
        (30, 0),
        (40, 0),
        (50, 1),
    ]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=80).map(sorted), st.integers(1, 5))
def test_every_trade_is_in_its_window_or_counted_as_left_out(times: list[int], room: int) -> None:
    found = cut(times, room)
    assert [part.time for part in found] == [10 * (k + 1) for k in range(len(found))]
    assert len(found) == Grid(0, 10, room).windows_until(times[-1])
    for part in found:
        inside = [time for time in times if part.time - 10 < time <= part.time]
        assert len(part.trades) == min(room, len(inside))
        assert part.left_out == len(inside) - len(part.trades)
        assert all(part.time - 10 < each.time <= part.time for each in part.trades)


def test_how_many_trades_a_window_holds_moves_no_window() -> None:
    quiet, busy = cut([1, 35]), cut([1] * 90 + [12] * 90 + [35], room=7)
    assert [part.time for part in quiet] == [part.time for part in busy]


def test_a_busy_window_is_thinned_evenly_and_the_same_each_time() -> None:
    (part,) = cut(list(range(1, 11)), room=4)
    assert [each.time for each in part.trades] == [1, 3, 6, 8]
    assert part.left_out == 6
    assert cut(list(range(1, 11)), room=4) == [part]


def test_a_slice_has_the_price_before_its_first_trade_or_the_last_one_known() -> None:
    trades = [wanted(1, 99), wanted(2, 101), wanted(3, 61, 1), wanted(15, 62, 1), wanted(25, 110)]
    found = [part.prices[:2] for part in slices(trades, Grid(0, 10, 9), PRICES)]
    assert found == [(99, 61), (101, 62), (110, 62)]


@pytest.mark.parametrize(("shape", "window_ms"), [(CLASS_S, 1_000), (CLASS_M, 12_250)])
def test_the_synthetic_market_fills_a_batch_by_half_or_more_and_never_ends(
    shape: ShapeClass, window_ms: int
) -> None:
    feed = open_feed(None, 1, shape)
    assert (feed.markets, feed.windows) == ((BTC_MARKET, ETH_MARKET), None)
    parts = list(islice(feed.slices(), 100))
    assert [part.time for part in parts] == [
        feed.grid.start + window_ms * (k + 1) for k in range(100)
    ]
    mean = sum(len(part.trades) for part in parts) / 100
    assert shape.trades / 2 < mean < shape.trades * 7 / 8
    assert max(len(part.trades) for part in parts) <= shape.trades * 7 // 8


def test_eth_is_added_only_beside_a_single_other_symbol(tmp_path: Path) -> None:
    names = {
        ("BTCUSDT",): ["BTC-PERP", "ETH-PERP"],
        ("SOLUSDT",): ["SOL-PERP", "ETH-PERP"],
        ("ETHUSDT",): ["ETH-PERP"],
        ("BTCUSDT", "SOLUSDT"): ["BTC-PERP", "SOL-PERP"],
    }
    for symbols, markets in names.items():
        lines = [trade(START_MS + n, symbol=symbol) for symbol in symbols for n in (0, 900)]
        feed = open_feed(written(tmp_path / "feed", *lines), 1, CLASS_S)
        assert [market.symbol for market in feed.markets] == markets
        assert len(feed.prices) == len(markets) and min(feed.prices) > 1
        (part,) = feed.slices()
        assert {each.market for each in part.trades} == set(range(len(markets)))
        assert feed.windows == 1


def test_bars_have_windows_of_a_quarter_so_that_every_price_is_an_oracle_price(
    tmp_path: Path,
) -> None:
    length = 60_000
    rows = [
        bar(START_MS, ("100", "150", "50", "120"), "8", "4", length),
        bar(START_MS + length, ("120", "120", "10", "20"), "8", "4", length),
    ]
    feed = open_feed(written(tmp_path / "ETHUSDT-1m.csv", table(rows)), 1, CLASS_S)
    parts = list(feed.slices())
    assert feed.grid.window_ms == length // 4 and feed.windows == len(parts) == 8
    for part in parts:
        (only,) = part.trades
        assert part.prices[0] == only.price


def test_beside_bars_eth_has_as_many_trades_a_window_as_beside_trades(tmp_path: Path) -> None:
    hour = 3_600_000
    rows = [bar(START_MS + k * hour, ("100.5",) * 4, "8", "4", hour) for k in range(20)]
    feed = open_feed(written(tmp_path / "BTCUSDT-1h.csv", table(rows)), 1, CLASS_S)
    parts = list(feed.slices())
    assert len(parts) == 80
    assert 10 < sum(len(part.trades) + part.left_out for part in parts) / 80 < 35


def test_every_batch_comes_with_the_trades_after_it() -> None:
    parts = list(islice(open_feed(None, 1, CLASS_S).slices(), 4))
    pairs = list(open_feed(None, 1, CLASS_S).batches(3))
    assert pairs == [(part, later.trades) for part, later in pairwise(parts)]


@pytest.mark.parametrize("seed", [1, 5, 99])
def test_the_fourth_batch_of_the_synthetic_market_is_the_first_of_an_hour(seed: int) -> None:
    """Which is the last of a demonstration as it comes: there funding is charged."""
    hours = [hour(part.time) for part in islice(open_feed(None, seed, CLASS_S).slices(), 4)]
    assert [each - hours[0] for each in hours] == [0, 0, 0, 1]


def test_all_batches_of_a_feed_end_with_it(tmp_path: Path) -> None:
    path = written(tmp_path / "feed", trade(START_MS), trade(START_MS + 4_500))
    pairs = list(open_feed(path, 1, CLASS_S).batches(None))
    assert len(pairs) == open_feed(path, 1, CLASS_S).windows == 5
    assert pairs[-1][1] == ()
