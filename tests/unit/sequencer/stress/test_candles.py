"""Candle files: what is read of them, and where a wrong one is wrong."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from sequencer.demo.market.tape.error import TapeError
from sequencer.stress.candles import MINUTE_MS, read_candles, symbol_of, time_of, window
from tests.helpers.candles import HEADER, START_MS, fall, row, write
from tests.helpers.feeds import data_folder

HOUR_MS = 60 * MINUTE_MS
FLAT = (10.0, 10.0, 10.0, 10.0)


def test_an_hour_of_candles_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "20200312_btc_usdt-1h-mark.csv", fall(7400, 0.01, 3), HOUR_MS)
    found = read_candles(path)
    assert (found.symbol, found.period, len(found.all)) == ("BTC-PERP", HOUR_MS, 3)
    assert (found.start, found.end) == (START_MS, START_MS + 3 * HOUR_MS)
    first = found.all[0]
    assert (first.open, first.low) == (Decimal("7400"), Decimal("7326"))


def test_a_packed_file_is_read_as_well(tmp_path: Path) -> None:
    plain = write(tmp_path / "eth_1m.csv", fall(200, 0.01, 2))
    packed = tmp_path / "eth_1m.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_candles(packed).all == read_candles(plain).all


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("20250407_btc_3m.csv", "BTC-PERP"),
        ("BTCUSDT-1h.csv", "BTC-PERP"),
        ("eth.csv", "ETH-PERP"),
        ("sol_perp.csv", "SOL-PERP"),
    ],
)
def test_a_files_name_names_its_market(tmp_path: Path, name: str, symbol: str) -> None:
    assert symbol_of(write(tmp_path / name, fall(10, 0.1, 2))) == symbol


@pytest.mark.parametrize(
    ("second", "detail"),
    [
        ((10.0, 9.0, 8.0, 8.5), "open and close must lie between low and high"),
        ((10.0, 10.0, 0.0, 9.0), "low: above 0 and below 1,000,000,000 is wanted"),
        ((float("nan"), 10.0, 9.0, 9.0), "open: above 0"),
        ((10.0, 1e9, 9.0, 9.0), "high: above 0"),
    ],
)
def test_a_wrong_price_is_named_with_its_line(
    tmp_path: Path, second: tuple[float, float, float, float], detail: str
) -> None:
    with pytest.raises(TapeError, match=detail) as caught:
        read_candles(write(tmp_path / "btc.csv", [FLAT, second]))
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("text", "line", "detail"),
    [
        ("time,open,high,low,close,volume\n", 1, "a header of date, open"),
        (HEADER + "yesterday,1,1,1,1,0\n", 2, "a date in ISO 8601"),
        (HEADER + "2020-03-12 10:00:30+00:00,1,1,1,1,0\n", 2, "begins with a minute"),
        (HEADER + "2020-03-12 10:00:00+00:00,1,1,1,1\n", 2, "6 columns are wanted, 5 came"),
        (HEADER + row(START_MS, FLAT), 0, "two candles are wanted"),
        (HEADER + 2 * row(START_MS, FLAT), 3, "begins after the last one"),
        (
            HEADER + "".join(row(START_MS + at * MINUTE_MS, FLAT) for at in (0, 1, 3)),
            4,
            "a candle 1 minutes after the last one is wanted: no gaps",
        ),
    ],
)
def test_a_wrong_file_is_refused_where_it_is_wrong(
    tmp_path: Path, text: str, line: int, detail: str
) -> None:
    path = tmp_path / "btc.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TapeError, match=detail) as caught:
        read_candles(path)
    assert caught.value.line == line


def test_files_share_the_time_that_all_of_them_have(tmp_path: Path) -> None:
    early = read_candles(write(tmp_path / "btc.csv", fall(10, 0.1, 4), HOUR_MS))
    late = read_candles(write(tmp_path / "eth.csv", fall(10, 0.1, 4), HOUR_MS, START_MS + HOUR_MS))
    both = (early, late)
    assert window(both, None, None) == (START_MS + HOUR_MS, START_MS + 4 * HOUR_MS)
    begin = START_MS + 2 * HOUR_MS
    assert window(both, begin, 1) == (begin, begin + HOUR_MS)
    for wrong in ((START_MS, None), (begin, 3)):
        with pytest.raises(TapeError, match="in common"):
            window(both, *wrong)


def test_a_time_without_a_zone_is_utc() -> None:
    assert time_of("2020-03-12T10:00") == time_of("2020-03-12 11:00:00+01:00") == 1584007200000


def test_recorded_crash_days_are_read() -> None:
    folder = data_folder() / "crash"
    if not folder.exists():
        pytest.skip(f"no recorded crash days in {folder}")
    found = read_candles(folder / "20200312_btc_usdt_usdt-1h-mark.csv")
    assert found.symbol == "BTC-PERP" and found.period == HOUR_MS
    assert min(candle.low for candle in found.all) < 4_000
