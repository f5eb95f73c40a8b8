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

from rollup.field import extension
from rollup.field.koalabear import P
from rollup.native import simd
from rollup.native.simd import intrinsic

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


def _conjugate(builder: ir.IRBuilder, a: list[ir.Value], images: Any) -> list[ir.Value]:
    """sum a_i * images[i]: a linear map with constant coefficients, a in any form."""
    halves = [simd.emit_split(builder, lanes) for lanes in a]
    result = []
    for k in range(extension.DEGREE):
        factors = [images[i][k] * R % P for i in range(1, extension.DEGREE)]
        sums = [
            simd.emit_dot(
                builder,
                [
                    builder.mul(half[side], simd.emit_all(simd.U64_LANES, factor))
                    for half, factor in zip(halves[1:], factors, strict=True)
                ],
            )
            for side in (0, 1)
        ]
        total = simd.emit_reduce(builder, sums[0], sums[1])
        result.append(simd.emit_field_add(builder, a[0], total) if k == 0 else total)
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

sums5 = types.UniTuple(simd.u64x8, 2 * extension.DEGREE)  # type: ignore[no-untyped-call]


@intrinsic  # type: ignore[untyped-decorator]
def no_sums(_typing: Any) -> Any:
    """Empty sums: for each coefficient, u64 sums of the even and of the odd lanes."""

    def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        zero = simd.emit_all(simd.U64_LANES, 0)
        return cgutils.pack_array(builder, [zero] * len(sums5))  # type: ignore[no-untyped-call]

    return sums5(), generate


@intrinsic  # type: ignore[untyped-decorator]
def add_products(_typing: Any, sums: Any, x: Any, v: Any, y: Any, w: Any) -> Any:
    """sums + x * v + y * w, for base-field vectors x, y and vectors of weights v, w in E.

    Sums stay below p * R by one conditional subtraction, since two products do.
    """

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        totals, v_lanes, w_lanes = (
            cgutils.unpack_tuple(builder, arguments[k])  # type: ignore[no-untyped-call]
            for k in (0, 2, 4)
        )
        x_halves = simd.emit_split(builder, arguments[1])
        y_halves = simd.emit_split(builder, arguments[3])
        result = []
        for k in range(extension.DEGREE):
            v_halves = simd.emit_split(builder, v_lanes[k])
            w_halves = simd.emit_split(builder, w_lanes[k])
            for side in (0, 1):
                total = builder.add(
                    totals[2 * k + side], builder.mul(x_halves[side], v_halves[side])
                )
                total = builder.add(total, builder.mul(y_halves[side], w_halves[side]))
                bound = simd.emit_all(simd.U64_LANES, P << 32)
                result.append(simd.emit_smaller(builder, total, builder.sub(total, bound)))
        return cgutils.pack_array(builder, result)  # type: ignore[no-untyped-call]

    return sums5(sums5, simd.u32x16, lanes5, simd.u32x16, lanes5), generate


@intrinsic  # type: ignore[untyped-decorator]
def reduce_sums(_typing: Any, sums: Any) -> Any:
    """The sums over R, as an element in lanes."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        totals = cgutils.unpack_tuple(builder, arguments[0])  # type: ignore[no-untyped-call]
        pairs = zip(totals[::2], totals[1::2], strict=True)
        reduced = [simd.emit_reduce(builder, even, odd) for even, odd in pairs]
        return cgutils.pack_array(builder, reduced)  # type: ignore[no-untyped-call]

    return lanes5(sums5), generate


@intrinsic  # type: ignore[untyped-decorator]
def splat_element(_typing: Any, elements: Any, offset: Any) -> Any:
    """The element whose coefficients start at a flat offset of a uint32 array, in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        array = cgutils.create_struct_proxy(kind)(context, builder, arguments[0])  # type: ignore[no-untyped-call]
        lanes = []
        for k in range(extension.DEGREE):
            offset = builder.add(arguments[1], simd.emit_index(k))
            value = builder.load(builder.gep(array.data, [offset]))
            lanes.append(simd.emit_spread(builder, value, simd.U32_LANES))
        return cgutils.pack_array(builder, lanes)  # type: ignore[no-untyped-call]

    return lanes5(types.Array(types.uint32, 1, "C"), types.intp), generate
