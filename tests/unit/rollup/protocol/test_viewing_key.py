"""A viewing key as bytes: one encoding, and nothing of a wrong one is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto import fresh
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.viewing_key import (
    VIEWING_KEY_BYTES,
    viewing_key_from_bytes,
    viewing_key_to_bytes,
)

words = st.integers(0, P - 1)


@given(st.tuples(*[words] * 8))
def test_a_key_comes_back(key: Digest) -> None:
    data = viewing_key_to_bytes(key)
    assert len(data) == VIEWING_KEY_BYTES == 32
    assert viewing_key_from_bytes(data) == key


@given(st.binary(min_size=32, max_size=32))
def test_bytes_are_a_key_with_this_encoding_or_refused(data: bytes) -> None:
    try:
        key = viewing_key_from_bytes(data)
    except Rejected as refusal:
        assert refusal.reason is Reason.WORD_OUT_OF_BOUNDS
        return
    assert viewing_key_to_bytes(key) == data


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_another_size_is_refused_and_named(size: int) -> None:
    with pytest.raises(Rejected, match=f"32 bytes is wanted, {size} came") as caught:
        viewing_key_from_bytes(bytes(size))
    assert caught.value.reason is Reason.MALFORMED


def test_a_word_that_is_no_field_element_is_refused_and_not_shown() -> None:
    for place in range(8):
        data = bytes(4 * place) + P.to_bytes(4, "little") + bytes(28 - 4 * place)
        with pytest.raises(Rejected) as caught:
            viewing_key_from_bytes(data)
        assert caught.value.reason is Reason.WORD_OUT_OF_BOUNDS
        assert data.hex() not in str(caught.value)


def test_a_fresh_key_is_another_one_every_time_and_of_the_field() -> None:
    drawn = {fresh.viewing_key() for _ in range(8)}
    assert len(drawn) == 8
    assert all(viewing_key_from_bytes(viewing_key_to_bytes(key)) == key for key in drawn)
