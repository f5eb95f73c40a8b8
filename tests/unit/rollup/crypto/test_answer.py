"""Answers: one size to actions, one to questions; nobody but the sender opens them."""

import hashlib
import secrets
import struct
from collections.abc import Callable

import pytest
from Crypto.Cipher import ChaCha20_Poly1305
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto import answer, hpke
from rollup.crypto.answer import (
    ACTION_ANSWER_BYTES,
    ANSWER_OVERHEAD_BYTES,
    QUESTION_ANSWER_BYTES,
    ResponseKey,
    answer_data_max,
    open_action_answer,
    seal_action_answer,
    seal_question_answer,
)
from rollup.crypto.envelope import (
    Destination,
    EnvelopeError,
    EnvelopeReason,
    OpeningKey,
    PaddingAction,
)
from rollup.crypto.hpke import Exported
from tests.helpers.vectors import envelope_vectors

HERE = Destination(7, 9)
KEY = ResponseKey.generate()
SEALING = OpeningKey.generate().sealing_key()
ANSWERING = Exported(bytes(range(32)), bytes(range(32, 64)))
UNUSABLE = (None, bytes(32), b"short", b"\1" + bytes(31), bytes(31) + b"\x80")
VECTORS = envelope_vectors()

BAD_PADDING: list[Callable[[int], bytes]] = [
    lambda size: struct.pack("<I", size - 3) + bytes(size - 4),
    lambda size: struct.pack("<I", 2**32 - 1) + bytes(size - 4),
    lambda size: struct.pack("<I", 3) + b"abcd" + bytes(size - 8),
    lambda size: bytes(size - 1) + b"\1",
]


def refusal(sealed: bytes, destination: Destination = HERE) -> EnvelopeReason:
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed, destination)
    return caught.value.reason


def action_refusal(sealed: bytes, answering: Exported = ANSWERING) -> EnvelopeReason:
    with pytest.raises(EnvelopeError) as caught:
        open_action_answer(sealed, answering)
    return caught.value.reason


# To an action.


@given(st.binary(max_size=300))
def test_what_became_of_an_action_is_opened_by_its_sender(data: bytes) -> None:
    assert open_action_answer(seal_action_answer(data, ANSWERING), ANSWERING) == data


@pytest.mark.parametrize("used", [0, 1, 300, answer_data_max(ACTION_ANSWER_BYTES)])
def test_an_action_answer_has_one_size_whatever_it_says(used: int) -> None:
    sealed = seal_action_answer(bytes(used), ANSWERING)
    assert len(sealed) == ACTION_ANSWER_BYTES + ANSWER_OVERHEAD_BYTES
    assert open_action_answer(sealed, ANSWERING) == bytes(used)


def test_two_answers_to_one_envelope_share_neither_nonce_nor_keystream() -> None:
    """An envelope that came back to another run, or a bug, must not reveal both plaintexts."""
    one, other = (seal_action_answer(data, ANSWERING) for data in (b"\0" * 500, b"\1" * 500))
    assert one[:32] != other[:32]
    keystreams = [
        bytes(a ^ b for a, b in zip(sealed[36:500], plain, strict=False))
        for sealed, plain in ((one, b"\0" * 464), (other, b"\1" * 464))
    ]
    assert keystreams[0] != keystreams[1]
    assert open_action_answer(one, ANSWERING) != open_action_answer(other, ANSWERING)


@pytest.mark.parametrize("place", [0, 31, 32, 500, ACTION_ANSWER_BYTES + 47])
def test_a_changed_action_answer_does_not_open(place: int) -> None:
    sealed = bytearray(seal_action_answer(b"secret", ANSWERING))
    sealed[place] ^= 1
    assert action_refusal(bytes(sealed)) is EnvelopeReason.NOT_AUTHENTIC


def test_the_answer_to_another_envelope_does_not_open() -> None:
    """Of the same sender, of the same venue, to the same action."""
    one, other = (SEALING.seal_answerable(PaddingAction(), HERE, 0)[1] for _ in range(2))
    sealed = seal_action_answer(b"secret", one)
    assert action_refusal(sealed, other) is EnvelopeReason.NOT_AUTHENTIC
    mixed = Exported(other.encapsulated, one.secret)
    assert action_refusal(sealed, mixed) is EnvelopeReason.NOT_AUTHENTIC


def test_the_secret_is_bound_to_the_venue() -> None:
    """Another venue with the same opening key, and chain and venue mistaken for each other."""
    key = hpke.PrivateKey(X25519PrivateKey.generate())
    sealed = hpke.seal(b"", key.public_bytes, b"", b"")
    labels = [Destination(*each).answer_label() for each in ((7, 9), (8, 9), (7, 10), (9, 7))]
    found = {key.unseal_exporting(sealed, b"", b"", label)[1].secret for label in labels}
    assert len(found) == 4


@pytest.mark.parametrize("size", [0, 32, 256, 559, 561, QUESTION_ANSWER_BYTES + 48])
def test_an_action_answer_of_another_size_does_not_open(size: int) -> None:
    assert action_refusal(bytes(size)) is EnvelopeReason.SIZE


@pytest.mark.parametrize("plaintext", BAD_PADDING)
def test_data_of_an_action_answer_has_one_encoding(plaintext: Callable[[int], bytes]) -> None:
    nonce = bytes(32)
    cipher, cipher_nonce = answer._response_keys(ANSWERING, nonce)
    sealed = nonce + cipher.encrypt(cipher_nonce, plaintext(ACTION_ANSWER_BYTES), b"")
    assert action_refusal(sealed) is EnvelopeReason.PADDING


def by_another_library(sealed: bytes, answering: Exported) -> bytes:
    """The plaintext, by RFC 9458, 4.4, with pycryptodome's primitives."""
    nonce, ciphertext, tag = sealed[:32], sealed[32:-16], sealed[-16:]

    def expanded(label: bytes, size: int) -> bytes:
        salt = answering.encapsulated + nonce
        found = HKDF(answering.secret, size, salt, SHA256, context=label)
        assert isinstance(found, bytes)
        return found

    cipher = ChaCha20_Poly1305.new(key=expanded(b"key", 32), nonce=expanded(b"nonce", 12))
    plaintext: bytes = cipher.decrypt_and_verify(ciphertext, tag)
    return plaintext


def test_another_library_opens_what_is_sealed_here() -> None:
    answering = SEALING.seal_answerable(PaddingAction(), HERE, 0)[1]
    plaintext = by_another_library(seal_action_answer(b"said", answering), answering)
    assert plaintext == struct.pack("<I", 4) + b"said" + bytes(504)


# To a question.


@given(st.binary(max_size=300))
def test_what_was_sealed_is_opened(data: bytes) -> None:
    assert KEY.open(seal_question_answer(data, KEY.public_bytes, HERE), HERE) == data


@pytest.mark.parametrize("used", [0, 1, 300, answer_data_max(QUESTION_ANSWER_BYTES)])
def test_a_question_answer_has_one_size_whatever_it_says(used: int) -> None:
    sealed = seal_question_answer(bytes(used), KEY.public_bytes, HERE)
    assert len(sealed) == QUESTION_ANSWER_BYTES + ANSWER_OVERHEAD_BYTES
    assert KEY.open(sealed, HERE) == bytes(used)


@pytest.mark.parametrize("key", UNUSABLE)
def test_an_answer_to_nobody_has_the_same_size_and_nobody_opens_it(key: bytes | None) -> None:
    sealed = seal_question_answer(b"secret", key, HERE)
    assert len(sealed) == QUESTION_ANSWER_BYTES + ANSWER_OVERHEAD_BYTES
    assert hpke.is_usable(sealed[:32])
    assert refusal(sealed) is EnvelopeReason.NOT_AUTHENTIC


def test_the_key_that_opened_a_question_does_not_open_its_answer() -> None:
    """What the venue holds, and might lose later, is not what the answer is sealed to."""
    private = hpke.PrivateKey(X25519PrivateKey.generate())
    asked = SEALING.seal_answerable(PaddingAction(), HERE, 0)[1]
    sealed = seal_question_answer(b"secret", KEY.public_bytes, HERE)
    with pytest.raises(EnvelopeError):
        ResponseKey(private).open(sealed, HERE)
    assert action_refusal(sealed, asked) is EnvelopeReason.SIZE


def test_data_that_is_too_long_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="508"):
        seal_action_answer(bytes(509), ANSWERING)
    with pytest.raises(ValueError, match="32764"):
        seal_question_answer(bytes(32765), KEY.public_bytes, HERE)


@pytest.mark.parametrize("size", [0, 256, 513, 4096, ACTION_ANSWER_BYTES])
def test_a_question_answer_of_another_size_does_not_open(size: int) -> None:
    bound = (HERE.bound(label) for label in (answer._INFO_LABEL, answer._DATA_LABEL))
    sealed = hpke.seal(bytes(size), KEY.public_bytes, *bound)
    assert refusal(sealed) is EnvelopeReason.SIZE


@pytest.mark.parametrize("place", [0, 31, 32, 500, QUESTION_ANSWER_BYTES + 47])
def test_a_changed_answer_does_not_open(place: int) -> None:
    sealed = bytearray(seal_question_answer(b"secret", KEY.public_bytes, HERE))
    sealed[place] ^= 1
    assert refusal(bytes(sealed)) is EnvelopeReason.NOT_AUTHENTIC


def test_an_answer_under_a_key_of_small_order_does_not_open() -> None:
    """Anybody could have sealed it: the shared secret would be zero."""
    sealed = seal_question_answer(b"", KEY.public_bytes, HERE)
    assert refusal(bytes(32) + sealed[32:]) is EnvelopeReason.ENCAPSULATION


@pytest.mark.parametrize("other", [Destination(8, 9), Destination(7, 10), Destination(9, 7)])
def test_an_answer_of_another_venue_does_not_open(other: Destination) -> None:
    sealed = seal_question_answer(b"secret", KEY.public_bytes, HERE)
    assert refusal(sealed, other) is EnvelopeReason.NOT_AUTHENTIC


def test_an_envelope_is_no_answer() -> None:
    """Sealed to the response key under the labels of envelopes: the labels keep them apart."""
    sealed = hpke.seal(bytes(QUESTION_ANSWER_BYTES), KEY.public_bytes, HERE.info(), HERE.data())
    assert refusal(sealed) is EnvelopeReason.NOT_AUTHENTIC


@pytest.mark.parametrize("plaintext", BAD_PADDING)
def test_data_has_one_encoding(plaintext: Callable[[int], bytes]) -> None:
    bound = (HERE.bound(label) for label in (answer._INFO_LABEL, answer._DATA_LABEL))
    sealed = hpke.seal(plaintext(QUESTION_ANSWER_BYTES), KEY.public_bytes, *bound)
    assert refusal(sealed) is EnvelopeReason.PADDING


def test_neither_key_nor_secret_shows_itself() -> None:
    assert repr(KEY) == str(KEY) == "ResponseKey(private)"
    assert KEY.public_bytes.hex() not in repr(KEY)
    assert repr(ANSWERING) == str(ANSWERING) == "Exported(private)"


# Vectors for other languages.


@pytest.mark.parametrize("vector", VECTORS["action_answers"], ids=lambda each: each["name"])
def test_a_vector_of_an_action_answer_holds(
    vector: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (asked,) = (each for each in VECTORS["envelopes"] if each["name"] == vector["envelope"])
    envelope = bytes.fromhex(asked["envelope"])
    answering = Exported(envelope[:32], bytes.fromhex(asked["answer_secret"]))
    monkeypatch.setattr(secrets, "token_bytes", lambda _: bytes.fromhex(vector["nonce"]))
    sealed = seal_action_answer(vector["data"].encode("ascii"), answering)
    assert sealed.hex() == vector["answer"]
    assert open_action_answer(sealed, answering) == vector["data"].encode("ascii")


@pytest.mark.parametrize("vector", VECTORS["question_answers"], ids=lambda each: each["name"])
def test_a_vector_of_a_question_answer_holds(
    vector: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ephemeral = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["ephemeral_key"]))
    monkeypatch.setattr(hpke.PrivateKey, "generate", lambda: hpke.PrivateKey(ephemeral))
    venue = Destination(VECTORS["chain"], VECTORS["venue"])
    data = vector["data"].encode("ascii")
    private = bytes.fromhex(VECTORS["response_key_private"])
    key = ResponseKey(hpke.PrivateKey(X25519PrivateKey.from_private_bytes(private)))
    sealed = seal_question_answer(data, key.public_bytes, venue)
    assert sealed.hex().startswith(vector["answer_start"])
    assert hashlib.sha256(sealed).hexdigest() == vector["answer_sha256"]
    assert key.open(sealed, venue) == data
