"""The market book as a record: one form for batch and public input; and read from its own bytes."""

from collections.abc import Sequence

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.hash.keccak import DIGEST_BYTES
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.market_book import (
    BOOK_TAG,
    ENTRY_FLAGS,
    ENTRY_NUMBERS,
    BookEntry,
    MarketBook,
)

_NUMBER_BYTES = 8
_BOOK_NUMBERS = ("hour", "open_since", "stalled")
_MEMBERS = (*ENTRY_NUMBERS, *ENTRY_FLAGS)


def book_value(book: MarketBook) -> Value:
    """The record of a book."""
    return {
        "hour": book.hour,
        "open_since": book.open_since,
        "stalled": book.stalled,
        "debt_stop": book.debt_stop,
        "governance": book.governance.hex(),
        "markets": [{name: getattr(entry, name) for name in _MEMBERS} for entry in book.markets],
    }


def read_book(node: Node) -> MarketBook:
    """The book in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record((*_BOOK_NUMBERS, "debt_stop", "governance", "markets"))
    return MarketBook(
        **{name: record[name].integer() for name in _BOOK_NUMBERS},
        debt_stop=record["debt_stop"].boolean(),
        governance=record["governance"].hexadecimal(DIGEST_BYTES),
        markets=tuple(_read_entry(entry) for entry in record["markets"].items(MARKETS_MAX)),
    )


def _read_entry(node: Node) -> BookEntry:
    record = node.record(_MEMBERS)
    return _entry_of(
        [record[name].integer() for name in ENTRY_NUMBERS],
        [record[name].boolean() for name in ENTRY_FLAGS],
    )


def book_from_bytes(data: bytes) -> MarketBook:
    """The book whose `encode` is `data`. Raises CodecError on other bytes, Rejected on values out
    of bounds."""
    tag, rest = data[: len(BOOK_TAG)], data[len(BOOK_TAG) :]
    governance, rest = rest[:DIGEST_BYTES], rest[DIGEST_BYTES:]
    count, left = divmod(len(rest), _NUMBER_BYTES)
    first, width = len(_BOOK_NUMBERS) + 2, len(_MEMBERS)
    if tag != BOOK_TAG or left or count < first or (count - first) % width:
        raise CodecError("market book: not its canonical bytes")
    hour, open_since, stalled, stop, _, *numbers = (
        int.from_bytes(rest[at : at + _NUMBER_BYTES], "big", signed=True)
        for at in range(0, len(rest), _NUMBER_BYTES)
    )
    entries = (numbers[at : at + width] for at in range(0, len(numbers), width))
    # A flag of another value than 0 and 1 is not written so again.
    plain = len(ENTRY_NUMBERS)
    markets = tuple(
        _entry_of(each[:plain], [flag != 0 for flag in each[plain:]]) for each in entries
    )
    book = MarketBook(hour, open_since, stalled, stop != 0, governance, markets)
    if book.encode() != data:
        raise CodecError("market book: not its canonical bytes")
    return book


def _entry_of(numbers: Sequence[int], flags: Sequence[bool]) -> BookEntry:
    price, funding, carry, step, funding_cap, custody = numbers
    clamped, missing, ended = flags
    return BookEntry(price, funding, carry, step, funding_cap, clamped, missing, custody, ended)
