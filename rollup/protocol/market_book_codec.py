"""The market book as a record: one form for batch and public input; and read from its own bytes."""

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.market_book import BOOK_TAG, ENTRY_NUMBERS, BookEntry, MarketBook

_NUMBER_BYTES = 8


def book_value(book: MarketBook) -> Value:
    """The record of a book."""
    return {
        "hour": book.hour,
        "open_since": book.open_since,
        "markets": [
            {name: getattr(entry, name) for name in ENTRY_NUMBERS} for entry in book.markets
        ],
    }


def read_book(node: Node) -> MarketBook:
    """The book in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record(("hour", "open_since", "markets"))
    return MarketBook(
        hour=record["hour"].integer(),
        open_since=record["open_since"].integer(),
        markets=tuple(_read_entry(entry) for entry in record["markets"].items(MARKETS_MAX)),
    )


def _read_entry(node: Node) -> BookEntry:
    record = node.record(ENTRY_NUMBERS)
    return BookEntry(**{name: record[name].integer() for name in ENTRY_NUMBERS})


def book_from_bytes(data: bytes) -> MarketBook:
    """The book whose `encode` is `data`. Raises CodecError on other bytes, Rejected on values out
    of bounds."""
    tag, rest = data[: len(BOOK_TAG)], data[len(BOOK_TAG) :]
    count, left = divmod(len(rest), _NUMBER_BYTES)
    width = len(ENTRY_NUMBERS)
    if tag != BOOK_TAG or left or count < 3 or (count - 3) % width:
        raise CodecError("market book: not its canonical bytes")
    hour, open_since, _, *numbers = (
        int.from_bytes(rest[at : at + _NUMBER_BYTES], "big", signed=True)
        for at in range(0, len(rest), _NUMBER_BYTES)
    )
    entries = (numbers[at : at + width] for at in range(0, len(numbers), width))
    markets = tuple(BookEntry(*entry) for entry in entries)
    book = MarketBook(hour, open_since, markets)
    if book.encode() != data:
        raise CodecError("market book: not its canonical bytes")
    return book
