"""A price minute by minute goes through what its candle names, and nowhere else."""

from decimal import Decimal
from pathlib import Path

import pytest

from sequencer.stress.candles import MINUTE_MS, Candle, Candles
from sequencer.stress.path import PricePath, decimals_of, waypoints

START = 1_700_000_040_000
OPEN, HIGH, LOW, CLOSE = map(Decimal, ("100", "110", "80", "95"))


def candle(start: int = START) -> Candle:
    return Candle(start, OPEN, HIGH, LOW, CLOSE)


def path(minutes: int, seed: int = 1, decimals: int = 3) -> PricePath:
    period = minutes * MINUTE_MS
    both = (candle(), candle(START + period))
    return PricePath(Candles(Path("btc.csv"), "BTC-PERP", period, both), decimals, seed)


@pytest.mark.parametrize("seed", range(8))
def test_an_hours_extremes_are_reached_and_never_passed(seed: int) -> None:
    found = path(60, seed)
    prices = [found.at(START + minute * MINUTE_MS) for minute in range(60)]
    assert prices[0] == 100_000 and prices[-1] == 95_000
    assert (min(prices), max(prices)) == (80_000, 110_000)


def test_which_extreme_comes_first_is_drawn_from_the_seed() -> None:
    firsts = {waypoints(candle(), 60, seed)[1][1] for seed in range(20)}
    assert firsts == {LOW, HIGH}
    assert waypoints(candle(), 60, 7) == waypoints(candle(), 60, 7)


@pytest.mark.parametrize("minutes", [1, 2, 3, 4])
def test_a_short_candle_ends_at_its_close(minutes: int) -> None:
    points = waypoints(candle(), minutes, 1)
    assert [minute for minute, _ in points] == list(range(minutes))
    assert points[-1] == (minutes - 1, CLOSE)


def test_before_the_first_and_after_the_last_minute_the_price_stands() -> None:
    found = path(60)
    assert found.at(START - 5 * MINUTE_MS) == found.at(START) == 100_000
    assert found.at(START + 500 * MINUTE_MS) == 95_000


def test_a_price_has_as_many_decimals_as_make_a_tick_small() -> None:
    assert [decimals_of(Decimal(first)) for first in ("60684.5", "7893", "200", "0.00004")] == [
        1,
        2,
        3,
        6,
    ]


def test_no_price_is_below_the_least() -> None:
    assert path(60, decimals=0).at(START) == 2**10
