"""What is said about a feed that cannot be read."""

from pathlib import Path
from typing import Final

WANTED: Final = "recorded frames or Binance aggTrades/klines as CSV, .gz or .zip"
"""What is read, in the words of every refusal and of the command's help."""


class TapeError(Exception):
    """A feed that is not as wanted. `line` counts from 1; 0 is the file itself."""

    def __init__(self, path: Path, line: int, detail: str) -> None:
        place = f"line {line}: " if line else ""
        super().__init__(f"{path}: {place}{detail}")
        self.path = path
        self.line = line
        self.detail = detail


class BrokenLine(ValueError):
    """A line that is not as wanted, said by who reads it; which line it was, its caller knows."""
