"""A SIMD vector type for kernels: 16 lanes of u32 or 8 lanes of u64, one LLVM vector each.

Numba's auto-vectoriser gives up on kernels with many live values. Here a vector is a Numba type
over an LLVM vector, and LLVM lowers 512 bits to what the machine has (AVX-512, two AVX2, four
NEON). Only kernels may call these functions. Arrays must be C-contiguous, an offset counts
elements from the start of the flattened array, and no bounds are checked. Field elements are
canonical u32 lanes unless a docstring says otherwise; R = 2^32 is the Montgomery factor.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import models, register_model

from rollup.field.koalabear import P

intrinsic: Any = extending.intrinsic
"""Numba's decorator, without its type: inside a kernel an intrinsic takes other arguments."""

LANES = 16
"""Lanes of a u32 vector; a u64 vector has half as many in the same 512 bits."""

MU = -pow(P, -1, 1 << 32) % (1 << 32)
"""-1/p mod 2^32 = 0x7effffff, the factor of Montgomery reduction."""

_HALF = 0xFFFFFFFF
U32_LANES = ir.VectorType(ir.IntType(32), 16)
U64_LANES = ir.VectorType(ir.IntType(64), 8)
_I32 = ir.IntType(32)
_I64 = ir.IntType(64)


class Vector(types.Type):
    """Numba type of a vector of unsigned integers."""

    def __init__(self, name: str, element: types.Type, kind: ir.VectorType) -> None:
        self.element = element
        self.kind = kind
        super().__init__(name=name)


u32x16 = Vector("u32x16", types.uint32, U32_LANES)
u64x8 = Vector("u64x8", types.uint64, U64_LANES)


class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, vector.kind)  # type: ignore[no-untyped-call]


register_model(Vector)(_VectorModel)


# Emitters: Python functions that append instructions to a builder and return the value.


def emit_all(kind: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(kind, [value] * kind.count)


def emit_spread(builder: ir.IRBuilder, scalar: ir.Value, kind: ir.VectorType) -> ir.Value:
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
    zeros = emit_all(ir.VectorType(_I32, kind.count), 0)
    return builder.shuffle_vector(one, undefined, zeros)


def emit_low(builder: ir.IRBuilder, pairs: ir.Value) -> ir.Value:
    return builder.and_(pairs, emit_all(U64_LANES, _HALF))


def emit_high(builder: ir.IRBuilder, pairs: ir.Value) -> ir.Value:
    return builder.lshr(pairs, emit_all(U64_LANES, 32))


def emit_smaller(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return builder.select(builder.icmp_unsigned("<", a, b), a, b)


def emit_join(builder: ir.IRBuilder, even: ir.Value, odd: ir.Value, half: int) -> ir.Value:
    pick = [index for k in range(8) for index in (2 * k + half, 16 + 2 * k + half)]
    even, odd = builder.bitcast(even, U32_LANES), builder.bitcast(odd, U32_LANES)
    return builder.shuffle_vector(even, odd, ir.Constant(U32_LANES, pick))


def emit_split(builder: ir.IRBuilder, lanes: ir.Value) -> tuple[ir.Value, ir.Value]:
    pairs = builder.bitcast(lanes, U64_LANES)
    return emit_low(builder, pairs), emit_high(builder, pairs)


def emit_field_add(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    total = builder.add(a, b)
    return emit_smaller(builder, total, builder.sub(total, emit_all(U32_LANES, P)))


def emit_field_subtract(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    difference = builder.sub(a, b)
    return emit_smaller(builder, difference, builder.add(difference, emit_all(U32_LANES, P)))


def emit_finish(
    builder: ir.IRBuilder,
    products: tuple[ir.Value, ir.Value],
    quotients: tuple[ir.Value, ir.Value],
) -> ir.Value:
    """(product + quotient * p) / R for even and odd lanes: exact, in [0, 2 p), then made < p.

    Quotients are below 2^32. A difference in place of the sum would be folded into a product by
    -p, which is no 32-bit factor and costs three times as much.
    """
    halves = [
        builder.add(product, builder.mul(quotient, emit_all(U64_LANES, P)))
        for product, quotient in zip(products, quotients, strict=True)
    ]
    result = emit_join(builder, halves[0], halves[1], 1)
    return emit_smaller(builder, result, builder.sub(result, emit_all(U32_LANES, P)))


def emit_reduce(builder: ir.IRBuilder, even: ir.Value, odd: ir.Value) -> ir.Value:
    """value / R: quotients are products mod 2^32, so all 16 are one product of u32 lanes."""
    low = emit_join(builder, even, odd, 0)
    quotients = builder.mul(low, emit_all(U32_LANES, MU))
    return emit_finish(builder, (even, odd), emit_split(builder, quotients))


def emit_field_multiply(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    (a_even, a_odd), (b_even, b_odd) = emit_split(builder, a), emit_split(builder, b)
    return emit_reduce(builder, builder.mul(a_even, b_even), builder.mul(a_odd, b_odd))


def emit_factor(builder: ir.IRBuilder, scalar: ir.Value) -> ir.Value:
    """A u32 scalar in every u64 lane, in the form that a broadcasting load gives."""
    lanes = emit_spread(builder, scalar, U32_LANES)
    return emit_low(builder, builder.bitcast(lanes, U64_LANES))


def emit_dot(builder: ir.IRBuilder, products: list[ir.Value]) -> ir.Value:
    """Sum of u64 products of canonical values, kept below p * R by a conditional subtraction after
    each two: two such products stay below p * R."""
    total = products[0] if len(products) == 1 else builder.add(products[0], products[1])
    for first in range(2, len(products), 2):
        for product in products[first : first + 2]:
            total = builder.add(total, product)
        total = emit_smaller(builder, total, builder.sub(total, emit_all(U64_LANES, P << 32)))
    return total


def emit_scale_halves(
    builder: ir.IRBuilder, halves: tuple[ir.Value, ir.Value], by: ir.Value, by_mu: ir.Value
) -> ir.Value:
    """Product of even and odd lanes by a factor in every u64 lane, over R; by_mu = by * MU."""
    even, odd = halves
    factor = builder.bitcast(by_mu, U32_LANES)
    quotients = [
        emit_low(
            builder,
            builder.bitcast(builder.mul(builder.bitcast(half, U32_LANES), factor), U64_LANES),
        )
        for half in halves
    ]
    products = (builder.mul(even, by), builder.mul(odd, by))
    return emit_finish(builder, products, (quotients[0], quotients[1]))


def emit_field_scale(
    builder: ir.IRBuilder, a: ir.Value, factor: ir.Value, factor_mu: ir.Value
) -> ir.Value:
    """Product by a broadcast constant; its product by MU is known, which shortens the chain."""
    by = emit_factor(builder, factor)
    even, odd = emit_split(builder, a)
    quotients = builder.mul(a, emit_spread(builder, factor_mu, U32_LANES))
    products = (builder.mul(even, by), builder.mul(odd, by))
    return emit_finish(builder, products, emit_split(builder, quotients))


def emit_rotate(builder: ir.IRBuilder, value: ir.Value, count: int) -> ir.Value:
    """Every u64 lane rotated left (LLVM's funnel shift, one instruction with AVX-512)."""
    if count == 0:
        return value
    kind = ir.FunctionType(U64_LANES, [U64_LANES] * 3)
    rotate = cgutils.get_or_insert_function(builder.module, kind, "llvm.fshl.v8i64")  # type: ignore[no-untyped-call]
    return builder.call(rotate, [value, value, emit_all(U64_LANES, count)])


# Intrinsics made of emitters.


def _unary(emit: Callable[..., ir.Value], argument: Any, result: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def function(_typing: Any, a: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return emit(builder, *arguments)

        return result(argument), generate

    return function


def _binary(emit: Callable[..., ir.Value], argument: Any, result: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def function(_typing: Any, a: Any, b: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return emit(builder, *arguments)

        return result(argument, argument), generate

    return function


splat32 = _unary(lambda builder, a: emit_spread(builder, a, U32_LANES), types.uint32, u32x16)
"""splat32(value): one integer in all 16 lanes."""

splat64 = _unary(lambda builder, a: emit_spread(builder, a, U64_LANES), types.uint64, u64x8)
"""splat64(value): one integer in all 8 lanes."""

as_pairs = _unary(lambda builder, a: builder.bitcast(a, U64_LANES), u32x16, u64x8)
"""as_pairs(lanes): the same bits as u64; even u32 lanes are the low halves."""

low_halves = _unary(emit_low, u64x8, u64x8)
"""low_halves(pairs): every u64 without its high 32 bits, that is the even u32 lanes."""

high_halves = _unary(emit_high, u64x8, u64x8)
"""high_halves(pairs): the high 32 bits of every u64, moved down, that is the odd u32 lanes."""

smaller64 = _binary(emit_smaller, u64x8, u64x8)
"""smaller64(a, b): lane-wise unsigned minimum."""

join_low_halves = _binary(lambda builder, a, b: emit_join(builder, a, b, 0), u64x8, u32x16)
"""join_low_halves(even, odd): u32 lanes 2k and 2k + 1 are the low halves of even[k], odd[k]."""

field_add = _binary(emit_field_add, u32x16, u32x16)
"""field_add(a, b) = a + b mod p."""

field_subtract = _binary(emit_field_subtract, u32x16, u32x16)
"""field_subtract(a, b) = a - b mod p."""

field_multiply = _binary(emit_field_multiply, u32x16, u32x16)
"""field_multiply(a, b) = a * b / R mod p."""

field_non_zero = _unary(
    lambda builder, a: builder.select(
        builder.icmp_unsigned("==", a, emit_all(U32_LANES, 0)), emit_all(U32_LANES, 1), a
    ),
    u32x16,
    u32x16,
)
"""field_non_zero(a): a, with 1 in place of every 0."""

field_reduce = _binary(emit_reduce, u64x8, u32x16)
"""field_reduce(even, odd) = value / R mod p for 16 values below p * R, even and odd lanes apart."""


@intrinsic  # type: ignore[untyped-decorator]
def field_scale(_typing: Any, a: Any, factor: Any, factor_mu: Any) -> Any:
    """a * factor / R mod p for a scalar factor; factor_mu = factor * MU mod 2^32.

    With factor = c * R mod p the result is a * c. Bound: lanes of a may be any u32; factor < p.
    """

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return emit_field_scale(builder, *arguments)

    return u32x16(u32x16, types.uint32, types.uint32), generate


# Memory.


def _vector_of(array: Any) -> Vector | None:
    if not isinstance(array, types.Array) or array.layout != "C":
        return None
    return {types.uint32: u32x16, types.uint64: u64x8}.get(array.dtype)


def emit_index(value: int) -> ir.Constant:
    """A constant offset."""
    return ir.Constant(_I64, value)


def emit_place(
    context: Any, builder: ir.IRBuilder, kinds: Any, array: ir.Value, offset: ir.Value
) -> ir.Value:
    view = cgutils.create_struct_proxy(kinds)(context, builder, array)  # type: ignore[no-untyped-call]
    address = builder.gep(view.data, [offset])
    vector = _vector_of(kinds)
    return builder.bitcast(address, (vector or u32x16).kind.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def load(_typing: Any, array: Any, offset: Any) -> Any:
    """The vector at a flat offset: 16 elements of a uint32 array, 8 of a uint64 array."""
    vector = _vector_of(array)
    if vector is None:
        return None

    def generate(context: Any, builder: Any, kinds: Any, arguments: Any) -> Any:
        place = emit_place(context, builder, kinds.args[0], arguments[0], arguments[1])
        return builder.load(place, align=4)

    return vector(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def store(_typing: Any, array: Any, offset: Any, value: Any) -> Any:
    """Write a vector at a flat offset of an array of its element type."""
    vector = _vector_of(array)
    if vector is None or value != vector:
        return None

    def generate(context: Any, builder: Any, kinds: Any, arguments: Any) -> Any:
        place = emit_place(context, builder, kinds.args[0], arguments[0], arguments[1])
        builder.store(arguments[2], place, align=4)
        return context.get_dummy_value()

    return types.none(array, types.intp, value), generate


def _transpose(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Transpose a square of vectors: at each stage, swap blocks of `step` lanes, `step` apart."""
    size = len(rows)
    mask = ir.VectorType(_I32, size)
    step = size // 2
    while step:
        first = [k if k & step == 0 else size + k - step for k in range(size)]
        second = [k + step if k & step == 0 else size + k for k in range(size)]
        for row in range(size):
            if row & step == 0:
                a, b = rows[row], rows[row + step]
                rows[row] = builder.shuffle_vector(a, b, ir.Constant(mask, first))
                rows[row + step] = builder.shuffle_vector(a, b, ir.Constant(mask, second))
        step //= 2
    return rows


@intrinsic  # type: ignore[untyped-decorator]
def transpose(_typing: Any, source: Any, offsets: Any, target: Any, start: Any) -> Any:
    """Transpose a square of 16 (uint32) or 8 (uint64) vectors.

    Row k is the vector of `source` at offsets[k] (int64 array); vector j, written to `target` at
    start + j * size, holds element j of every row.
    """
    vector = _vector_of(source)
    if vector is None or _vector_of(target) != vector:
        return None

    def generate(context: Any, builder: Any, kinds: Any, arguments: Any) -> Any:
        size = vector.kind.count
        table = cgutils.create_struct_proxy(kinds.args[1])(context, builder, arguments[1])  # type: ignore[no-untyped-call]
        rows = []
        for k in range(size):
            offset = builder.load(builder.gep(table.data, [ir.Constant(_I64, k)]))
            place = emit_place(context, builder, kinds.args[0], arguments[0], offset)
            rows.append(builder.load(place, align=4))
        for k, row in enumerate(_transpose(builder, rows)):
            offset = builder.add(arguments[3], ir.Constant(_I64, k * size))
            place = emit_place(context, builder, kinds.args[2], arguments[2], offset)
            builder.store(row, place, align=4)
        return context.get_dummy_value()

    table = types.Array(types.int64, 1, "C")
    return types.none(source, table, target, types.intp), generate


# Operators between vectors of one type: wrapping arithmetic and bitwise logic.


def _define_operator(symbol: Any, name: str) -> None:
    class Template(AbstractTemplate):
        def generic(self, arguments: Any, keywords: Any) -> Any:
            if len(arguments) == 2 and isinstance(arguments[0], Vector):
                vector = arguments[0]
                return signature(vector, vector, vector) if arguments[1] == vector else None  # type: ignore[no-untyped-call]
            return None

    infer_global(symbol)(Template)  # type: ignore[no-untyped-call]

    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return getattr(builder, name)(*arguments)

    lower_builtin(symbol, Vector, Vector)(lower)  # type: ignore[no-untyped-call]


_define_operator(operator.add, "add")
_define_operator(operator.sub, "sub")
_define_operator(operator.mul, "mul")
_define_operator(operator.and_, "and_")
_define_operator(operator.or_, "or_")
_define_operator(operator.xor, "xor")
