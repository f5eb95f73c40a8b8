"""All trades of a file in order of time, whichever way it writes them down."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from sequencer.demo.market.tape.error import WANTED, BrokenLine, TapeError
from sequencer.demo.market.tape.frames import FrameReader
from sequencer.demo.market.tape.record import SYMBOL, RecordedTrade, Skipped
from sequencer.demo.market.tape.source import Line, content_name, read_lines
from sequencer.demo.market.tape.tables import TableReader, require_columns

FRAME: Final = re.compile(rb"[0-9]+ ")
NAME: Final = re.compile(r"[^-.]+")
CUT: Final = "cut last line"

Reader = FrameReader | TableReader


class Recording:
    """One reading of a file: its trades, what was skipped so far, how long its bars are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: Reader | None = None
        self._latest: dict[str, int] = {}
        self.skipped = Skipped()

    @property
    def bar_ms(self) -> int:
        """Length of a bar; 0 where the file shows single trades."""
        return self._reader.bar_ms if isinstance(self._reader, TableReader) else 0

    def trades(self) -> Iterator[RecordedTrade]:
        """Trades of all symbols. Raises TapeError at the first line that is not as wanted.

        Streams of different symbols overtake each other by a little: such a trade gets the time of
        the latest one before it. Within a symbol times never fall.
        """
        now = 0
        for line in read_lines(self._path):
            for trade in self._read(line):
                self._require_order(line, trade)
                now = max(now, trade.time)
                yield trade if trade.time == now else replace(trade, time=now)

    def _read(self, line: Line) -> tuple[RecordedTrade, ...]:
        """The trades of a line; a last one that the end of the file cuts off is skipped."""
        try:
            if self._reader is None:
                self._reader = self._reader_for(line)
            return self._reader.read(line.data)
        except BrokenLine as error:
            if line.is_cut:
                self.skipped.add(CUT)
                return ()
            raise TapeError(self._path, line.number, str(error)) from None

    def _reader_for(self, line: Line) -> Reader:
        """Who reads this file, by its first line; only then does its name matter."""
        if FRAME.match(line.data):
            return FrameReader(self.skipped)
        if b"," not in line.data:
            raise TapeError(self._path, line.number, f"this is not read; wanted: {WANTED}")
        require_columns(line.data)
        return TableReader(self._named_symbol(), self.skipped)

    def _named_symbol(self) -> str:
        """The symbol of a table, which only the file's name says."""
        name = NAME.match(content_name(self._path))
        symbol = name[0].upper() if name is not None else ""
        if not SYMBOL.fullmatch(symbol):
            wanted = "a file name that begins with a symbol is wanted, as BTCUSDT-1m-2024-08.csv"
            raise TapeError(self._path, 0, wanted)
        return symbol

    def _require_order(self, line: Line, trade: RecordedTrade) -> None:
        latest = self._latest.get(trade.symbol, 0)
        if trade.time < latest:
            detail = f"trade times must not fall: {trade.time} < {latest}"
            raise TapeError(self._path, line.number, detail)
        self._latest[trade.symbol] = trade.time
