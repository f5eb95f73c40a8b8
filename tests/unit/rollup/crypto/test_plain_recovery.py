"""The plain recovery of a signer and the library's: one answer, on honest and hostile bytes
alike."""

import sys
from random import Random

import pytest

from rollup.crypto.address_key import AddressKey, signer_of
from rollup.crypto.plain_recovery import plain_signer_of
from rollup.crypto.signature_form import ORDER, SignatureError
from rollup.hash.keccak import keccak256

KEY = AddressKey(keccak256(b"a key"))
DIGEST = keccak256(b"a message")
SIGNATURE = KEY.sign(DIGEST)


def _both(digest: bytes, signature: bytes) -> bytes | None:
    """What both say; None where both refuse."""
    found = []
    for recover in (plain_signer_of, signer_of):
        try:
            found.append(recover(digest, signature))
        except SignatureError:
            found.append(None)
    assert found[0] == found[1]
    return found[0]


def test_the_signer_is_found() -> None:
    assert _both(DIGEST, SIGNATURE) == KEY.address
    assert _both(keccak256(b"another"), SIGNATURE) != KEY.address


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


R, S, V = SIGNATURE[:32], int.from_bytes(SIGNATURE[32:64], "big"), SIGNATURE[64]
FIELD = 2**256 - 2**32 - 977


@pytest.mark.parametrize(
    "signature",
    [
        R + _word(ORDER - S) + bytes((55 - V,)),
        R + _word(ORDER - S) + bytes((V,)),
        R + _word(S) + bytes((V - 27,)),
        R + _word(S) + bytes((29,)),
        _word(0) + _word(S) + bytes((V,)),
        _word(ORDER) + _word(S) + bytes((V,)),
        _word(FIELD + 1) + _word(S) + bytes((V,)),
        _word(2**256 - 1) + _word(S) + bytes((V,)),
        R + _word(0) + bytes((V,)),
        R + _word(ORDER + S if ORDER + S < 2**256 else 2**256 - 1) + bytes((V,)),
        _word(5) + _word(S) + bytes((V,)),
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        b"",
        bytes(65),
    ],
    ids=[
        "malleated",
        "with the higher s",
        "v of 0 or 1",
        "v of 29",
        "r of 0",
        "r of the order",
        "r beyond the field",
        "the largest r",
        "s of 0",
        "s beyond the order",
        "r of no point",
        "one byte fewer",
        "one byte more",
        "nothing",
        "zeros",
    ],
)
def test_what_no_key_can_have_signed_is_refused_by_both(signature: bytes) -> None:
    assert _both(DIGEST, signature) is None


def test_a_signature_that_recovers_to_no_point_is_refused_by_both() -> None:
    """s R = z G: the key would be the point at infinity, which py-ecc writes as (0, 0)."""
    r, s = int.from_bytes(R, "big"), S
    key = int.from_bytes(keccak256(b"a key"), "big")
    z = int.from_bytes(DIGEST, "big")
    nonce = (z + r * key) * pow(s, -1, ORDER) % ORDER
    digest = _word(s * nonce % ORDER)
    assert _both(digest, SIGNATURE) is None


def test_both_agree_over_many_seeds() -> None:
    random, honest = Random("recovery"), 0
    for _ in range(40):
        key = AddressKey(_word(1 + random.randrange(ORDER - 1)))
        digest = random.randbytes(32)
        signature = bytearray(key.sign(digest))
        honest += _both(digest, bytes(signature)) == key.address
        signature[random.randrange(65)] ^= 1 << random.randrange(8)
        assert _both(digest, bytes(signature)) != key.address
    assert honest == 40


def test_the_limit_of_recursion_stays_what_it_was() -> None:
    """py-ecc raises it to 100,000 where it is imported."""
    import subprocess

    code = (
        "import sys; before = sys.getrecursionlimit(); import rollup.crypto.plain_recovery; "
        "print(before == sys.getrecursionlimit())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
