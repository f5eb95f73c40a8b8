"""Kernels on their own: field, hashes, low-degree extension, signatures."""

import numpy as np

from benchmarks.timing import Row, time_runs
from circuits.pcs.grind import grind
from circuits.pcs.merkle import commit
from circuits.poly.lde import extend
from circuits.poly.sums import combine_columns, evaluate_columns
from rollup.crypto import batched
from rollup.field.kernels import inverse_many, multiply_many
from rollup.field.koalabear import P
from rollup.hash.kernels import compress_many, compress_with_rounds
from rollup.native.jit import U32Array

COSET_SHIFT = 3
SIGNATURES = 1_024


def measure() -> list[Row]:
    """All kernels, fastest first."""
    return [*_field(), *_extension(), *_openings(), *_hash(), _signatures()]


def _elements(*shape: int) -> U32Array:
    return np.random.default_rng(1).integers(0, P, shape, dtype=np.uint32)


def _field() -> list[Row]:
    small, large = _elements(1 << 12), _elements(1 << 22)
    return [
        Row(
            "field products, 2^12 elements in cache",
            1 << 12,
            "product",
            time_runs(lambda: multiply_many(small, small), 50),
        ),
        Row(
            "field products, 2^22 elements",
            1 << 22,
            "product",
            time_runs(lambda: multiply_many(large, large)),
        ),
        Row("field inverses", 1 << 22, "inverse", time_runs(lambda: inverse_many(large))),
    ]


def _extension() -> list[Row]:
    rows = []
    for log2_height, width in ((16, 256), (18, 64)):
        trace = _elements(1 << log2_height, width)
        timing = time_runs(lambda trace=trace: extend(trace, 2, COSET_SHIFT))  # type: ignore[misc]
        name = f"low-degree extension 2^{log2_height} x {width}, blowup 4"
        rows.append(Row(name, trace.size, "cell", timing))
    return rows


def _openings() -> list[Row]:
    """Leaf hashing (a salted row of 176 columns is 6 permutations), batching and evaluation."""
    extended = _elements(4, 1 << 14, 176)
    salts = np.zeros((1 << 16, 16), dtype=np.uint8)
    weights = [[(k, 1, 2, 3, 4) for k in range(176)]]
    trace = _elements(1 << 16, 176)
    points = [(1, 2, 3, 4, 5), (5, 4, 3, 2, 1)]
    return [
        Row(
            "Keccak of 2^16 leaves of 176 columns, with the tree",
            7 << 16,
            "permutation",
            time_runs(lambda: commit(extended, 176, salts)),
        ),
        Row(
            "batching into the extension, 2^16 rows",
            1 << 16,
            "row",
            time_runs(lambda: combine_columns(extended.reshape(1 << 16, 176), weights)),
        ),
        Row(
            "evaluation of 176 columns at two points",
            trace.size,
            "cell",
            time_runs(lambda: evaluate_columns(trace, 176, COSET_SHIFT, points)),
        ),
        Row("grinding of 20 bits", 1, "nonce", time_runs(lambda: grind(bytes(32), 20))),
    ]


def _hash() -> list[Row]:
    left, right = _elements(1 << 16, 8), _elements(1 << 16, 8)
    states = _elements(1 << 15, 16)
    return [
        Row(
            "Poseidon compressions, width 16",
            1 << 16,
            "permutation",
            time_runs(lambda: compress_many(left, right)),
        ),
        Row(
            "Poseidon rows of 156 columns",
            1 << 15,
            "row",
            time_runs(lambda: compress_with_rounds(states)),
        ),
    ]


def _signatures() -> Row:
    keys = batched.generate_secrets(SIGNATURES)
    messages = [tuple(int(word) for word in row) for row in _elements(SIGNATURES, 8)]
    signatures = [each.to_bytes() for each in batched.sign_many(keys, messages)]
    points = [key.public for key in keys]
    timing = time_runs(lambda: batched.verify_many(points, messages, signatures))
    return Row("Schnorr verifications, septic curve", SIGNATURES, "signature", timing)
