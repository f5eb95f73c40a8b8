"""The synthetic market's numbers, measured again: on the real files, and on what it generates."""

import csv
import math
import statistics
from collections.abc import Sequence
from itertools import groupby, islice, pairwise

import pytest

from sequencer.demo.market import calibration
from sequencer.demo.market.calibration import FEED_MS, TAPE_FILE, btc_flow, eth_flow
from sequencer.demo.market.synthetic import flow
from sequencer.demo.market.tape.tape import open_tape
from sequencer.demo.market.trade import WantedTrade
from tests.helpers.feeds import data_folder

DATA = data_folder()
needs_data = pytest.mark.skipif(
    not (DATA / TAPE_FILE).exists(), reason=f"{DATA} is not there (CRYPSIS_DATA names the folder)"
)
LOTS_PER_COIN = 10_000
"""Lots of 1e-5 for a coin of the tape, whose sizes are divided by ten."""


def groups(trades: Sequence[WantedTrade]) -> list[list[WantedTrade]]:
    return [list(group) for _, group in groupby(trades, key=lambda t: (t.time, t.taker))]


def moves(trades: Sequence[WantedTrade]) -> list[float]:
    """Relative moves of the middle from second to second."""
    last = {trade.time // 1000: trade.mid for trade in trades}
    mids = [last[second] for second in sorted(last)]
    return [(b - a) / a for a, b in pairwise(mids)]


def measure(trades: Sequence[WantedTrade]) -> dict[str, float]:
    takers = groups(trades)
    seconds = (trades[-1].time - trades[0].time) / 1000
    sides = [group[0].taker for group in takers]
    pairs = list(pairwise(sides))
    return {
        "takers": len(takers) / seconds,
        "fills": len(trades) / len(takers),
        "single": sum(len(group) == 1 for group in takers) / len(takers),
        "same": sum(a is b for a, b in pairs) / len(pairs),
        "sweep": sum(len({t.price for t in group}) > 1 for group in takers) / len(takers),
        "log": statistics.mean(math.log(t.size / LOTS_PER_COIN) for t in trades),
        "spread": statistics.pstdev(math.log(t.size / LOTS_PER_COIN) for t in trades),
        "move": statistics.pstdev(moves(trades)),
    }


@needs_data
def test_the_constants_are_those_of_the_tape() -> None:
    found = measure(list(open_tape(DATA / TAPE_FILE).trades()))
    assert found["takers"] == pytest.approx(calibration.TAKERS_PER_SECOND, rel=0.01)
    assert found["single"] == pytest.approx(calibration.FILLS_PER_TAKER[0], abs=0.01)
    assert found["same"] == pytest.approx(calibration.SAME_SIDE, abs=0.01)
    assert found["sweep"] == pytest.approx(calibration.SWEEP, abs=0.01)
    assert found["log"] == pytest.approx(calibration.SIZE_LOG_MEAN, abs=0.01)
    assert found["spread"] == pytest.approx(calibration.SIZE_LOG_DEVIATION, abs=0.01)
    assert found["move"] == pytest.approx(calibration.MOVE_PER_SECOND, rel=0.1)


@needs_data
def test_eth_moves_as_much_more_than_btc_as_the_bars_say() -> None:
    deviation = {}
    for coin in ("btc", "eth"):
        name = f"20240805_{coin}_usdt_usdt-1h-mark.csv"
        with (DATA / "crash" / name).open(newline="") as file:
            closes = [float(row["close"]) for row in csv.DictReader(file)]
        steps = [math.log(b / a) for a, b in pairwise(closes)]
        deviation[coin] = statistics.pstdev(steps)
    ratio = deviation["eth"] / deviation["btc"]
    assert ratio == pytest.approx(calibration.ETH_OVER_BTC, abs=0.01)


def test_the_synthetic_market_has_the_habits_it_is_calibrated_to() -> None:
    trades = list(islice(flow(btc_flow(1000 * LOTS_PER_COIN), 0, 1, FEED_MS), 20_000))
    found = measure(trades)
    assert found["takers"] == pytest.approx(calibration.TAKERS_PER_SECOND, rel=0.1)
    assert found["fills"] == pytest.approx(3.92, rel=0.15)
    assert found["single"] == pytest.approx(calibration.FILLS_PER_TAKER[0], abs=0.03)
    assert found["same"] == pytest.approx(calibration.SAME_SIDE, abs=0.03)
    assert found["sweep"] == pytest.approx(calibration.SWEEP, abs=0.04)
    scale = math.log(1000)
    assert found["log"] - scale == pytest.approx(calibration.SIZE_LOG_MEAN, abs=0.1)
    assert found["spread"] == pytest.approx(calibration.SIZE_LOG_DEVIATION, abs=0.1)
    assert found["move"] == pytest.approx(calibration.MOVE_PER_SECOND, rel=0.25)


def test_a_seed_is_a_market() -> None:
    shape = eth_flow(LOTS_PER_COIN)
    first, again, other = (list(islice(flow(shape, 1, seed, FEED_MS), 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert all(trade.price > 0 and trade.size > 0 for trade in first)
