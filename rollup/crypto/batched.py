"""Schnorr for records, at machine speed: the kernels behind the words of rollup.crypto.schnorr.

What the sequencer's admission, the rules and the simulated traders call. Many signatures at once
cost a tenth of one at a time.
"""

import itertools
import secrets as entropy_source
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rollup.crypto import curve, kernels, schnorr
from rollup.crypto.curve import ExceptionalAddition, Point
from rollup.crypto.schnorr import ENTROPY_BYTES, SIGNATURE_BYTES, SecretKey, Signature
from rollup.field import septic
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.native.jit import U8Array, U32Array


def is_on_curve(point: Point) -> bool:
    """Whether the coordinates are canonical and satisfy the curve equation."""
    return curve.is_on_curve(point)


def _points(points: Sequence[Point]) -> U32Array:
    """Points with canonical coordinates as rows."""
    words = itertools.chain.from_iterable(itertools.chain.from_iterable(points))
    rows = np.array(list(words), dtype=np.uint32)
    return rows.reshape(len(points), curve.POINT_WORDS)


def _point(row: U32Array) -> Point:
    return curve.point(tuple(row.tolist()))


def _digests(messages: Sequence[Digest]) -> U32Array:
    return np.array(messages, dtype=np.uint32).reshape(len(messages), 8)


def _octets(rows: Sequence[bytes]) -> U8Array:
    flat = np.frombuffer(b"".join(rows), dtype=np.uint8)
    return flat.reshape(len(rows), curve.BYTES)


def _signatures(signatures: Sequence[bytes]) -> tuple[U8Array, NDArray[np.bool_]]:
    """Signatures as rows of 84 bytes (zeros for another length), and which are well formed."""
    sized = [len(signature) == SIGNATURE_BYTES for signature in signatures]
    blank = bytes(SIGNATURE_BYTES)
    rows = [each if fits else blank for each, fits in zip(signatures, sized, strict=True)]
    matrix = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), SIGNATURE_BYTES)
    canonical = np.all(_nonces(matrix) < P, axis=1)
    return matrix, np.array(sized, dtype=np.bool_) & canonical


def _nonces(matrix: U8Array) -> U32Array:
    """R of signatures in rows of 84 bytes, as 14 words."""
    words = np.ascontiguousarray(matrix[:, : -curve.BYTES]).view("<u4")
    return words.astype(np.uint32)


def verify_many(
    keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
) -> list[bool]:
    """Whether each signature (84 bytes) holds for its key and message digest.

    Malformed bytes and non-canonical keys are simply not valid. Raises ValueError if the three
    sequences differ in length. Reference: schnorr.verify.
    """
    if not len(keys) == len(messages) == len(signatures):
        counts = f"{len(keys)}, {len(messages)} and {len(signatures)}"
        raise ValueError(f"keys, messages and signatures of one number are wanted, not {counts}")
    matrix, well_formed = _signatures(signatures)
    canonical = {key: _is_canonical(key) for key in set(keys)}
    well_formed &= np.array([canonical[key] for key in keys], dtype=np.bool_)
    places = np.flatnonzero(well_formed).tolist()
    valid = np.zeros(len(keys), dtype=np.bool_)
    valid[places] = kernels.verify_arrays(
        _points([keys[place] for place in places]),
        _nonces(matrix[places]),
        np.ascontiguousarray(matrix[places, -curve.BYTES :]),
        _digests([messages[place] for place in places]),
    )
    answers: list[bool] = valid.tolist()
    return answers


def _is_canonical(key: Point) -> bool:
    x, y = key
    return septic.is_canonical(x) and septic.is_canonical(y)


def verify(key: Point, message: Digest, signature: bytes) -> bool:
    """Whether one signature holds."""
    return verify_many([key], [message], [signature])[0]


def multiples_of_generator(scalars: Sequence[int]) -> list[Point]:
    """scalar * G of each scalar in 1..N-1."""
    if not all(0 < scalar < curve.ORDER for scalar in scalars):
        raise ValueError("scalars in 1..N-1 are wanted")
    rows = _octets([scalar.to_bytes(curve.BYTES, "little") for scalar in scalars])
    return [_point(row) for row in kernels.multiply_generator(rows)]


def secret_keys(scalars: Sequence[int]) -> list[SecretKey]:
    """Keys of these scalars, their public points computed together."""
    points = multiples_of_generator(scalars)
    return [SecretKey(scalar, point) for scalar, point in zip(scalars, points, strict=True)]


def generate_secrets(count: int) -> list[SecretKey]:
    """Fresh keys from the operating system's generator."""
    draws = [1 + entropy_source.randbelow(curve.ORDER - 1) for _ in range(count)]
    return secret_keys(draws)


def _challenges(
    nonces: Sequence[Point], keys: Sequence[Point], messages: Sequence[Digest]
) -> list[int]:
    """schnorr.challenge of each triple."""
    parts = kernels.challenge_parts_many(_points(keys), _points(nonces), _digests(messages))
    return [schnorr.join_parts(row) for row in parts.tolist()]


def sign_many(
    secrets: Sequence[SecretKey],
    messages: Sequence[Digest],
    entropies: Sequence[bytes] | None = None,
) -> list[Signature]:
    """A signature of each message by its key; `entropies` as in schnorr.sign.

    The same signatures as schnorr.sign gives. Where its first nonce fails, which has chance 2^-55,
    raises ExceptionalAddition, or ValueError if its point fails.
    """
    if entropies is None:
        entropies = [entropy_source.token_bytes(ENTROPY_BYTES) for _ in secrets]
    triples = list(zip(secrets, messages, entropies, strict=True))
    nonces = [next(schnorr.nonces(*triple)) for triple in triples]
    points = multiples_of_generator(nonces)
    keys = [secret.public for secret in secrets]
    challenges = _challenges(points, keys, messages)
    parts = zip(secrets, nonces, points, challenges, strict=True)
    signatures = [schnorr.respond(*part) for part in parts]
    if not all(verify_many(keys, messages, [each.to_bytes() for each in signatures])):
        raise ExceptionalAddition("a signature does not verify; sign again with fresh entropy")
    return signatures


def sign(secret: SecretKey, message: Digest, entropy: bytes | None = None) -> Signature:
    """One signature. Reference: schnorr.sign."""
    return sign_many([secret], [message], None if entropy is None else [entropy])[0]
