"""The linear layers of Poseidon on SIMD lanes, for kernels only: the state is 16 u32 vectors."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rollup.hash.constants import MDS_FIRST_COLUMN, WIDTH
from rollup.native import simd
from rollup.native.simd import intrinsic

_array = types.Array(types.uint32, 1, "C")


def _load_halves(
    context: Any, builder: ir.IRBuilder, array: ir.Value
) -> list[tuple[ir.Value, ir.Value]]:
    """Even and odd lanes of the 16 vectors of a state."""
    halves = []
    for k in range(WIDTH):
        offset = simd.emit_index(k * simd.LANES)
        place = simd.emit_place(context, builder, _array, array, offset)
        halves.append(simd.emit_split(builder, builder.load(place, align=4)))
    return halves


def _small_product(builder: ir.IRBuilder, value: ir.Value, factor: int) -> ir.Value:
    return value if factor == 1 else builder.mul(value, simd.emit_all(simd.U64_LANES, factor))


def _sum(builder: ir.IRBuilder, terms: list[ir.Value]) -> ir.Value:
    total = terms[0]
    for term in terms[1:]:
        total = builder.add(total, term)
    return total


@intrinsic  # type: ignore[untyped-decorator]
def mix(_typing: Any, source: Any, target: Any) -> Any:
    """target = (MDS matrix times source) / R, for two flat states of 16 vectors.

    Sums stay below 371 * 2^31 (371 is the sum of a row), far below the bound of the reduction.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        halves = _load_halves(context, builder, arguments[0])
        for i in range(WIDTH):
            factors = [MDS_FIRST_COLUMN[(i - j) % WIDTH] for j in range(WIDTH)]
            even, odd = (
                _sum(
                    builder,
                    [
                        _small_product(builder, half[side], factor)
                        for half, factor in zip(halves, factors, strict=True)
                    ],
                )
                for side in (0, 1)
            )
            _store(context, builder, arguments[1], i, simd.emit_reduce(builder, even, odd))
        return context.get_dummy_value()

    return types.none(_array, _array), generate


def _load_factor(builder: ir.IRBuilder, data: ir.Value, offset: ir.Value) -> ir.Value:
    return simd.emit_factor(builder, builder.load(builder.gep(data, [offset])))


def _store(context: Any, builder: ir.IRBuilder, array: ir.Value, k: int, value: ir.Value) -> None:
    offset = simd.emit_index(k * simd.LANES)
    builder.store(value, simd.emit_place(context, builder, _array, array, offset), align=4)


@intrinsic  # type: ignore[untyped-decorator]
def sparse_step(_typing: Any, state: Any, cubed: Any, factors: Any, first: Any) -> Any:
    """The matrix of a partial round in sparse form, on a flat state of 16 vectors.

    With u = `cubed` in place of element 0, and 48 factors from offset `first` on: element 0 becomes
    (factors[0] * u + sum factors[i] * x_i) / R, and x_i becomes x_i + u * factors[16 + 2 i] / R,
    each of those a pair (c, c * MU mod 2^32); i = 1..15.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array, u, table, start = arguments
        data = cgutils.create_struct_proxy(_array)(context, builder, table).data  # type: ignore[no-untyped-call]
        constants = [
            _load_factor(builder, data, builder.add(start, simd.emit_index(k)))
            for k in range(3 * WIDTH)
        ]
        halves = _load_halves(context, builder, array)
        halves[0] = simd.emit_split(builder, u)
        order = [*range(1, WIDTH), 0]  # the cube is ready last
        sums = [
            simd.emit_dot(builder, [builder.mul(halves[k][side], constants[k]) for k in order])
            for side in (0, 1)
        ]
        for i in range(1, WIDTH):
            pair = constants[WIDTH + 2 * i : WIDTH + 2 * i + 2]
            scaled = simd.emit_scale_halves(builder, halves[0], pair[0], pair[1])
            offset = simd.emit_index(i * simd.LANES)
            place = simd.emit_place(context, builder, _array, array, offset)
            value = simd.emit_field_add(builder, builder.load(place, align=4), scaled)
            builder.store(value, place, align=4)
        _store(context, builder, array, 0, simd.emit_reduce(builder, sums[0], sums[1]))
        return context.get_dummy_value()

    return types.none(_array, simd.u32x16, _array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def dot(_typing: Any, state: Any, factors: Any, first: Any) -> Any:
    """sum of factors[first + k] * state[k] / R over the 16 vectors of a flat state."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        halves = _load_halves(context, builder, arguments[0])
        table = cgutils.create_struct_proxy(_array)(context, builder, arguments[1])  # type: ignore[no-untyped-call]
        products: tuple[list[ir.Value], list[ir.Value]] = ([], [])
        for k, half in enumerate(halves):
            factor = _load_factor(
                builder, table.data, builder.add(arguments[2], simd.emit_index(k))
            )
            for side in (0, 1):
                products[side].append(builder.mul(half[side], factor))
        even, odd = (simd.emit_dot(builder, terms) for terms in products)
        return simd.emit_reduce(builder, even, odd)

    return simd.u32x16(_array, _array, types.intp), generate
