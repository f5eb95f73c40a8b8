"""Recorded frames: a receive time in nanoseconds, a space, and the JSON frame as sent.

Of the streams' events, `trade` and `bookTicker` say something here; a book's depth is passed over.
Every other frame that a venue sends by right is skipped and counted by its kind.
"""

from typing import Final

from rollup.codec import shallow_json
from rollup.protocol.order import Side
from sequencer.demo.market.tape.error import BrokenLine
from sequencer.demo.market.tape.record import (
    SYMBOL,
    RecordedTrade,
    Skipped,
    above_zero,
    milliseconds,
    number,
)

SNAPSHOT: Final = frozenset(("lastUpdateId", "bids", "asks"))
TICKER: Final = frozenset(("s", "b", "a", "u"))
"""Members of a book ticker; the spot stream's has no member `e`."""

TRADED: Final = "MARKET"
"""The mark X of a trade between two orders. NA, with price and size 0, is none at all; trades of
the insurance fund are none of the book's."""

UNSPELLABLE: Final = "event of a symbol beyond A-Z and 0-9"


class FrameReader:
    """Frames to trades; keeps the middle of best bid and ask of every symbol."""

    def __init__(self, skipped: Skipped) -> None:
        self._skipped = skipped
        self._middles: dict[str, int] = {}

    def read(self, data: bytes) -> tuple[RecordedTrade, ...]:
        """The trade of a line, or none. Raises BrokenLine."""
        event = self._event(_frame(data))
        if event is None:
            return ()
        match event.get("e", "bookTicker" if event.keys() >= TICKER else None):
            case "trade":
                return self._trade(event)
            case "bookTicker":
                self._ticker(event)
            case "depthUpdate":
                pass
            case kind:
                self._skipped.named("event", kind)
        return ()

    def _event(self, frame: dict[str, object]) -> dict[str, object] | None:
        """The event of a frame, of a combined stream or of a single one."""
        if "stream" in frame:
            event = frame.get("data")
            if isinstance(event, dict):
                return event
            self._skipped.add("stream without an event")
            return None
        if "e" in frame or frame.keys() >= TICKER:
            return frame
        if not frame.keys() >= SNAPSHOT:
            self._skipped.add("answer without an event")
        return None

    def _ticker(self, event: dict[str, object]) -> None:
        symbol = _symbol(event)
        bid, ask = number("b", event.get("b")), number("a", event.get("a"))
        if not symbol:
            self._skipped.add(UNSPELLABLE)
        elif bid == 0 or ask == 0:
            self._skipped.add("one-sided book ticker")
        elif bid >= ask:
            self._skipped.add("locked or crossed book ticker")
        else:
            self._middles[symbol] = (bid + ask) // 2

    def _trade(self, event: dict[str, object]) -> tuple[RecordedTrade, ...]:
        mark = event.get("X", TRADED)
        if mark != TRADED:
            self._skipped.named("trade with X =", mark)
            return ()
        symbol, price = _symbol(event), above_zero("p", event.get("p"))
        size, buyer_is_maker = above_zero("q", event.get("q")), event.get("m")
        if not isinstance(buyer_is_maker, bool):
            raise BrokenLine("m (buyer is maker) must be true or false")
        taker = Side.SELL if buyer_is_maker else Side.BUY
        time = milliseconds("T", event.get("T"))
        middle = self._middles.get(symbol, price)
        if not symbol:
            self._skipped.add(UNSPELLABLE)
            return ()
        return (RecordedTrade(symbol, time, price, size, taker, middle),)


def _symbol(event: dict[str, object]) -> str:
    """The symbol of an event, or nothing if it is one that no market's name can spell."""
    symbol = event.get("s")
    if not isinstance(symbol, str):
        raise BrokenLine("s must be a symbol as text")
    return symbol if SYMBOL.fullmatch(symbol) else ""


def _frame(data: bytes) -> dict[str, object]:
    stamp, space, frame = data.partition(b" ")
    if not space or not stamp.isdigit():
        raise BrokenLine("a receive time, a space and a JSON frame are wanted")
    try:
        record = shallow_json.loads(frame.decode("utf-8"))
    except ValueError:
        raise BrokenLine("the frame is not JSON") from None
    if not isinstance(record, dict):
        raise BrokenLine("the frame must be a JSON object")
    return record
