"""Schnorr signatures over the septic curve, in plain integers. Spec: docs/spec/10-signatures.md.

A key is P = k * G. A signature on a message digest m is (R, s) with R = r * G, s = r + c * k mod N
and c the low 24 bits of five elements of the challenge digest of (R, P, m). It holds when
s * G = R + c * P.

Verification runs the circuit's schedule of affine additions, step for step: one ladder, of 30
four-bit digits of c and 28 bytes of s, that starts where it ends on s * G - c * P, which is R. An
addition of two points whose x begin alike refuses the signature, here as there. No honest signer
meets one (about 2^-55 a signature), and to aim at one, with as many tries, gives a signature that
nobody accepts.

This code is not constant-time: it branches and looks tables up by secret values. Sign only where
nobody else measures time or caches.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from rollup.crypto import curve
from rollup.crypto.curve import ExceptionalAddition, Point
from rollup.field.koalabear import is_canonical
from rollup.hash.keccak import keccak256
from rollup.hash.poseidon import Digest, chain

CHALLENGE_TYPE = 7
"""Type code of the challenge's chain (TypeCode.CHALLENGE of the protocol, tested equal)."""

CHALLENGE_PARTS = 5
CHALLENGE_PART_BITS = 24
"""p - 1 = 127 * 2^24: the low 24 bits of a uniform non-zero element are uniform."""

DIGITS_PER_PART = CHALLENGE_PART_BITS // curve.DIGIT_BITS

WORD_BYTES = 4
SIGNATURE_BYTES = curve.POINT_WORDS * WORD_BYTES + curve.BYTES

ENTROPY_BYTES = 32

_NONCE_TAG = b"crypsis/schnorr-nonce/1/"


class MalformedSignature(ValueError):
    """Bytes that no signature encodes to; the message says what was wanted."""


class SecretKey:
    """A trader's secret scalar in 1..N-1. It never appears in a repr, a comparison or a log."""

    __slots__ = ("_public", "_scalar")

    def __init__(self, scalar: int, public: Point | None = None) -> None:
        """`public` is scalar * G where the caller knows it; a wrong one signs nothing valid."""
        if not 0 < scalar < curve.ORDER:
            raise ValueError("a secret scalar lies in 1..N-1")
        self._scalar = scalar
        self._public = public

    def __repr__(self) -> str:
        return "SecretKey(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a secret key is not pickled; use reveal() where it must be stored")

    def reveal(self) -> int:
        """The scalar itself: for signing, and for a key file that nobody else can read."""
        return self._scalar

    def to_bytes(self) -> bytes:
        """28 bytes, little-endian: as secret as the key."""
        return self._scalar.to_bytes(curve.BYTES, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The key that `to_bytes` wrote. Raises ValueError on another length or range."""
        if len(data) != curve.BYTES:
            raise ValueError(f"a secret key has {curve.BYTES} bytes, not {len(data)}")
        return cls(int.from_bytes(data, "little"))

    @property
    def public(self) -> Point:
        """P = k * G, computed once."""
        if self._public is None:
            self._public = times_generator(self._scalar)
        return self._public


@dataclass(frozen=True, slots=True)
class Signature:
    """R and s. Any s below 2^224 is admitted, so s and s + N are two signatures of one message.

    Nothing in the protocol may name an order by its signature.
    """

    r: Point
    s: int

    def __post_init__(self) -> None:
        if not all(is_canonical(word) for word in (*self.r.x, *self.r.y)):
            raise MalformedSignature("the words of R must be canonical, below the field's prime")
        if not 0 <= self.s < 1 << (8 * curve.BYTES):
            raise MalformedSignature(f"s must be {curve.BYTES} bytes")

    def to_bytes(self) -> bytes:
        """84 bytes: R.x and R.y as 14 words of 4 bytes, s as 28 bytes, all little-endian."""
        words = b"".join(word.to_bytes(WORD_BYTES, "little") for word in (*self.r.x, *self.r.y))
        return words + self.s.to_bytes(curve.BYTES, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The signature in these bytes; whether R is on the curve is for `verify` to say.

        Raises MalformedSignature on another length or a word that is not canonical.
        """
        if len(data) != SIGNATURE_BYTES:
            raise MalformedSignature(f"a signature has {SIGNATURE_BYTES} bytes, not {len(data)}")
        split = curve.POINT_WORDS * WORD_BYTES
        words = tuple(
            int.from_bytes(data[i : i + WORD_BYTES], "little") for i in range(0, split, WORD_BYTES)
        )
        try:
            r = curve.point(words)
        except ValueError as error:
            raise MalformedSignature(f"R: {error}") from error
        return cls(r, int.from_bytes(data[split:], "little"))


def generate_secret() -> SecretKey:
    """A fresh key from the operating system's generator, uniform in 1..N-1."""
    return SecretKey(1 + secrets.randbelow(curve.ORDER - 1))


def public_key(secret: SecretKey) -> Point:
    """P = k * G."""
    return secret.public


def challenge_blocks(r: Point, key: Point, message: Digest) -> tuple[tuple[int, ...], ...]:
    """The five 8-element blocks of the challenge: R.x, R.y, P.x, P.y, message, four zeros."""
    words = (*r.x, *r.y, *key.x, *key.y, *message, 0, 0, 0, 0)
    return tuple(words[i : i + 8] for i in range(0, len(words), 8))


def challenge_parts(digest: Sequence[int]) -> tuple[int, ...]:
    """The low 24 bits of the first five elements of a challenge digest, least significant first."""
    mask = (1 << CHALLENGE_PART_BITS) - 1
    return tuple(element & mask for element in digest[:CHALLENGE_PARTS])


def join_parts(parts: Sequence[int]) -> int:
    """The challenge of five parts of 24 bits, least significant first."""
    return sum(part << (CHALLENGE_PART_BITS * j) for j, part in enumerate(parts))


def challenge_digest(r: Point, key: Point, message: Digest) -> Digest:
    """The digest that binds the nonce point, the key and the message."""
    return chain(CHALLENGE_TYPE, challenge_blocks(r, key, message))


def challenge(r: Point, key: Point, message: Digest) -> int:
    """c, below 2^120."""
    return join_parts(challenge_parts(challenge_digest(r, key, message)))


def challenge_digits(c: int) -> list[int]:
    """The 30 four-bit digits of a challenge, most significant first: the ladder's order."""
    mask = (1 << curve.DIGIT_BITS) - 1
    places = range(curve.DIGITS - 1, -1, -1)
    return [c >> (curve.DIGIT_BITS * place) & mask for place in places]


def response_bytes(s: int) -> list[int]:
    """The 28 bytes of a response, least significant first: the comb's order."""
    return list(s.to_bytes(curve.BYTES, "little"))


@cache
def comb_table() -> tuple[tuple[Point, ...], ...]:
    """B[i][b] = b * 256^i * G + S_i: 28 windows of 256 entries, all windows in step."""
    step, steps = curve.GENERATOR, []
    for _ in range(curve.BYTES):
        steps.append(step)
        for _ in range(8):
            step = curve.double(step)
    columns = [[curve.comb_offset(window) for window in range(curve.BYTES)]]
    while len(columns) < curve.BYTE_VALUES:
        columns.append(curve.add_many(columns[-1], steps))
    return tuple(zip(*columns, strict=True))


def round_bytes(s: int) -> list[tuple[int, ...]]:
    """The bytes of a response by rounds of the ladder, one of each window; those beyond are 0."""
    octets = s.to_bytes(curve.ROUNDS * len(curve.LADDER_WINDOWS), "little")
    places = range(curve.ROUNDS - 1, -1, -1)
    return [tuple(octets[first + i] for first in curve.LADDER_WINDOWS) for i in places]


def ladder_table(key: Point) -> tuple[Point, ...]:
    """T[d] = S - d * P for d = 0..15, each from the one before by an affine addition."""
    entries = [curve.WINDOW_OFFSET]
    while len(entries) < curve.DIGIT_VALUES:
        entries.append(curve.add(entries[-1], curve.negate(key)))
    return tuple(entries)


def ladder(key: Point, c: int, s: int) -> Point:
    """s * G - c * P: from L0, per round twice four doublings and the addition of the key's entry,
    then the additions of two entries of the fixed-base table."""
    table, digits, total = ladder_table(key), iter(challenge_digits(c)), curve.LADDER_START
    for octets in round_bytes(s):
        for _ in range(curve.ROUND_DIGITS):
            for _ in range(curve.DIGIT_BITS):
                total = curve.double(total)
            total = curve.add(total, table[next(digits)])
        for window, octet in zip(curve.LADDER_WINDOWS, octets, strict=True):
            total = curve.add(total, comb_table()[window][octet])
    return total


def comb(s: int) -> Point:
    """s * G + K: from C0, per byte the addition of its window's entry."""
    total = curve.COMB_START
    for window, byte in enumerate(response_bytes(s)):
        total = curve.add(total, comb_table()[window][byte])
    return total


def times_generator(scalar: int) -> Point:
    """scalar * G through the comb, for scalar != 0 mod N; K is taken off again."""
    return curve.add(comb(scalar), curve.negate(curve.CONSTANT_SHIFT))


def verify(key: Point, message: Digest, signature: Signature) -> bool:
    """Whether the signature holds for this key and message digest.

    False for a key off the curve, and for a schedule with an exceptional addition. All sums are on
    the curve, so an R that is not is none of them.
    """
    if not curve.is_on_curve(key):
        return False
    try:
        return ladder(key, challenge(signature.r, key, message), signature.s) == signature.r
    except ExceptionalAddition:
        return False


def verify_many(
    keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[Signature]
) -> list[bool]:
    """`verify` of each triple; the kernels' twin does the same in lanes."""
    return [
        verify(key, message, signature)
        for key, message, signature in zip(keys, messages, signatures, strict=True)
    ]


def nonces(secret: SecretKey, message: Digest, entropy: bytes) -> Iterator[int]:
    """Nonces of one signature, in order of use: uniform mod N, never 0, bound to what is signed.

    Each is 512 bits of Keccak-256 of (tag, counter, half, secret, key, message, entropy), reduced
    mod N (bias below 2^-290). Entropy guards against faults; without it, the nonce still differs
    from message to message and key to key.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"{ENTROPY_BYTES} bytes of entropy are wanted, not {len(entropy)}")
    words = (*secret.public.x, *secret.public.y, *message)
    bound = b"".join(word.to_bytes(WORD_BYTES, "little") for word in words)
    material = secret.to_bytes() + bound + entropy
    for counter in range(256):
        halves = (keccak256(_NONCE_TAG + bytes((counter, half)) + material) for half in (0, 1))
        nonce = int.from_bytes(b"".join(halves), "little") % curve.ORDER
        if nonce:
            yield nonce


def respond(secret: SecretKey, nonce: int, r: Point, c: int) -> Signature:
    """(R, nonce + c * k mod N), where R = nonce * G. A nonce used twice gives the key away."""
    return Signature(r, (nonce + c * secret.reveal()) % curve.ORDER)


def sign(secret: SecretKey, message: Digest, entropy: bytes | None = None) -> Signature:
    """A signature on a message digest by this key.

    `entropy` is 32 bytes mixed into the nonce: fresh from the operating system unless a
    reproducible run gives its own. A nonce whose schedule meets an exceptional addition is dropped
    for the next one.
    """
    mixed = secrets.token_bytes(ENTROPY_BYTES) if entropy is None else entropy
    for nonce in nonces(secret, message, mixed):
        try:
            r = times_generator(nonce)
        except ExceptionalAddition:
            continue
        c = challenge(r, secret.public, message)
        signature = respond(secret, nonce, r, c)
        if verify(secret.public, message, signature):
            return signature
    raise ExceptionalAddition("no nonce gives a signature that verifies")  # chance below 2^-5000
