"""Where the pinned parameters come from: derived again, and checked by galois and plain algebra."""

from collections.abc import Iterator
from itertools import combinations

import pytest

from rollup.field import extension, septic
from rollup.field.koalabear import GENERATOR, TWO_ADIC_ROOT, TWO_ADICITY, P
from rollup.hash.constants import (
    FULL_ROUNDS,
    MDS_FIRST_COLUMN,
    PARTIAL_ROUNDS,
    ROUND_CONSTANTS,
    WIDTH,
)
from rollup.hash.poseidon import MDS_ROWS

FIELD_BITS = 31


def grain_bits() -> Iterator[int]:
    """The Grain LFSR of the Poseidon paper (ePrint 2019/458, appendix E), self-shrinking.

    Its 80-bit seed spells the instance: prime field (1), S-box x^a (0), bits of p, width, rounds.
    """
    parts = ((1, 2), (0, 4), (FIELD_BITS, 12), (WIDTH, 12))
    parts += ((FULL_ROUNDS, 10), (PARTIAL_ROUNDS, 10), (2**30 - 1, 30))
    state = [int(digit) for value, width in parts for digit in f"{value:0{width}b}"]

    def step() -> int:
        bit = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0]
        state.pop(0)
        state.append(bit)
        return bit

    for _ in range(160):
        step()
    while True:
        keep, bit = step(), step()
        if keep:
            yield bit


def grain_elements() -> Iterator[int]:
    """Uniform field elements: 31 bits at a time, most significant first, redrawn from p up."""
    bits = grain_bits()
    while True:
        value = 0
        for _ in range(FIELD_BITS):
            value = 2 * value + next(bits)
        if value < P:
            yield value


def test_the_round_constants_are_those_of_the_grain_generator() -> None:
    elements = grain_elements()
    for constants in ROUND_CONSTANTS:
        assert constants == tuple(next(elements) for _ in range(WIDTH))


def test_the_generator_and_the_two_adic_root() -> None:
    galois = pytest.importorskip("galois")
    assert galois.is_prime(P)
    assert galois.is_primitive_root(GENERATOR, P)
    assert P - 1 == 127 * 2**TWO_ADICITY
    assert pow(TWO_ADIC_ROOT, 2 ** (TWO_ADICITY - 1), P) == P - 1
    assert (P - 1) % 3 != 0, "x^3 would not be a bijection"


def test_both_extensions_are_fields() -> None:
    galois = pytest.importorskip("galois")
    base = galois.GF(P, primitive_element=GENERATOR, verify=False)
    quintic = galois.Poly([1, 0, 0, 1, 0, P - 1], field=base)
    assert quintic.degree == extension.DEGREE and quintic.is_irreducible()
    tail = [P - septic.FOLD_LINEAR, P - septic.FOLD_CONSTANT]
    over = galois.Poly([1, 0, 0, 0, 0, 0, *tail], field=base)
    assert over.degree == septic.DEGREE and over.is_irreducible()


def test_small_minors_of_the_mds_matrix_do_not_vanish() -> None:
    """No minor of size 1 or 2 and not the determinant: necessary for MDS, not sufficient."""
    galois = pytest.importorskip("galois")
    base = galois.GF(P, primitive_element=GENERATOR, verify=False)
    assert all(MDS_FIRST_COLUMN)
    for a, b in combinations(range(WIDTH), 2):
        for i, j in combinations(range(WIDTH), 2):
            assert (MDS_ROWS[a][i] * MDS_ROWS[b][j] - MDS_ROWS[a][j] * MDS_ROWS[b][i]) % P
    import numpy as np

    assert np.linalg.det(base(MDS_ROWS)) != 0
