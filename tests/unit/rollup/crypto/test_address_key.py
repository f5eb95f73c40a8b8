"""Signatures that an EVM can check: known answers, another implementation, and what is refused."""

import contextlib
import pickle
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_ecc.secp256k1 import ecdsa_raw_recover

from rollup.crypto.address_key import (
    KEY_BYTES,
    ORDER,
    AddressKey,
    SignatureError,
    signer_of,
)
from rollup.crypto.fresh import address_key_material
from rollup.hash.keccak import keccak256

ONE = AddressKey((1).to_bytes(KEY_BYTES, "big"))
KEY = AddressKey(keccak256(b"a key of the tests"))
DIGEST = keccak256(b"a message")


def test_the_address_of_key_one_is_the_one_that_ethereum_knows() -> None:
    assert ONE.address.hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_nonces_are_those_of_rfc_6979() -> None:
    """The answer that implementations of the curve share, for key 1."""
    signature = ONE.sign(sha256(b"Satoshi Nakamoto").digest())
    assert signature[:64].hex() == (
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
    )


@given(st.binary(min_size=32, max_size=32))
def test_another_implementation_recovers_the_same_address(digest: bytes) -> None:
    signature = KEY.sign(digest)
    r, s = (int.from_bytes(signature[i : i + 32], "big") for i in (0, 32))
    x, y = ecdsa_raw_recover(digest, (signature[64], r, s))
    assert keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:] == KEY.address
    assert signer_of(digest, signature) == KEY.address
    assert s <= ORDER // 2


def test_another_message_is_signed_by_somebody_else() -> None:
    assert signer_of(keccak256(b"another"), KEY.sign(DIGEST)) != KEY.address


def malleated(signature: bytes) -> bytes:
    """What anybody can make of a signature: the same signer by the curve's own law."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes((55 - signature[64],))


def test_a_malleated_signature_is_refused() -> None:
    signature = KEY.sign(DIGEST)
    other = malleated(signature)
    r, s = (int.from_bytes(other[i : i + 32], "big") for i in (0, 32))
    x, y = ecdsa_raw_recover(DIGEST, (other[64], r, s))
    assert keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:] == KEY.address
    with pytest.raises(SignatureError, match="lower half"):
        signer_of(DIGEST, other)
    assert signer_of(DIGEST, malleated(other)) == KEY.address


@pytest.mark.parametrize("last", [0, 1, 26, 29, 30, 255])
def test_only_27_and_28_end_a_signature(last: int) -> None:
    with pytest.raises(SignatureError, match="27 or 28"):
        signer_of(DIGEST, KEY.sign(DIGEST)[:-1] + bytes((last,)))


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 1), (1, 0), (ORDER, 1), (2**256 - 1, 1), (5, 1)],
    ids=["r is 0", "s is 0", "r is the order", "r overflows", "r is no point's"],
)
def test_numbers_that_no_key_signs_with_are_refused(r: int, s: int) -> None:
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"\x1b"
    with pytest.raises(SignatureError, match="point of the curve"):
        signer_of(DIGEST, signature)


@given(st.binary(max_size=70))
def test_whatever_bytes_come_nothing_but_a_refusal_or_an_address_comes_out(data: bytes) -> None:
    with contextlib.suppress(SignatureError):
        assert len(signer_of(DIGEST, data)) == 20


@pytest.mark.parametrize(
    "material", [b"", bytes(32), ORDER.to_bytes(32, "big"), b"\x01" * 31, b"\x01" * 33]
)
def test_bytes_that_are_no_key_are_refused(material: bytes) -> None:
    with pytest.raises(ValueError, match="a signing key is"):
        AddressKey(material)


def test_a_key_shows_its_address_alone_and_is_not_pickled() -> None:
    material = address_key_material()
    key = AddressKey(material)
    assert repr(key) == f"AddressKey({key.address.hex()})"
    assert material.hex() not in repr(key)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert address_key_material() != material
