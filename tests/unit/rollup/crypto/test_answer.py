"""Answers: two sizes, for one key, and nothing else opens them."""

import hashlib
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto import answer, hpke
from rollup.crypto.answer import (
    ACTION_ANSWER_BYTES,
    ANSWER_SIZES,
    QUESTION_ANSWER_BYTES,
    ResponseKey,
    answer_data_max,
    seal_answer,
)
from rollup.crypto.envelope import NO_ANSWER, Destination, EnvelopeError, EnvelopeReason
from tests.helpers.vectors import envelope_vectors

HERE = Destination(7, 9)
KEY = ResponseKey.generate()
UNUSABLE = (None, NO_ANSWER, b"short", b"\1" + bytes(31), bytes(31) + b"\x80")
VECTORS = envelope_vectors()


def sealed_plaintext(plaintext: bytes) -> bytes:
    """A plaintext of any content in an answer that is authentic."""
    bound = (HERE.bound(label) for label in (answer._INFO_LABEL, answer._DATA_LABEL))
    return hpke.seal(plaintext, KEY.public_bytes, *bound)


def refusal(sealed: bytes, destination: Destination = HERE) -> EnvelopeReason:
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed, destination)
    return caught.value.reason


@given(st.binary(max_size=300), st.sampled_from(ANSWER_SIZES))
def test_what_was_sealed_is_opened(data: bytes, size: int) -> None:
    assert KEY.open(seal_answer(data, KEY.public_bytes, HERE, size), HERE) == data


@pytest.mark.parametrize("size", ANSWER_SIZES)
@pytest.mark.parametrize("used", [0, 1, 300, -1])
def test_an_answer_has_one_size_whatever_it_says(size: int, used: int) -> None:
    data = bytes(used if used >= 0 else answer_data_max(size))
    sealed = seal_answer(data, KEY.public_bytes, HERE, size)
    assert len(sealed) == size + hpke.OVERHEAD_BYTES
    assert KEY.open(sealed, HERE) == data


@pytest.mark.parametrize("key", UNUSABLE)
@pytest.mark.parametrize("size", ANSWER_SIZES)
def test_an_answer_to_nobody_has_the_same_size_and_nobody_opens_it(
    key: bytes | None, size: int
) -> None:
    sealed = seal_answer(b"secret", key, HERE, size)
    assert len(sealed) == size + hpke.OVERHEAD_BYTES
    assert hpke.is_usable(sealed[:32])
    assert refusal(sealed) is EnvelopeReason.NOT_AUTHENTIC


def test_data_that_is_too_long_is_not_sealed() -> None:
    for size in ANSWER_SIZES:
        with pytest.raises(ValueError, match=str(size - 4)):
            seal_answer(bytes(size - 3), KEY.public_bytes, HERE, size)


@pytest.mark.parametrize("size", [0, 256, 513, 4096])
def test_another_size_is_neither_sealed_nor_opened(size: int) -> None:
    with pytest.raises(ValueError, match="512"):
        seal_answer(b"", KEY.public_bytes, HERE, size)
    assert refusal(sealed_plaintext(bytes(size))) is EnvelopeReason.SIZE


@pytest.mark.parametrize("place", [0, 31, 32, 500, ACTION_ANSWER_BYTES + 47])
def test_a_changed_answer_does_not_open(place: int) -> None:
    sealed = bytearray(seal_answer(b"secret", KEY.public_bytes, HERE, ACTION_ANSWER_BYTES))
    sealed[place] ^= 1
    assert refusal(bytes(sealed)) is EnvelopeReason.NOT_AUTHENTIC


def test_an_answer_under_a_key_of_small_order_does_not_open() -> None:
    """Anybody could have sealed it: the shared secret would be zero."""
    sealed = seal_answer(b"", KEY.public_bytes, HERE, ACTION_ANSWER_BYTES)
    assert refusal(bytes(32) + sealed[32:]) is EnvelopeReason.ENCAPSULATION


@pytest.mark.parametrize("other", [Destination(8, 9), Destination(7, 10), Destination(9, 7)])
def test_an_answer_of_another_venue_does_not_open(other: Destination) -> None:
    sealed = seal_answer(b"secret", KEY.public_bytes, HERE, ACTION_ANSWER_BYTES)
    assert refusal(sealed, other) is EnvelopeReason.NOT_AUTHENTIC


def test_an_envelope_is_no_answer() -> None:
    """Sealed to the response key under the labels of envelopes: the labels keep them apart."""
    sealed = hpke.seal(bytes(ACTION_ANSWER_BYTES), KEY.public_bytes, HERE.info(), HERE.data())
    assert refusal(sealed) is EnvelopeReason.NOT_AUTHENTIC


@pytest.mark.parametrize(
    "plaintext",
    [
        struct.pack("<I", 509) + bytes(508),
        struct.pack("<I", 2**32 - 1) + bytes(508),
        struct.pack("<I", 3) + b"abcd" + bytes(504),
        bytes(511) + b"\1",
    ],
)
def test_data_has_one_encoding(plaintext: bytes) -> None:
    assert refusal(sealed_plaintext(plaintext)) is EnvelopeReason.PADDING


def test_a_response_key_does_not_show_itself() -> None:
    assert repr(KEY) == str(KEY) == "ResponseKey(private)"
    assert KEY.public_bytes.hex() not in repr(KEY)


@pytest.mark.parametrize("vector", VECTORS["answers"], ids=lambda each: each["name"])
def test_a_vector_for_other_languages_holds(
    vector: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ephemeral = hpke.PrivateKey(
        X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["ephemeral_key"]))
    )
    monkeypatch.setattr(hpke.PrivateKey, "generate", lambda: ephemeral)
    venue = Destination(VECTORS["chain"], VECTORS["venue"])
    data, size = vector["data"].encode("ascii"), int(vector["size"])
    private = bytes.fromhex(VECTORS["response_key_private"])
    key = ResponseKey(hpke.PrivateKey(X25519PrivateKey.from_private_bytes(private)))
    sealed = seal_answer(data, key.public_bytes, venue, size)
    assert sealed.hex().startswith(vector["answer_start"])
    assert hashlib.sha256(sealed).hexdigest() == vector["answer_sha256"]
    assert key.open(sealed, venue) == data


def test_there_is_a_vector_of_each_size() -> None:
    sizes = {int(vector["size"]) for vector in VECTORS["answers"]}
    assert sizes == {ACTION_ANSWER_BYTES, QUESTION_ANSWER_BYTES}
