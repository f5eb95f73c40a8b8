"""The feed's reader: what it takes, and what it says about everything else."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from rollup.protocol.order import Side
from sequencer.demo.market.calibration import TAPE_FILE
from sequencer.demo.market.tape import TapeError, read_trades
from sequencer.demo.market.trade import WantedTrade, slices

DATA = Path(os.environ.get("CRYPSIS_DATA", Path(__file__).parents[4] / "shared" / "data"))
TAPE = DATA / TAPE_FILE

TRADE = {"e": "trade", "s": "BTCUSDT", "T": 5, "p": "61800.30", "q": "0.006", "m": False}
TICKER = {"e": "bookTicker", "s": "BTCUSDT", "b": "61800.20", "a": "61800.30"}
SNAPSHOT = {"lastUpdateId": 1, "bids": [], "asks": []}


def line(event: dict[str, object], stamp: str = "1723161255030314667") -> bytes:
    return f"{stamp} {json.dumps({'stream': 'x', 'data': event})}\n".encode()


def feed(path: Path, *lines: bytes) -> Path:
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path


def read(path: Path) -> list[WantedTrade]:
    return list(read_trades(path, 0, 10))


def test_trades_come_with_side_lots_and_middle(tmp_path: Path) -> None:
    path = feed(
        tmp_path / "feed.gz",
        line(TICKER),
        f"1 {json.dumps(SNAPSHOT)}\n".encode(),
        line({"e": "depthUpdate", "s": "BTCUSDT"}),
        line(TRADE),
        line({**TRADE, "m": True, "T": 6, "p": "61800.20"}),
    )
    assert read(path) == [
        WantedTrade(5, 0, 618_003, 60, Side.BUY, 618_002),
        WantedTrade(6, 0, 618_002, 60, Side.SELL, 618_002),
    ]


@pytest.mark.parametrize(
    ("bad", "wanted"),
    [
        (b"no frame\n", "a receive time"),
        (b"12{}\n", "a receive time"),
        (b"12 {\n", "not JSON"),
        (b"12 []\n", "JSON object"),
        (b"12 {}\n", "book snapshot"),
        (line({"e": "liquidation"}), "an event of trade"),
        (line({**TRADE, "s": "ETHUSDT"}), "symbol BTCUSDT"),
        (line({**TRADE, "p": "61800.35"}), "on the tick of 0.1"),
        (line({**TRADE, "p": "-1.00"}), "2 decimals"),
        (line({**TRADE, "p": 61800.3}), "2 decimals"),
        (line({**TRADE, "p": "1" * 30 + ".00"}), "too large"),
        (line({**TRADE, "p": "0.00"}), "above zero"),
        (line({**TRADE, "q": "0.000"}), "above zero"),
        (line({**TRADE, "q": "1e3"}), "3 decimals"),
        (line({**TRADE, "q": "٠.٠٠١"}), "3 decimals"),
        (line({**TRADE, "T": "5"}), "trade time T"),
        (line({**TRADE, "T": True}), "trade time T"),
        (line({**TRADE, "m": 1}), "m \\(buyer is maker\\)"),
        (line({**TRADE, "T": 4}), "must not fall"),
        (line({**TICKER, "a": "61800.20"}), "below the ask"),
    ],
)
def test_a_bad_line_is_named_with_what_was_wanted(tmp_path: Path, bad: bytes, wanted: str) -> None:
    path = feed(tmp_path / "feed.gz", line(TRADE), bad)
    with pytest.raises(TapeError, match=wanted) as caught:
        read(path)
    assert caught.value.line == 2


def test_files_that_are_no_feed_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.gz"
    with pytest.raises(TapeError, match="No such file"):
        read(missing)
    with pytest.raises(TapeError):
        read(tmp_path)
    plain = tmp_path / "plain"
    plain.write_bytes(line(TRADE))
    with pytest.raises(TapeError, match="a gzip file is wanted"):
        read(plain)
    whole = gzip.compress(line(TRADE) * 100)
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(whole[:-20])
    with pytest.raises(TapeError, match="damaged"):
        read(damaged)
    damaged.write_bytes(whole[:20] + b"\xff\xff\xff" + whole[23:])
    with pytest.raises(TapeError):
        read(damaged)
    with pytest.raises(TapeError, match="no trade"):
        read(feed(tmp_path / "empty.gz"))


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="a line below"):
        read(feed(tmp_path / "long.gz", b"1 " + b"[" * (1 << 21)))


@pytest.mark.skipif(not TAPE.exists(), reason=f"no {TAPE}; CRYPSIS_DATA names the folder")
def test_the_real_feed_is_read_whole() -> None:
    trades = read(TAPE)
    assert len(trades) == 21_313
    assert sum(trade.size for trade in trades) * 10**-5 * 10 == pytest.approx(2_429.4, abs=1)
    assert Counter(trade.taker for trade in trades)[Side.SELL] == 11_697
    assert all(abs(trade.mid - trade.price) < 1_000 for trade in trades)


def test_slices_have_the_price_before_their_first_trade_and_rising_times() -> None:
    trades = [
        WantedTrade(10, market, 100 + n, 1, Side.BUY, 99 + n)
        for n, market in enumerate((0, 0, 1, 0, 0))
    ]
    cut = list(slices(trades, 2, 9, (50, 60, 1, 1)))
    assert [(part.time, part.prices[:2], len(part.trades)) for part in cut] == [
        (10, (99, 60), 2),
        (11, (102, 101), 2),
    ]
