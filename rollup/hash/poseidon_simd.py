"""The linear layers of Poseidon on SIMD lanes, for kernels only: the state is 16 u32 vectors."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from rollup import simd
from rollup.hash.constants import MDS_FIRST_COLUMN, WIDTH
from rollup.simd import intrinsic

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
            offset = simd.emit_index(i * simd.LANES)
            place = simd.emit_place(context, builder, _array, arguments[1], offset)
            builder.store(simd.emit_reduce(builder, even, odd), place, align=4)
        return context.get_dummy_value()

    return types.none(_array, _array), generate


@intrinsic  # type: ignore[untyped-decorator]
def dot(_typing: Any, state: Any, factors: Any, first: Any) -> Any:
    """sum of factors[first + k] * state[k] / R over the 16 vectors of a flat state."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        halves = _load_halves(context, builder, arguments[0])
        table = cgutils.create_struct_proxy(_array)(context, builder, arguments[1])  # type: ignore[no-untyped-call]
        products: tuple[list[ir.Value], list[ir.Value]] = ([], [])
        for k, half in enumerate(halves):
            offset = builder.add(arguments[2], simd.emit_index(k))
            factor = simd.emit_factor(builder, builder.load(builder.gep(table.data, [offset])))
            for side in (0, 1):
                products[side].append(builder.mul(half[side], factor))
        even, odd = (simd.emit_dot(builder, terms) for terms in products)
        return simd.emit_reduce(builder, even, odd)

    return simd.u32x16(_array, _array, types.intp), generate
