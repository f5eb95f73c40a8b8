"""Products in the quintic extension on SIMD lanes: 16 elements at once, for kernels only.

An element in lanes is a tuple of 5 u32 vectors, low degree first. Products are Montgomery
products: multiply_lanes(a, b) = a * b / R, so one factor in Montgomery form (times R) gives the
canonical product of the other.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rollup import simd
from rollup.field import extension
from rollup.field.koalabear import P
from rollup.simd import intrinsic

R = (1 << 32) % P
"""The Montgomery factor, mod p."""

R_SQUARED = R * R % P
"""Scaling by this constant takes a canonical value to Montgomery form."""

lanes5 = types.UniTuple(simd.u32x16, extension.DEGREE)  # type: ignore[no-untyped-call]


def _fold_high(builder: ir.IRBuilder, c: list[ir.Value]) -> list[ir.Value]:
    """Nine coefficients of a product to five: X^5 = 1 - X^2."""

    def add(a: ir.Value, b: ir.Value) -> ir.Value:
        return simd.emit_field_add(builder, a, b)

    def subtract(a: ir.Value, b: ir.Value) -> ir.Value:
        return simd.emit_field_subtract(builder, a, b)

    return [
        add(c[0], subtract(c[5], c[8])),
        add(c[1], c[6]),
        add(subtract(c[2], c[5]), add(c[7], c[8])),
        add(c[3], subtract(c[8], c[6])),
        subtract(c[4], c[7]),
    ]


def _multiply(builder: ir.IRBuilder, a: list[ir.Value], b: list[ir.Value]) -> list[ir.Value]:
    a_halves = [simd.emit_split(builder, lanes) for lanes in a]
    b_halves = [simd.emit_split(builder, lanes) for lanes in b]
    coefficients = []
    for degree in range(2 * extension.DEGREE - 1):
        pairs = [(i, degree - i) for i in range(5) if 0 <= degree - i < 5]
        sums = [
            simd.emit_dot(
                builder, [builder.mul(a_halves[i][side], b_halves[j][side]) for i, j in pairs]
            )
            for side in (0, 1)
        ]
        coefficients.append(simd.emit_reduce(builder, sums[0], sums[1]))
    return _fold_high(builder, coefficients)


def _constant(value: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), value)


def _conjugate(builder: ir.IRBuilder, a: list[ir.Value], images: Any) -> list[ir.Value]:
    """sum a_i * images[i]: a linear map with constant coefficients, a in any form."""
    result = []
    for k in range(extension.DEGREE):
        total = a[0] if k == 0 else None
        for i in range(1, extension.DEGREE):
            factor = images[i][k] * R % P
            term = simd.emit_field_scale(
                builder, a[i], _constant(factor), _constant(factor * simd.MU & 0xFFFFFFFF)
            )
            total = term if total is None else simd.emit_field_add(builder, total, term)
        result.append(total)
    return result


def _on_tuples(emit: Callable[..., list[ir.Value]], arity: int) -> Any:
    def generate(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        unpacked = [cgutils.unpack_tuple(builder, argument) for argument in arguments]  # type: ignore[no-untyped-call]
        result = emit(builder, *unpacked)
        return cgutils.pack_array(builder, result)  # type: ignore[no-untyped-call]

    if arity == 1:

        @intrinsic  # type: ignore[untyped-decorator]
        def unary(_typing: Any, a: Any) -> Any:
            return lanes5(lanes5), generate

        return unary

    @intrinsic  # type: ignore[untyped-decorator]
    def binary(_typing: Any, a: Any, b: Any) -> Any:
        return lanes5(lanes5, lanes5), generate

    return binary


multiply_lanes = _on_tuples(_multiply, 2)
"""multiply_lanes(a, b) = a * b / R in E."""

add_lanes = _on_tuples(
    lambda builder, a, b: [simd.emit_field_add(builder, x, y) for x, y in zip(a, b, strict=True)], 2
)
"""add_lanes(a, b) = a + b in E."""

subtract_lanes = _on_tuples(
    lambda builder, a, b: [
        simd.emit_field_subtract(builder, x, y) for x, y in zip(a, b, strict=True)
    ],
    2,
)
"""subtract_lanes(a, b) = a - b in E."""

conjugate_lanes = _on_tuples(
    lambda builder, a: _conjugate(builder, a, extension.FROBENIUS_IMAGES), 1
)
"""conjugate_lanes(a) = a^p, in the form (canonical or Montgomery) that a has."""

conjugate_twice_lanes = _on_tuples(
    lambda builder, a: _conjugate(builder, a, extension.FROBENIUS_SQUARED_IMAGES), 1
)
"""conjugate_twice_lanes(a) = a^(p^2), in the form that a has."""
