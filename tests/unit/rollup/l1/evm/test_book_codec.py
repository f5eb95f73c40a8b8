"""The market book on chain: its bytes read and written as the rules do, and no others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.strict import CodecError
from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.market_book import BOOK_TAG, ENTRY_NUMBERS, MarketBook
from rollup.protocol.market_book_codec import book_from_bytes
from rollup.protocol.rejection import Rejected
from tests.helpers.contracts import MALFORMED, CallRefused, Probe, members_of
from tests.helpers.market_books import book_of
from tests.helpers.venue import PRICES
from tests.helpers.venue_batches import books

PROBE = Probe("BookCodecProbe")
BOOK = book_of(PRICES, funding=(7, -3, *([0] * 62)))
NUMBERS_AT = len(BOOK_TAG) + 32
ENTRY_AT = NUMBERS_AT + 5 * 8
ENTRY_BYTES = 9 * 8


def is_read(data: bytes) -> bool:
    """Whether these are a book's bytes, to contract and rules alike."""
    try:
        wanted = book_from_bytes(data)
    except (CodecError, Rejected):
        assert PROBE.refusal("read", data) == MALFORMED
        return False
    assert PROBE.ask("read", data) == members_of(PROBE, "read", wanted)
    return True


@given(books())
def test_a_book_is_read_and_written_and_has_its_digest(book: MarketBook) -> None:
    assert is_read(book.encode())
    assert PROBE.ask("encode", book) == (book.encode(), book.digest())


def test_the_largest_book_is_read_and_one_more_market_is_none() -> None:
    entry = BOOK.markets[0]
    full = replace(BOOK, markets=(entry,) * MARKETS_MAX)
    assert is_read(full.encode())
    data = bytearray(full.encode() + full.encode()[-ENTRY_BYTES:])
    data[NUMBERS_AT + 32 : ENTRY_AT] = (MARKETS_MAX + 1).to_bytes(8, "big")
    assert not is_read(bytes(data))


def test_other_lengths_are_none() -> None:
    data = BOOK.encode()
    for length in (0, 1, len(BOOK_TAG), NUMBERS_AT, ENTRY_AT, ENTRY_AT + 71, len(data) - 1):
        assert not is_read(data[:length])
    for more in (b"\0", bytes(8), data[-ENTRY_BYTES:], data):
        assert not is_read(data + more)


def test_another_tag_or_count_is_none() -> None:
    data = BOOK.encode()
    assert not is_read(b"crypsis-book-3" + data[len(BOOK_TAG) :])
    for count in (0, 1, 3, 2 + (1 << 32), 2 + (1 << 63)):
        counted = count.to_bytes(8, "big")
        assert not is_read(data[: NUMBERS_AT + 32] + counted + data[ENTRY_AT:])


EDGES = sorted(
    {
        edge + beside
        for edge in (0, 2**10, 10**4, 500, 8 * 10**6, 2**28, -(2**28), 2**29, 2**30, 2**52, 2**62)
        for beside in (-1, 0, 1)
    }
    | {-(2**63), 2**63 - 1, (1 << 52) // 3_600_000, (1 << 52) // 3_600_000 + 1, 2**28 - 2**32}
)
"""Numbers at and beside every bound of a book."""


@pytest.mark.parametrize("place", [*range(4), *range(5, 14)])
def test_every_bound_of_every_number_is_that_of_the_rules(place: int) -> None:
    """All but the count: four numbers of the book, nine of its first market."""
    data, start, taken = BOOK.encode(), NUMBERS_AT + 8 * place, []
    for number in EDGES:
        taken.append(
            is_read(data[:start] + number.to_bytes(8, "big", signed=True) + data[start + 8 :])
        )
    assert any(taken) and not all(taken)
    assert len(ENTRY_NUMBERS) == 6, "numbers of an entry before its flags"


@given(st.integers(0, len(BOOK.encode()) - 1), st.integers(1, 255))
def test_a_byte_changed_is_another_book_or_none(place: int, change: int) -> None:
    data = bytearray(BOOK.encode())
    data[place] ^= change
    is_read(bytes(data))


def test_a_call_of_garbage_is_refused() -> None:
    with pytest.raises(CallRefused):
        PROBE.ask("read", b"\xff" * 500)
