"""Recorded frames: which are trades, which are skipped and counted, which end the reading."""

from pathlib import Path

import pytest

from rollup.protocol.order import Side
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.market.tape.tape import Tape, open_tape
from sequencer.demo.market.trade import WantedTrade
from tests.helpers.feeds import START_MS, framed, streamed, ticker, trade, written

GOOD = (ticker("50000.00", "50000.10"), trade())


def read(folder: Path, *lines: bytes) -> Tape:
    return open_tape(written(folder / "feed", *lines))


def test_trades_come_with_side_lots_and_middle(tmp_path: Path) -> None:
    tape = read(
        tmp_path,
        ticker("61800.20", "61800.30"),
        framed({"lastUpdateId": 1, "bids": [], "asks": []}),
        streamed({"e": "depthUpdate", "s": "BTCUSDT"}),
        trade(5, "61800.30", "0.006"),
        trade(6, "61800.20", "0.006", m=True),
    )
    assert list(tape.trades()) == [
        WantedTrade(5, 0, 618_003, 600, Side.BUY, 618_002),
        WantedTrade(6, 0, 618_002, 600, Side.SELL, 618_002),
    ]
    assert tape.skipped == {}


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (trade(START_MS + 1, "0", "0", X="NA"), "trade with X = NA"),
        (trade(START_MS + 1, X="INSURANCE_FUND"), "trade with X = INSURANCE_FUND"),
        (trade(START_MS + 1, X="\n\n"), "trade with X = of unknown name"),
        (trade(START_MS + 1, s="币安USDT"), "event of a symbol beyond A-Z and 0-9"),
        (ticker("1.0", "1.1", "币安USDT"), "event of a symbol beyond A-Z and 0-9"),
        (ticker("50000.10", "50000.10"), "locked or crossed book ticker"),
        (ticker("50000.20", "50000.10"), "locked or crossed book ticker"),
        (ticker("0.00", "50000.10"), "one-sided book ticker"),
        (framed({"result": None, "id": 1}), "answer without an event"),
        (framed({}), "answer without an event"),
        (streamed({"e": "forceOrder", "o": {}}), "event forceOrder"),
        (streamed({"e": 5}), "event of unknown name"),
        (streamed([]), "stream without an event"),
    ],
)
def test_a_frame_that_is_no_trade_is_skipped_and_counted_by_its_kind(
    tmp_path: Path, frame: bytes, kind: str
) -> None:
    later = trade(START_MS + 2)
    tape = read(tmp_path, *GOOD, frame, frame, later)
    assert tape.skipped == {kind: 2}
    trades = list(tape.trades())
    assert [(each.time, each.mid) for each in trades] == [
        (START_MS, 500_000),
        (START_MS + 2, 500_000),
    ]


def test_kinds_that_a_feed_invents_are_bounded(tmp_path: Path) -> None:
    invented = [streamed({"e": f"event{n}"}) for n in range(100)]
    tape = read(tmp_path, *GOOD, *invented)
    assert len(tape.skipped) == 17
    assert sum(tape.skipped.values()) == 100 and tape.skipped["other events"] == 84


def test_a_last_line_that_is_cut_off_is_skipped_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = trade(START_MS + 1).rstrip(b"\n")
    for length in range(1, len(whole)):
        tape = read(tmp_path, *GOOD, whole[:length])
        assert tape.skipped == {"cut last line": 1}
        assert len(list(tape.trades())) == 1
    assert len(list(read(tmp_path, *GOOD, whole).trades())) == 2


@pytest.mark.parametrize(
    ("bad", "wanted"),
    [
        (b"no frame\n", "a receive time"),
        (b"12{}\n", "a receive time"),
        (b"\n", "a receive time"),
        (b"12 {\n", "not JSON"),
        (b"12 \xff\n", "not JSON"),
        (b"12 []\n", "JSON object"),
        (trade(s=5), "a symbol"),
        (trade(s=None), "a symbol"),
        (trade(price="-1.00"), "p must be a decimal number"),
        (trade(p=61800.3), "p must be a decimal number"),
        (trade(price="1" * 30), "p must be a decimal number"),
        (trade(price="0.000000001"), "p must have at most 8 decimals"),
        (trade(price="0.00"), "p must be above zero"),
        (trade(size="0.000"), "q must be above zero"),
        (trade(size="1e3"), "q must be a decimal number"),
        (trade(size="٠.٠٠١"), "q must be a decimal number"),
        (trade(T="5"), "T must be a time"),
        (trade(T=True), "T must be a time"),
        (trade(T=10**17), "T must be a time"),
        (trade(m=1), r"m \(buyer is maker\)"),
        (trade(START_MS - 1), "must not fall"),
        (ticker("x", "1.00"), "b must be a decimal number"),
    ],
)
def test_a_broken_line_in_the_middle_is_named_with_what_was_wanted(
    tmp_path: Path, bad: bytes, wanted: str
) -> None:
    with pytest.raises(TapeError, match=wanted) as caught:
        read(tmp_path, *GOOD, bad, trade(START_MS + 5))
    assert caught.value.line == 3
    assert str(caught.value).startswith(f"{tmp_path / 'feed'}: line 3: ")


def test_frames_of_a_single_stream_and_of_spot_are_read(tmp_path: Path) -> None:
    tape = read(
        tmp_path,
        framed({"u": 1, "s": "ETHUSDT", "b": "2000.00000000", "B": "1", "a": "2000.02", "A": "1"}),
        framed(
            {
                "e": "trade",
                "s": "ETHUSDT",
                "T": START_MS * 1000 + 7,
                "p": "2000.02000000",
                "q": "0.50000000",
                "m": True,
                "M": True,
            }
        ),
    )
    assert list(tape.trades()) == [WantedTrade(START_MS, 0, 200_002, 5_000, Side.SELL, 200_001)]


def test_a_feed_without_a_trade_says_what_it_held(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="holds no trade; skipped: 1 answer without an event"):
        read(tmp_path, framed({"result": None}))
    with pytest.raises(TapeError, match="holds no trade; skipped: nothing"):
        read(tmp_path)
