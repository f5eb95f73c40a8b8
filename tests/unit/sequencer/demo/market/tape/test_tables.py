"""Binance's public tables: trades with or without header, futures and spot; bars as four trades."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rollup.protocol.order import Side
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.market.tape.tables import AGGREGATED_FUTURES, AGGREGATED_SPOT, BARS
from sequencer.demo.market.tape.tape import Tape, open_tape
from sequencer.demo.market.trade import WantedTrade
from tests.helpers.feeds import START_MS, bar, gzipped, table, written, zipped

FUTURES = (
    [1, "61800.3", "0.006", 10, 11, START_MS, "false"],
    [2, "61800.2", "0.5", 12, 12, START_MS + 7, "true"],
)
SPOT = tuple(
    [*row[:5], int(str(row[5])) * 1000 + 999, str(row[6]).title(), "True"] for row in FUTURES
)
TRADES = [
    WantedTrade(START_MS, 0, 618_003, 600, Side.BUY, 618_003),
    WantedTrade(START_MS + 7, 0, 618_002, 50_000, Side.SELL, 618_002),
]
HOUR = 3_600_000
RISE = bar(START_MS, ("100", "130", "90", "120"), "10.0", "5.0", HOUR)
FALL = bar(START_MS, ("100", "130", "90", "95"), "10.0", "5.0", HOUR)


def read(folder: Path, rows: Sequence[Sequence[object]], name: str = "BTCUSDT-x.csv") -> Tape:
    return open_tape(written(folder / name, table(rows)))


@pytest.mark.parametrize("rows", [FUTURES, SPOT])
@pytest.mark.parametrize("with_header", [False, True])
def test_aggregated_trades_are_read_from_futures_and_spot_with_or_without_header(
    tmp_path: Path, rows: Sequence[Sequence[object]], with_header: bool
) -> None:
    header = AGGREGATED_FUTURES if rows is FUTURES else AGGREGATED_SPOT
    tape = read(tmp_path, [header, *rows] if with_header else rows)
    assert list(tape.trades()) == TRADES
    assert (tape.listings[0].market.symbol, tape.bar_ms, tape.skipped) == ("BTC-PERP", 0, {})


def test_the_same_table_is_read_plain_packed_and_zipped(tmp_path: Path) -> None:
    data = table(FUTURES)
    files = (
        written(tmp_path / "BTCUSDT-a.csv", b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")),
        gzipped(tmp_path / "BTCUSDT-a.csv.gz", data),
        zipped(tmp_path / "renamed.zip", ("BTCUSDT-a.csv", data)),
    )
    for file in files:
        assert list(open_tape(file).trades()) == TRADES


@pytest.mark.parametrize(
    ("row", "prices", "sides"),
    [
        (RISE, [100, 90, 130, 120], "SSBB"),
        (FALL, [100, 130, 90, 95], "BBSS"),
        ([*RISE[:9], "10.0", *RISE[10:]], [100, 90, 130, 120], "BBBB"),
        ([*RISE[:9], "0", *RISE[10:]], [100, 90, 130, 120], "SSSS"),
        ([*RISE[:9], "2.6", *RISE[10:]], [100, 90, 130, 120], "SSBS"),
        ([*FALL[:9], "7.6", *FALL[10:]], [100, 130, 90, 95], "BBSB"),
    ],
)
def test_a_bar_becomes_four_trades_on_its_shortest_path_with_the_takers_share_of_buys(
    tmp_path: Path, row: Sequence[object], prices: list[int], sides: str
) -> None:
    trades = list(read(tmp_path, [BARS, row]).trades())
    assert [trade.price for trade in trades] == [price * 1_000 for price in prices]
    assert "".join(trade.taker.name[0] for trade in trades) == sides
    assert [trade.time - START_MS for trade in trades] == [0, HOUR // 4, HOUR // 2, HOUR * 3 // 4]
    assert [trade.mid for trade in trades] == [trade.price for trade in trades]


@pytest.mark.parametrize("volume", ["10.0", "0.7", "1.003", "3", "100000.001"])
def test_the_four_trades_of_a_bar_are_its_volume(tmp_path: Path, volume: str) -> None:
    rows = [bar(START_MS, ("1", "1", "1", "1"), volume, "0", HOUR)]
    tape = read(tmp_path, rows)
    (listing,) = tape.listings
    lots = sum(trade.size for trade in tape.trades()) * listing.divisor
    assert lots == round(float(volume) * 10**listing.market.size_decimals)


def test_a_bar_without_volume_is_no_trade_and_is_counted(tmp_path: Path) -> None:
    quiet = bar(START_MS + HOUR, ("100", "100", "100", "100"), "0.0", "0.0", HOUR)
    tape = read(
        tmp_path, [RISE, quiet, bar(START_MS + 2 * HOUR, ("1", "1", "1", "1"), "4", "4", HOUR)]
    )
    assert tape.skipped == {"bar without volume": 1}
    assert len(list(tape.trades())) == 8 and tape.bar_ms == HOUR


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ([1, "61800.3", "0.006", 10, 11, START_MS], "7 columns are wanted, 6 came"),
        ([1, "x", "0.006", 10, 11, START_MS, "true"], "price must be a decimal"),
        ([1, "0", "0.006", 10, 11, START_MS, "true"], "price must be above zero"),
        ([1, "1", "0", 10, 11, START_MS, "true"], "quantity must be above zero"),
        ([1, "1", "1", 10, 11, "soon", "true"], "column 6 must be a time"),
        ([1, "1", "1", 10, 11, "9" * 30, "true"], "column 6 must be a time"),
        ([1, "1", "1", 10, 11, START_MS, "yes"], "is_buyer_maker must be"),
        ([1, "1", "1", 10, 11, START_MS - 1, "true"], "must not fall"),
        (['"', "1"], "a row of CSV"),
        ([], "a row of CSV|columns are wanted"),
    ],
)
def test_a_broken_row_is_named_and_a_cut_last_one_is_skipped(
    tmp_path: Path, row: list[object], wanted: str
) -> None:
    bad = table([row])
    path = written(tmp_path / "BTCUSDT-a.csv", table(FUTURES[:1]), bad, table(FUTURES[1:]))
    with pytest.raises(TapeError, match=wanted) as caught:
        open_tape(path)
    assert caught.value.line == 2
    cut = bad.rstrip(b"\n")
    if cut and "fall" not in wanted:
        tape = open_tape(written(path, table(FUTURES[:1]), cut))
        assert tape.skipped == {"cut last line": 1}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({2: "99"}, "between low and high"),
        ({3: "105"}, "between low and high"),
        ({6: START_MS}, "close_time must be after"),
        ({9: "11"}, "must not exceed volume"),
    ],
)
def test_a_bar_that_contradicts_itself_is_refused(
    tmp_path: Path, change: dict[int, object], wanted: str
) -> None:
    row = [change.get(place, value) for place, value in enumerate(RISE)]
    with pytest.raises(TapeError, match=wanted):
        read(tmp_path, [row])


@pytest.mark.parametrize(
    "header",
    [
        "date,open,high,low,close,volume",
        "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match",
        "a,b",
        ",".join(BARS[::-1]),
    ],
)
def test_another_table_is_refused_in_one_line_that_says_what_is_read(
    tmp_path: Path, header: str
) -> None:
    with pytest.raises(
        TapeError, match="is not read; wanted: recorded frames or Binance"
    ) as caught:
        open_tape(written(tmp_path / "no symbol.csv", header.encode() + b"\n1,2,3,4,5,6\n"))
    assert "\n" not in str(caught.value)


def test_a_table_without_a_symbol_in_its_name_is_refused(tmp_path: Path) -> None:
    for name in (".csv", "my trades.csv", "-.csv"):
        with pytest.raises(TapeError, match="begins with a symbol"):
            read(tmp_path, FUTURES, name)
