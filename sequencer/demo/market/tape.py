"""The real feed: raw Binance USD-M frames, read strictly, turned into trades to bring about.

One line is a receive time in nanoseconds, a space, and the JSON frame as sent: `trade`,
`bookTicker` or `depthUpdate` of the stream, or one REST snapshot of the book.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rollup.codec import shallow_json
from rollup.protocol.order import Side
from sequencer.demo.market.trade import WantedTrade

SYMBOL: Final = "BTCUSDT"
PRICE_DECIMALS: Final = 2
"""Decimals of a price in a frame; our tick of 0.1 is one less."""

SIZE_DECIMALS: Final = 3
"""Decimals of a size in a frame: units of 0.001 BTC."""

LINE_BYTES_MAX: Final = 1 << 20
"""The longest line of the feed, the snapshot, has 60 kB."""

EVENTS: Final = ("trade", "bookTicker", "depthUpdate")


class TapeError(Exception):
    """A feed that is not as wanted. `line` counts from 1; 0 is the file itself."""

    def __init__(self, path: Path, line: int, detail: str) -> None:
        place = f"line {line}: " if line else ""
        super().__init__(f"{path}: {place}{detail}")
        self.path = path
        self.line = line
        self.detail = detail


def read_trades(path: Path, market: int, lots_per_unit: int) -> Iterator[WantedTrade]:
    """The tape's trades in order; a unit of 0.001 BTC becomes `lots_per_unit` lots.

    Raises TapeError at the first line that is not as wanted, when it is reached.
    """
    mid = time = 0
    for number, line in _lines(path):
        event = _frame(path, number, line)
        kind = event.get("e")
        if kind == "bookTicker":
            mid = _middle(path, number, event)
        elif kind == "trade":
            trade = _trade(path, number, event, market, lots_per_unit, mid)
            if trade.time < time:
                raise TapeError(path, number, f"trade times must not fall: {trade.time} < {time}")
            time = trade.time
            yield trade
    if time == 0:
        raise TapeError(path, 0, "the feed holds no trade")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a gzip file."""
    number = 0
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(LINE_BYTES_MAX):
                number += 1
                if not line.endswith(b"\n") and len(line) == LINE_BYTES_MAX:
                    raise TapeError(path, number, f"a line below {LINE_BYTES_MAX} bytes is wanted")
                yield number, line
    except gzip.BadGzipFile as error:
        raise TapeError(path, 0, f"a gzip file is wanted ({error})") from error
    except (EOFError, zlib.error) as error:
        raise TapeError(path, number + 1, f"the gzip stream is damaged ({error})") from error
    except OSError as error:
        raise TapeError(path, 0, error.strerror or type(error).__name__) from error


def _frame(path: Path, number: int, line: bytes) -> dict[str, object]:
    """The event of a line; a snapshot of the book is an event without kind."""
    stamp, space, frame = line.partition(b" ")
    if not space or not stamp.isdigit():
        raise TapeError(path, number, "a receive time, a space and a JSON frame are wanted")
    try:
        record = shallow_json.loads(frame.decode("utf-8"))
    except ValueError:
        raise TapeError(path, number, "the frame is not JSON") from None
    if not isinstance(record, dict):
        raise TapeError(path, number, "the frame must be a JSON object")
    if "stream" not in record:
        if not {"lastUpdateId", "bids", "asks"} <= record.keys():
            raise TapeError(path, number, "an event of a stream or a book snapshot is wanted")
        return {}
    event = record.get("data")
    if not isinstance(event, dict) or event.get("e") not in EVENTS:
        raise TapeError(path, number, f"an event of {', '.join(EVENTS)} is wanted")
    if event.get("s") != SYMBOL:
        raise TapeError(path, number, f"symbol {SYMBOL} is wanted")
    return event


def _middle(path: Path, number: int, event: dict[str, object]) -> int:
    """The middle of best bid and ask, in ticks, rounded down."""
    bid = _decimal(path, number, event, "b", PRICE_DECIMALS)
    ask = _decimal(path, number, event, "a", PRICE_DECIMALS)
    if not 0 < bid < ask:
        raise TapeError(path, number, "a bid above zero and below the ask is wanted")
    return (bid + ask) // 20


def _trade(
    path: Path,
    number: int,
    event: dict[str, object],
    market: int,
    lots_per_unit: int,
    mid: int,
) -> WantedTrade:
    price = _decimal(path, number, event, "p", PRICE_DECIMALS)
    units = _decimal(path, number, event, "q", SIZE_DECIMALS)
    time, buyer_is_maker = event.get("T"), event.get("m")
    if price <= 0 or price % 10:
        raise TapeError(path, number, "a price above zero on the tick of 0.1 is wanted")
    if units <= 0:
        raise TapeError(path, number, "a size above zero is wanted")
    if type(time) is not int or time <= 0:
        raise TapeError(path, number, "a trade time T in milliseconds is wanted")
    if not isinstance(buyer_is_maker, bool):
        raise TapeError(path, number, "m (buyer is maker) must be true or false")
    return WantedTrade(
        time=time,
        market=market,
        price=price // 10,
        size=units * lots_per_unit,
        taker=Side.SELL if buyer_is_maker else Side.BUY,
        mid=mid or price // 10,
    )


def _decimal(path: Path, number: int, event: dict[str, object], name: str, decimals: int) -> int:
    """A decimal text with exactly `decimals` decimals, as an integer of its last place."""
    text = event.get(name)
    whole, point, fraction = text.partition(".") if isinstance(text, str) else ("", "", "")
    digits = whole + fraction
    if not (point and len(fraction) == decimals and digits.isascii() and digits.isdigit()):
        raise TapeError(path, number, f"{name} must be text with {decimals} decimals")
    if len(digits) > 18:
        raise TapeError(path, number, f"{name} is too large")
    return int(digits)
