"""BLS signatures that many keys join in one: BLS12-381, keys in G1, signatures in G2.

The ciphersuite is BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ of draft-irtf-cfrg-bls-signature, as
py-ecc has it. A point is not compressed here, so that a contract can hand it on (EIP-2537): a key
is x || y, a signature x0 || x1 || y0 || y1, each number 48 bytes big-endian, an element of Fp2 its
real part first. The point at infinity is neither.

A key counts among others only once its holder has *proved possession* of its secret: without that,
whoever chose a key last could cancel those of others out of the sum (a rogue key).
"""

import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Final, NoReturn, Self

__all__ = [
    "KEY_BYTES",
    "NUMBER_BYTES",
    "ORDER",
    "SECRET_BYTES",
    "SIGNATURE_BYTES",
    "BlsError",
    "BlsSecret",
    "aggregate",
    "is_possessed",
    "is_signed_by_all",
    "library",
    "require_key",
]

NUMBER_BYTES: Final = 48
KEY_BYTES: Final = 2 * NUMBER_BYTES
SIGNATURE_BYTES: Final = 4 * NUMBER_BYTES
SECRET_BYTES: Final = 32

ORDER: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Of the groups; a secret is above 0 and below it."""

REMEMBERED_MAX: Final = 512
"""Verdicts that are kept: a venue, a member and an L1 in one process ask the same again, and each
takes half a second. A verdict depends on nothing but the bytes that are asked about."""


class BlsError(ValueError):
    """Bytes that are no key, no signature or no secret. Shows nothing of a secret."""


class BlsSecret:
    """A secret key; `key` is its public one. Never shown or pickled."""

    __slots__ = ("_secret", "key")

    def __init__(self, material: bytes) -> None:
        if not isinstance(material, bytes) or len(material) != SECRET_BYTES:
            raise BlsError(f"a BLS secret is {SECRET_BYTES} bytes")
        secret = int.from_bytes(material, "big")
        if not 0 < secret < ORDER:
            raise BlsError("a BLS secret is above 0 and below the order of the group")
        self._secret = secret
        self.key = _key_bytes(_suite().SkToPk(secret))

    def __repr__(self) -> str:
        return f"BlsSecret({self.key.hex()[:16]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a BLS secret is not pickled")

    @classmethod
    def from_number(cls, number: int) -> Self:
        """The secret that is a number, above 0 and below ORDER."""
        return cls(number.to_bytes(SECRET_BYTES, "big"))

    def to_bytes(self) -> bytes:
        """What makes it again, to keep in a private file."""
        return self._secret.to_bytes(SECRET_BYTES, "big")

    def sign(self, message: bytes) -> bytes:
        """The one signature of a message."""
        return _signature_bytes(_suite().Sign(self._secret, message))

    def prove_possession(self) -> bytes:
        """The signature that shows that the secret of `key` is known: of the key itself, in a
        domain of its own."""
        return _signature_bytes(_suite().PopProve(self._secret))


def require_key(key: bytes) -> None:
    """BlsError unless it is a point of the curve and of its subgroup, not at infinity, in its one
    form."""
    if not _suite().KeyValidate(_compressed_key(key)):
        raise BlsError("a BLS key is of the subgroup of prime order")


def is_possessed(key: bytes, proof: bytes) -> bool:
    """Whether whoever made the proof knew the secret of the key. False for what is no key or no
    signature."""
    return _are_bytes(key, proof) and _is_possessed(key, proof)


@lru_cache(maxsize=REMEMBERED_MAX)
def _is_possessed(key: bytes, proof: bytes) -> bool:
    try:
        packed, signature = _compressed_key(key), _compressed_signature(proof)
    except BlsError:
        return False
    return bool(_suite().PopVerify(packed, signature))


def aggregate(signatures: Sequence[bytes]) -> bytes:
    """What holds where each of these does, of one message by its own key. One that is wrong spoils
    it, so each is verified before. BlsError for what is no signature, and where they cancel out."""
    packed = [_compressed_signature(each) for each in signatures]
    if not packed:
        raise BlsError("one signature at least is wanted")
    return _signature_bytes(_suite().Aggregate(packed))


def is_signed_by_all(keys: Sequence[bytes], message: bytes, signature: bytes) -> bool:
    """Whether all of these keys, each proved to be possessed, signed the message. False for what is
    no key or no signature. BlsError where there is no key, or one comes twice: the sum does not say
    how many different holders there were, and py-ecc does not ask."""
    if not keys or len(set(keys)) != len(keys):
        raise BlsError("keys are wanted that are all different")
    return _are_bytes(*keys, message, signature) and _is_signed(tuple(keys), message, signature)


@lru_cache(maxsize=REMEMBERED_MAX)
def _is_signed(keys: tuple[bytes, ...], message: bytes, signature: bytes) -> bool:
    try:
        packed = [_compressed_key(each) for each in keys]
        one = _compressed_signature(signature)
    except BlsError:
        return False
    return bool(_suite().FastAggregateVerify(packed, message, one))


def _are_bytes(*values: object) -> bool:
    """Whether all of it can be asked for again: what is no bytes is no key and no signature."""
    return all(isinstance(each, bytes) for each in values)


@cache
def library(name: str) -> Any:
    """A module of py-ecc, whose import lifts the recursion limit of the whole process: that is
    taken back, since it turns deep recursion into a crash."""
    before = sys.getrecursionlimit()
    try:
        return import_module(name)
    finally:
        sys.setrecursionlimit(before)


def _suite() -> Any:
    return library("py_ecc.bls").G2ProofOfPossession


def _numbers(name: str, data: bytes, count: int) -> list[int]:
    """Elements of Fp. BlsError unless each is its one encoding."""
    if not isinstance(data, bytes) or len(data) != count * NUMBER_BYTES:
        raise BlsError(f"a BLS {name} is {count * NUMBER_BYTES} bytes")
    places = range(0, len(data), NUMBER_BYTES)
    numbers = [int.from_bytes(data[at : at + NUMBER_BYTES], "big") for at in places]
    if any(number >= _curve().field_modulus for number in numbers):
        raise BlsError(f"a BLS {name} has numbers below the modulus")
    return numbers


def _curve() -> Any:
    return library("py_ecc.optimized_bls12_381")


def _compressed_key(key: bytes) -> bytes:
    """py-ecc's form. BlsError for what is no point of the curve."""
    x, y = _numbers("key", key, 2)
    curve, primitives = _curve(), library("py_ecc.bls.g2_primitives")
    point = (curve.FQ(x), curve.FQ(y), curve.FQ.one())
    if not curve.is_on_curve(point, curve.b):
        raise BlsError("a BLS key is a point of the curve")
    return bytes(primitives.G1_to_pubkey(point))


def _compressed_signature(signature: bytes) -> bytes:
    """py-ecc's form. BlsError for what is no point of the twist."""
    x0, x1, y0, y1 = _numbers("signature", signature, 4)
    curve, primitives = _curve(), library("py_ecc.bls.g2_primitives")
    point = (curve.FQ2([x0, x1]), curve.FQ2([y0, y1]), curve.FQ2.one())
    if not curve.is_on_curve(point, curve.b2):
        raise BlsError("a BLS signature is a point of the twist")
    return bytes(primitives.G2_to_signature(point))


def _key_bytes(packed: bytes) -> bytes:
    curve = _curve()
    x, y = curve.normalize(library("py_ecc.bls.g2_primitives").pubkey_to_G1(packed))
    return _bytes((x.n, y.n))


def _signature_bytes(packed: bytes) -> bytes:
    point = library("py_ecc.bls.g2_primitives").signature_to_G2(packed)
    if _curve().is_inf(point):
        raise BlsError("these signatures cancel out")
    x, y = _curve().normalize(point)
    return _bytes((*x.coeffs, *y.coeffs))


def _bytes(numbers: Sequence[int]) -> bytes:
    return b"".join(int(number).to_bytes(NUMBER_BYTES, "big") for number in numbers)
