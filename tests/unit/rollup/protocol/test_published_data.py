"""`data.bin`: it comes back as it was, and no other bytes are taken for it."""

from dataclasses import replace

import pytest

from circuits.statement.circuit import HEIGHTS
from rollup.codec.strict import CodecError
from rollup.field.koalabear import P
from rollup.protocol.availability import LEAVES_MAX, POSITIONS_MAX, PublishedLeaf
from rollup.protocol.published_data import (
    DATA_BYTES_MAX,
    DATA_TAG,
    PublishedData,
    published_from_bytes,
)
from rollup.protocol.rejection import Reason
from tests.helpers.published import MAKER, SILENT, PublishedVenue, traded
from tests.helpers.venue import refusal, toy_compress_many

COUNT_AT = len(DATA_TAG) + 4 + 2 * 32
FIRST_AT = COUNT_AT + 4


@pytest.fixture(scope="module")
def place() -> PublishedVenue:
    return traded()


@pytest.fixture(scope="module")
def data(place: PublishedVenue) -> PublishedData:
    """Of the second batch: the fee account, and two with positions."""
    return place.batches[1][1]


def test_what_a_batch_publishes_is_what_its_public_input_commits_to(place: PublishedVenue) -> None:
    for public, data in place.batches:
        assert data.number == public.number
        assert data.commitment(toy_compress_many) == public.data_commitment


def test_every_touched_account_is_published_and_no_other(place: PublishedVenue) -> None:
    touched = [[each.index for each in data.leaves] for _, data in place.batches]
    assert touched == [[0, 1, 2, 3, 4], [0, 1, 2], [0, 1], [0, MAKER, SILENT], [0]]


def test_it_comes_back(place: PublishedVenue) -> None:
    for _, data in place.batches:
        assert published_from_bytes(data.encode()) == data
    sizes = [len(each.words) for each in place.batches[1][1].leaves]
    assert sizes == [16, 16 + 2 * 4, 16 + 2 * 4]


def test_the_largest_is_as_large_as_is_read() -> None:
    digest, words = (P - 1,) * 8, (P - 1,) * 16
    positions, accounts = POSITIONS_MAX, LEAVES_MAX
    fuller = [words + (1,) * 4 * min(64, max(0, positions - 64 * n)) for n in range(accounts)]
    leaves = tuple(PublishedLeaf(n, digest, each) for n, each in enumerate(fuller))  # type: ignore[arg-type]
    largest = PublishedData(2**30 - 1, leaves, digest, digest)  # type: ignore[arg-type]
    encoded = largest.encode()
    assert len(encoded) == DATA_BYTES_MAX < 2**20
    assert published_from_bytes(encoded) == largest
    more = replace(leaves[-1], words=(*leaves[-1].words, 1, 1, 1, 1))
    assert refusal(lambda: replace(largest, leaves=(*leaves[:-1], more))) is Reason.TOO_MANY


def test_every_cut_and_every_byte_more_is_refused_with_what_was_wanted(data: PublishedData) -> None:
    encoded = data.encode()
    for length in range(len(encoded)):
        with pytest.raises(CodecError, match="data: wanted"):
            published_from_bytes(encoded[:length])
    with pytest.raises(CodecError, match="wanted to end after 3 leaves, got 1 bytes more"):
        published_from_bytes(encoded + b"\0")
    with pytest.raises(CodecError, match=f"at most {DATA_BYTES_MAX} bytes"):
        published_from_bytes(bytes(DATA_BYTES_MAX + 1))


def test_other_forms_of_the_same_are_refused(data: PublishedData) -> None:
    encoded = data.encode()
    one, two, three = data.leaves
    for wrong, message in (
        (b"C" + encoded[1:], "to begin with"),
        (_with(encoded, COUNT_AT, 2**32 - 1), "at most .* leaves"),
        (_with(encoded, FIRST_AT, 2**30), "account must be from 0"),
        (_with(encoded, FIRST_AT + 4, 65), "leaf 0: wanted at most 64 positions, got 65"),
        (_with(encoded, len(DATA_TAG), 0), "number must be from 1"),
    ):
        with pytest.raises(CodecError, match=message):
            published_from_bytes(wrong)
    over = encoded[:-4] + P.to_bytes(4, "little")
    with pytest.raises(CodecError, match="word-out-of-bounds"):
        published_from_bytes(over)
    twice = (one, two, two, three)
    assert refusal(lambda: replace(data, leaves=twice)) is Reason.MALFORMED


def test_a_leaf_twice_is_refused_as_bytes_and_another_order_is_other_data(
    data: PublishedData,
) -> None:
    """A proof shows that each leaf is there once, and not in which order."""
    encoded, (one, two, three) = data.encode(), data.leaves
    head = encoded[:COUNT_AT]
    parts = [replace(data, leaves=(each,)).encode()[FIRST_AT:] for each in (one, two, three)]

    def ordered(*order: int) -> bytes:
        return head + len(order).to_bytes(4, "big") + b"".join(parts[place] for place in order)

    assert ordered(0, 1, 2) == encoded
    with pytest.raises(CodecError, match="of each account once"):
        published_from_bytes(ordered(0, 1, 1, 2))
    other = published_from_bytes(ordered(1, 0, 2))
    assert other == replace(data, leaves=(two, one, three))
    assert other.commitment(toy_compress_many) != data.commitment(toy_compress_many)


def test_it_holds_what_a_proof_can_commit_to() -> None:
    for heights in HEIGHTS.values():
        assert heights["account"] <= LEAVES_MAX and heights["position"] <= POSITIONS_MAX


def _with(data: bytes, at: int, number: int) -> bytes:
    return data[:at] + number.to_bytes(4, "big") + data[at + 4 :]
