"""Answers: one size, for one key, and nothing else opens them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto.answer import ANSWER_BYTES, DATA_BYTES_MAX, ResponseKey, seal_answer
from rollup.crypto.envelope import Destination, EnvelopeError, EnvelopeReason

HERE = Destination(7, 9)
KEY = ResponseKey.generate()
UNUSABLE = (None, bytes(32), b"short", b"\1" + bytes(31))


@given(st.binary(max_size=300))
def test_what_was_sealed_is_opened(data: bytes) -> None:
    assert KEY.open(seal_answer(data, KEY.public_bytes, HERE), HERE) == data


@pytest.mark.parametrize("size", [0, 1, 4096, DATA_BYTES_MAX])
def test_an_answer_has_one_size_whatever_it_says(size: int) -> None:
    sealed = seal_answer(bytes(size), KEY.public_bytes, HERE)
    assert len(sealed) == ANSWER_BYTES and (ANSWER_BYTES - 48) % 4096 == 0
    assert KEY.open(sealed, HERE) == bytes(size)


@pytest.mark.parametrize("key", UNUSABLE)
def test_an_answer_to_nobody_has_the_same_size_and_nobody_opens_it(key: bytes | None) -> None:
    sealed = seal_answer(b"secret", key, HERE)
    assert len(sealed) == ANSWER_BYTES
    with pytest.raises(EnvelopeError):
        KEY.open(sealed, HERE)


def test_data_that_is_too_long_is_not_sealed() -> None:
    with pytest.raises(ValueError, match=str(DATA_BYTES_MAX)):
        seal_answer(bytes(DATA_BYTES_MAX + 1), KEY.public_bytes, HERE)


@pytest.mark.parametrize("place", [0, 31, 32, 1_000, ANSWER_BYTES - 1])
def test_a_changed_answer_does_not_open(place: int) -> None:
    sealed = bytearray(seal_answer(b"secret", KEY.public_bytes, HERE))
    sealed[place] ^= 1
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(bytes(sealed), HERE)
    assert caught.value.reason is EnvelopeReason.NOT_AUTHENTIC


def test_an_answer_of_another_venue_or_size_does_not_open() -> None:
    sealed = seal_answer(b"secret", KEY.public_bytes, HERE)
    with pytest.raises(EnvelopeError):
        KEY.open(sealed, Destination(7, 8))
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed[:-1], HERE)
    assert caught.value.reason is EnvelopeReason.SIZE


def test_a_response_key_does_not_show_itself() -> None:
    assert repr(KEY) == str(KEY) == "ResponseKey(private)"
