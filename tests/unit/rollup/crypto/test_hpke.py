"""HPKE: the RFC's vectors, pycryptodome in both directions, and keys that agree on nothing."""

import pickle

import pytest
from Crypto.Protocol import HPKE
from Crypto.Protocol.DH import import_x25519_private_key, import_x25519_public_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.crypto import hpke
from rollup.crypto.hpke import OVERHEAD_BYTES, NotAuthentic, PrivateKey, UnusableKey

MODULUS = 2**255 - 19
OF_ORDER_8 = (
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)
"""Coordinates of the points of order 8; those of order 1, 2 and 4 are 0, 1 and p - 1."""

SMALL_ORDER = [
    (coordinate | top).to_bytes(32, "little")
    for coordinate in (0, 1, MODULUS - 1, MODULUS, MODULUS + 1, *OF_ORDER_8)
    for top in (0, 1 << 255)
]
"""Every spelling of 32 bytes: reduced or not, with the bit that RFC 7748 ignores or without."""

KEY = PrivateKey(X25519PrivateKey.from_private_bytes(bytes(range(32))))
INFO, DATA, MESSAGE = b"info", b"data", b"message"

# RFC 9180, appendix A.2.1: base mode, this suite, message 0.
RECIPIENT = bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
EPHEMERAL = bytes.fromhex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600")
ENCAPSULATED = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
SHARED = bytes.fromhex("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7")
VECTOR_INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
BASE_NONCE = bytes.fromhex("5c4d98150661b848853b547f")
VECTOR_DATA = b"Count-0"
VECTOR_MESSAGE = b"Beauty is truth, truth beauty"
CIPHERTEXT = bytes.fromhex(
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
)


EXPORTED = {
    "": "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e",
    "00": "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69",
    "54657374436f6e74657874": "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53",
}
"""A.2.1.2: exporter contexts, and what is exported under each."""


def key_of(private: bytes) -> PrivateKey:
    return PrivateKey(X25519PrivateKey.from_private_bytes(private))


def test_the_published_vector_is_opened_and_sealed() -> None:
    recipient = key_of(RECIPIENT)
    assert recipient.unseal(ENCAPSULATED + CIPHERTEXT, VECTOR_INFO, VECTOR_DATA) == VECTOR_MESSAGE
    ephemeral = key_of(EPHEMERAL)
    sealed = ephemeral.seal_once(VECTOR_MESSAGE, recipient.public_bytes, VECTOR_INFO, VECTOR_DATA)
    assert sealed == ENCAPSULATED + CIPHERTEXT


def test_the_published_intermediate_values_come_out() -> None:
    recipient = key_of(RECIPIENT)
    agreed = recipient._agree(ENCAPSULATED)
    assert hpke._shared_secret(agreed, ENCAPSULATED, recipient.public_bytes) == SHARED
    assert hpke._schedule(SHARED, VECTOR_INFO)[1] == BASE_NONCE


@pytest.mark.parametrize(("label", "exported"), EXPORTED.items())
def test_the_published_exported_values_come_out_at_both_ends(
    label: str, exported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipient, ephemeral = key_of(RECIPIENT), key_of(EPHEMERAL)
    monkeypatch.setattr(hpke.PrivateKey, "generate", lambda: ephemeral)
    place = (VECTOR_INFO, VECTOR_DATA, bytes.fromhex(label))
    sealed, given = hpke.seal_exporting(VECTOR_MESSAGE, recipient.public_bytes, *place)
    message, taken = recipient.unseal_exporting(sealed, *place)
    assert (sealed, message) == (ENCAPSULATED + CIPHERTEXT, VECTOR_MESSAGE)
    assert given == taken and given.encapsulated == ENCAPSULATED
    assert given.secret.hex() == exported


def test_another_message_info_or_label_has_another_secret() -> None:
    place = (INFO, DATA, b"label")
    sealed, given = hpke.seal_exporting(MESSAGE, KEY.public_bytes, *place)
    assert KEY.unseal_exporting(sealed, *place) == (MESSAGE, given)
    assert KEY.unseal_exporting(sealed, INFO, DATA, b"other")[1].secret != given.secret
    other_info = hpke.seal_exporting(MESSAGE, KEY.public_bytes, b"other", DATA, b"label")[1]
    again = hpke.seal_exporting(MESSAGE, KEY.public_bytes, *place)[1]
    assert len({given.secret, other_info.secret, again.secret}) == 3


def test_what_is_not_authentic_exports_nothing() -> None:
    sealed = bytearray(hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA))
    sealed[-1] ^= 1
    with pytest.raises(NotAuthentic):
        KEY.unseal_exporting(bytes(sealed), INFO, DATA, b"label")


messages = st.binary(max_size=300)


@settings(max_examples=25)
@given(messages, messages, messages)
def test_another_library_opens_what_is_sealed_here(
    message: bytes, info: bytes, data: bytes
) -> None:
    sealed = hpke.seal(message, KEY.public_bytes, info, data)
    context = HPKE.new(
        receiver_key=import_x25519_private_key(bytes(range(32))),
        aead_id=HPKE.AEAD.CHACHA20_POLY1305,
        enc=sealed[:32],
        info=info,
    )
    assert context.unseal(sealed[32:], data) == message


@settings(max_examples=25)
@given(messages, messages, messages)
def test_what_another_library_sealed_is_opened_here(
    message: bytes, info: bytes, data: bytes
) -> None:
    context = HPKE.new(
        receiver_key=import_x25519_public_key(KEY.public_bytes),
        aead_id=HPKE.AEAD.CHACHA20_POLY1305,
        info=info,
    )
    sealed = bytes(context.enc + context.seal(message, data))
    assert KEY.unseal(sealed, info, data) == message


@pytest.mark.parametrize("public", SMALL_ORDER, ids=bytes.hex)
def test_nothing_is_agreed_on_with_a_point_of_small_order(public: bytes) -> None:
    """Its shared secret would be zero: everybody could open what is sealed to it, or seal."""
    assert not hpke.is_usable(public)
    with pytest.raises(UnusableKey):
        hpke.seal(MESSAGE, public, INFO, DATA)
    sealed = hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA)
    with pytest.raises(UnusableKey):
        KEY.unseal(public + sealed[32:], INFO, DATA)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33), KEY.public_bytes + b"\0"])
def test_a_key_of_another_size_is_not_usable(public: bytes) -> None:
    assert not hpke.is_usable(public)


def test_keys_of_the_curve_and_of_its_twist_are_usable() -> None:
    assert hpke.is_usable(KEY.public_bytes)
    assert all(hpke.is_usable(bytes([u]) + bytes(31)) for u in range(2, 40))


@pytest.mark.parametrize("place", [0, 15, 31, 32, 38, 39, OVERHEAD_BYTES + len(MESSAGE) - 1])
def test_a_changed_byte_is_not_authentic(place: int) -> None:
    sealed = bytearray(hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA))
    sealed[place] ^= 1
    with pytest.raises(NotAuthentic):
        KEY.unseal(bytes(sealed), INFO, DATA)


def test_another_spelling_of_the_same_encapsulated_key_is_not_authentic() -> None:
    """The curve ignores the top bit; the shared secret is bound to the bytes."""
    sealed = bytearray(hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA))
    sealed[31] ^= 0x80
    with pytest.raises(NotAuthentic):
        KEY.unseal(bytes(sealed), INFO, DATA)


@pytest.mark.parametrize(("info", "data"), [(b"", DATA), (INFO, b""), (DATA, INFO)])
def test_another_info_or_data_is_not_authentic(info: bytes, data: bytes) -> None:
    sealed = hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA)
    with pytest.raises(NotAuthentic):
        KEY.unseal(sealed, info, data)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(NotAuthentic):
        PrivateKey.generate().unseal(hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA), INFO, DATA)


def test_nothing_is_sealed_twice_alike() -> None:
    sealed = {hpke.seal(MESSAGE, KEY.public_bytes, INFO, DATA) for _ in range(3)}
    assert len(sealed) == 3 and len({each[:32] for each in sealed}) == 3


def test_a_private_key_is_in_no_repr_and_no_pickle() -> None:
    assert repr(KEY) == str(KEY) == "PrivateKey(private)"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
