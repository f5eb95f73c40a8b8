"""What the synthetic market is calibrated to: numbers measured on real feeds, with their source.

Tape: Binance USD-M BTCUSDT, 345 s around 2024-08-09 00:00 UTC (`usdm_btcusdt_20240808.gz`): 21,313
trades by 5,436 takers. Bars: BTC and ETH mark prices, hourly, 2024-08-04 to 2024-08-07
(`crash/20240805_*-mark.csv`); tests/unit/sequencer/demo/market/test_calibration.py measures them
again.
"""

from dataclasses import dataclass
from typing import Final

TAPE_FILE: Final = "usdm_btcusdt_20240808.gz"

TAKERS_PER_SECOND: Final = 15.83
"""Groups of trades with one time and side, a second."""

SAME_SIDE: Final = 0.600
"""Chance that a taker trades the way the one before it did."""

FILLS_PER_TAKER: Final = (0.644, 0.119, 0.060, 0.035, 0.022, 0.016, 0.015, 0.011, 0.078)
"""Chance that a taker meets 1, 2, ... 8, or more makers."""

MANY_FILLS: Final = 30
"""Mean fills of a taker in the last class of FILLS_PER_TAKER; the longest on the tape is 348."""

SIZE_LOG_MEAN: Final = -3.997
SIZE_LOG_DEVIATION: Final = 1.872
"""Logarithm of a trade's size in BTC: mean and standard deviation (median 0.016, mean 0.114)."""

SIZE_LARGEST: Final = 46.0
"""BTC; the largest trade of the tape."""

SWEEP: Final = 0.120
"""Chance that a taker trades at more than one price."""

MOVE_PER_SECOND: Final = 1.206e-4
"""Standard deviation of the middle's relative move over a second."""

SPREAD_ONE_TICK: Final = 0.942
"""Share of book updates with a spread of one tick (0.1 USDT)."""

ETH_OVER_BTC: Final = 1.41
"""ETH's hourly volatility over BTC's, from the bars."""

FEED_MS: Final = 1_723_161_256_313
"""Time of the first book update of the tape."""

BTC_PRICE: Final = 61_800.2
"""Best bid at that time, in USDT."""

ETH_PRICE: Final = 2_688.7
"""ETH at about that time, scaled from the bars; only its order of magnitude matters."""


@dataclass(frozen=True, slots=True)
class FlowShape:
    """One market's order flow: sizes in lots, prices in ticks, moves relative to the price."""

    takers_per_second: float
    move_per_second: float
    start: int
    size_median: float
    size_largest: int


def btc_flow(lots_per_coin: int) -> FlowShape:
    """BTC as measured; ticks of 0.1."""
    median = 2.718281828**SIZE_LOG_MEAN * lots_per_coin
    largest = int(SIZE_LARGEST * lots_per_coin)
    return FlowShape(TAKERS_PER_SECOND, MOVE_PER_SECOND, round(BTC_PRICE * 10), median, largest)


def eth_flow(lots_per_coin: int) -> FlowShape:
    """ETH: a third of BTC's takers, the same dollars a trade, moves scaled by ETH_OVER_BTC."""
    ratio = BTC_PRICE / ETH_PRICE
    median = 2.718281828**SIZE_LOG_MEAN * ratio * lots_per_coin
    largest = int(SIZE_LARGEST * ratio * lots_per_coin)
    return FlowShape(
        TAKERS_PER_SECOND / 3,
        MOVE_PER_SECOND * ETH_OVER_BTC,
        round(ETH_PRICE * 100),
        median,
        largest,
    )
