"""Which markets a feed becomes: their names, decimals and sizes, and what does not fit."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.protocol.order import Side
from sequencer.demo.market.calibration import TAPE_FILE
from sequencer.demo.market.listing import BTC_MARKET, ETH_MARKET
from sequencer.demo.market.tape import tape as tape_module
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.market.tape.tape import BEYOND, Tape, open_tape
from tests.helpers.feeds import START_MS, data_folder, ticker, trade, written

TAPE = data_folder() / TAPE_FILE


def read(folder: Path, *lines: bytes) -> Tape:
    return open_tape(written(folder / "feed", *lines))


@pytest.mark.parametrize(
    ("symbol", "price", "size", "market"),
    [
        ("BTCUSDT", "61800.30", "0.006", ("BTC-PERP", 1, 5)),
        ("ETHUSDC", "2688.71", "0.006", ("ETH-PERP", 2, 4)),
        ("DOGEUSDT", "0.12345", "17", ("DOGE-PERP", 5, 1)),
        ("1000PEPEUSDT", "0.0123450", "3", ("1000PEPE-PERP", 6, 0)),
        ("ETHBTC", "0.05", "0.01", ("ETHBTC", 4, 2)),
        ("BTCUSDT_240927", "61800", "1", ("BTCUSDT-240927", 0, 6)),
    ],
)
def test_a_market_has_the_name_and_the_decimals_that_the_feed_shows(
    tmp_path: Path, symbol: str, price: str, size: str, market: tuple[str, int, int]
) -> None:
    (listing,) = read(tmp_path, trade(START_MS, price, size, symbol)).listings
    listed = listing.market
    assert (listed.symbol, listed.price_decimals, listed.size_decimals) == market
    model = BTC_MARKET if symbol == "BTCUSDT" else ETH_MARKET
    assert listed.initial_fraction == model.initial_fraction


@pytest.mark.parametrize(
    ("symbol", "price", "size", "wanted"),
    [
        ("BTCUSDT", "61800.31", "0.00012", r"BTCUSDT does not fit: .* shows 2 \+ 5"),
        ("SHIBUSDT", "0.00001234", "5", r"SHIBUSDT does not fit: .* shows 8 \+ 0"),
        ("XUSDT", "100000.0001", "1", "XUSDT does not fit: prices below 1,000,000,000 ticks"),
        ("AVERYLONGNAMEUSDT", "1", "1", "AVERYLONGNAMEUSDT does not fit: .*symbol"),
    ],
)
def test_a_symbol_that_fits_no_market_is_refused_by_name(
    tmp_path: Path, symbol: str, price: str, size: str, wanted: str
) -> None:
    with pytest.raises(TapeError, match=wanted):
        read(tmp_path, trade(START_MS, price, size, symbol))


@pytest.mark.parametrize(
    ("size", "divisor", "lots"),
    [("3.000", 1, 300_000), ("3.001", 10, 30_010), ("29.999", 10, 299_990), ("1000", 1000, 10**5)],
)
def test_sizes_are_divided_by_the_power_of_ten_that_suits_the_traders(
    tmp_path: Path, size: str, divisor: int, lots: int
) -> None:
    tape = read(
        tmp_path, trade(START_MS, "100000.0", "0.001"), trade(START_MS, "100000.1", "0.001")
    )
    assert [each.size for each in tape.trades()] == [100, 100]
    tape = read(tmp_path, trade(START_MS, "99999.9", size), trade(START_MS, "1.0", "0.001"))
    assert tape.listings[0].divisor == divisor
    assert [each.size for each in tape.trades()] == [lots, max(1, 100 // divisor)]


def test_a_file_of_several_symbols_lists_the_most_traded_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape_module, "MARKETS_MAX", 4)
    wanted = {"AUSDT": 2, "BUSDT": 5, "CUSDT": 1, "DUSDT": 4, "EUSDT": 3, "FUSDT": 1}
    lines = [
        trade(START_MS + n, f"{place + 1}.5", "1", symbol)
        for place, (symbol, count) in enumerate(wanted.items())
        for n in range(count)
    ]
    tape = read(tmp_path, *lines)
    assert [listing.symbol for listing in tape.listings] == ["BUSDT", "DUSDT", "EUSDT", "AUSDT"]
    assert tape.skipped == {BEYOND: 2}
    trades = list(tape.trades())
    assert Counter(each.market for each in trades) == {0: 5, 1: 4, 2: 3, 3: 2}
    assert {(each.market, each.price) for each in trades} == {
        (0, 25_000),
        (1, 45_000),
        (2, 55_000),
        (3, 15_000),
    }


def test_symbols_that_would_share_a_market_keep_their_own_names(tmp_path: Path) -> None:
    tape = read(tmp_path, trade(), trade(symbol="BTCUSDC"), trade(symbol="ETHUSDT"))
    names = [listing.market.symbol for listing in tape.listings]
    assert names == ["BTCUSDT", "BTCUSDC", "ETH-PERP"]


def test_every_symbol_has_a_middle_of_its_own(tmp_path: Path) -> None:
    lines = (
        ticker("10.0", "10.2", "AUSDT"),
        ticker("20.0", "20.4", "BUSDT"),
        trade(START_MS, "10.2", "1", "AUSDT"),
        trade(START_MS, "20.4", "1", "BUSDT"),
        trade(START_MS, "30.1", "1", "CUSDT"),
    )
    assert [each.mid for each in read(tmp_path, *lines).trades()] == [101_000, 20_200, 30_100]


def test_a_trade_that_another_symbol_overtook_gets_the_later_time(tmp_path: Path) -> None:
    times = (START_MS + 5, START_MS + 3, START_MS + 4, START_MS + 9)
    symbols = ("AUSDT", "BUSDT", "BUSDT", "BUSDT")
    lines = [trade(time, symbol=symbol) for time, symbol in zip(times, symbols, strict=True)]
    tape = read(tmp_path, *lines)
    assert [each.time - START_MS for each in tape.trades()] == [5, 5, 5, 9]
    assert (tape.first_ms, tape.last_ms) == (START_MS + 5, START_MS + 9)


def test_a_file_that_changes_between_its_readings_is_an_error(tmp_path: Path) -> None:
    tape = read(tmp_path, trade())
    written(tmp_path / "feed", trade(size="100000000"))
    with pytest.raises(TapeError, match="the file changed while it was read"):
        list(tape.trades())


@pytest.mark.skipif(not TAPE.exists(), reason=f"no {TAPE}; CRYPSIS_DATA names the folder")
def test_the_recorded_feed_is_read_whole() -> None:
    tape = open_tape(TAPE)
    (listing,) = tape.listings
    market = replace(BTC_MARKET, bucket=618)
    assert (listing.market, listing.divisor, tape.skipped) == (market, 10, {})
    trades = list(tape.trades())
    assert len(trades) == 21_313
    assert sum(trade.size for trade in trades) * 10**-5 * 10 == pytest.approx(2_429.4, abs=1)
    assert Counter(trade.taker for trade in trades)[Side.SELL] == 11_697
    assert all(abs(trade.mid - trade.price) < 1_000 for trade in trades)
