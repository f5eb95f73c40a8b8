"""Inverse zerofiers on the quotient's cosets. Plain twin: `circuits.stark.domain`."""

from functools import lru_cache

import numpy as np

from circuits.air.graph import Scope
from circuits.poly.lde import extend_coefficients, shift_of_coset
from rollup.field.kernels import inverse_many, multiply_many, powers
from rollup.field.koalabear import P, omega
from rollup.native.jit import U32Array


@lru_cache(maxsize=16)
def inverse_zerofiers(
    log2_height: int, log2_blowup: int, shift: int, cosets: int, blinded_rows: int
) -> U32Array:
    """1 / Z on the first cosets of a table's domain: (scopes, cosets * n), canonical.

    ALL: (X^n - 1) without the blinded rows; TRANSITION: without the last active row, too; FIRST
    and LAST: X minus the point of that row.
    """
    height, root = 1 << log2_height, omega(log2_height)
    shifts = [shift_of_coset(c, log2_height, log2_blowup, shift) for c in range(cosets)]
    points = np.concatenate([powers(root, height, first) for first in shifts])
    from_last = _minus(points, pow(root, -(blinded_rows + 1), P))
    vanishing = [pow(pow(first, height, P) - 1, -1, P) for first in shifts]
    blinding = _blinding_values(log2_height, log2_blowup, shift, blinded_rows)[:cosets].reshape(-1)
    result = np.empty((len(Scope), cosets * height), dtype=np.uint32)
    every = multiply_many(blinding, np.repeat(np.array(vanishing, dtype=np.uint32), height))
    result[Scope.ALL] = every
    result[Scope.TRANSITION] = multiply_many(every, from_last)
    result[Scope.FIRST] = inverse_many(_minus(points, 1))
    result[Scope.LAST] = inverse_many(from_last)
    return result


def _minus(points: U32Array, value: int) -> U32Array:
    lifted = points.astype(np.int64) - value
    return (lifted % P).astype(np.uint32)


def _blinding_values(log2_height: int, log2_blowup: int, shift: int, blinded_rows: int) -> U32Array:
    """The product of (X - w^j) over the blinded rows, on all cosets: (B, n)."""
    root = omega(log2_height)
    coefficients = np.zeros(1 << log2_height, dtype=np.int64)
    coefficients[0] = 1
    for degree in range(blinded_rows):
        row = pow(root, -(blinded_rows - degree), P)
        low = coefficients[: degree + 2]
        low[1:] = (low[:-1] - row * low[1:]) % P
        low[0] = -row * low[0] % P
    column = coefficients.astype(np.uint32).reshape(-1, 1)
    return np.ascontiguousarray(extend_coefficients(column, log2_blowup, shift)[:, :, 0])
