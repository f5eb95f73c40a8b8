"""Feeds that tests write: frames and tables of made-up prices; and where recorded ones may lie."""

import gzip
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

START_MS = 1_700_000_000_000


def data_folder() -> Path:
    """Recorded feeds: CRYPSIS_DATA, or a folder beside the project."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("CRYPSIS_DATA", beside))


def framed(frame: object, stamp: str = "1723161255030314667") -> bytes:
    """A line of a recording."""
    return f"{stamp} {json.dumps(frame)}\n".encode()


def streamed(event: object) -> bytes:
    """A line with an event of a combined stream."""
    return framed({"stream": "x", "data": event})


def trade(
    time: int = START_MS,
    price: str = "50000.10",
    size: str = "0.010",
    symbol: str = "BTCUSDT",
    **members: object,
) -> bytes:
    """A line with a trade that a buyer took; `members` replace those of the event."""
    event = {"e": "trade", "s": symbol, "T": time, "p": price, "q": size, "X": "MARKET"}
    return streamed(event | {"m": False} | members)


def ticker(bid: str, ask: str, symbol: str = "BTCUSDT", **members: object) -> bytes:
    """A line with the best bid and ask."""
    return streamed({"e": "bookTicker", "s": symbol, "b": bid, "a": ask, "u": 1} | members)


def table(rows: Sequence[Sequence[object]]) -> bytes:
    """A CSV."""
    return b"".join(",".join(map(str, row)).encode() + b"\n" for row in rows)


def bar(start: int, prices: Sequence[str], volume: str, bought: str, length: int) -> list[object]:
    """A row of klines: open, high, low, close."""
    return [start, *prices, volume, start + length - 1, "0", 4, bought, "0", "0"]


def zipped(path: Path, *members: tuple[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive."""
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def written(path: Path, *lines: bytes) -> Path:
    """A plain file."""
    path.write_bytes(b"".join(lines))
    return path


def gzipped(path: Path, *lines: bytes) -> Path:
    """A gzip file."""
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path
