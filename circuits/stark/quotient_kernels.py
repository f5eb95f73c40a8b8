"""The quotient's kernel: every constraint of a group, weighted, over its zerofier, on all cosets.

Constraints in F are folded with weights in E as u64 sums, reduced once a block; constraints in E
(fractions, running sum) are weighted as they come. Reference: `circuits.stark.evaluate`.
"""

import numpy as np

from circuits.air.graph import Scope
from circuits.stark.kernels import (
    ACCUMULATE,
    BOUND,
    FRACTION,
    factor,
    fill_constants,
    fraction,
    load_tiles,
    step,
)
from circuits.stark.program import SLOT, VECTORS
from rollup.field.extension import DEGREE
from rollup.field.extension_kernels import load_lanes, multiply_lanes_by, store_lanes
from rollup.field.extension_simd import add_lanes, multiply_lanes, subtract_lanes
from rollup.field.koalabear import P
from rollup.native.aligned import words32, words64
from rollup.native.jit import kernel, kernel_part
from rollup.native.simd import (
    LANES,
    as_pairs,
    field_reduce,
    high_halves,
    load,
    low_halves,
    smaller64,
    splat32,
    splat64,
    store,
)

SCOPES = len(Scope)
_ALL, _TRANSITION = int(Scope.ALL), int(Scope.TRANSITION)
_FIRST, _LAST = int(Scope.FIRST), int(Scope.LAST)
_SUM_WIDE = SCOPES * DEGREE * 2 * 8
_SUM_LANES = SCOPES * DEGREE * LANES


@kernel_part
def accumulate(scratch, code, at, weights, wide):  # type: ignore[no-untyped-def]
    """Add weight * value of a constraint to the u64 sums of its scope."""
    number, scope, operand = code[at + 2], code[at + 3], code[at + 4]
    bound = splat64(BOUND)
    for v in range(VECTORS):
        x = as_pairs(load(scratch, operand + v * LANES))
        low, high = low_halves(x), high_halves(x)
        for k in range(DEGREE):
            place = v * _SUM_WIDE + (scope * DEGREE + k) * LANES
            weight = factor(weights[number, k])
            even = load(wide, place) + low * weight
            odd = load(wide, place + 8) + high * weight
            store(wide, place, smaller64(even, even - bound))
            store(wide, place + 8, smaller64(odd, odd - bound))


@kernel_part
def spread(constants, row):  # type: ignore[no-untyped-def]
    """Row `row` of an array of elements, each coefficient in all lanes."""
    return (
        splat32(constants[row, 0]),
        splat32(constants[row, 1]),
        splat32(constants[row, 2]),
        splat32(constants[row, 3]),
        splat32(constants[row, 4]),
    )


@kernel_part
def lookup_lanes(scratch, base, lookup, column):  # type: ignore[no-untyped-def]
    """An extension column of the lookup matrix, from the slots of its five base columns."""
    return (
        load(scratch, base + lookup[5 * column]),
        load(scratch, base + lookup[5 * column + 1]),
        load(scratch, base + lookup[5 * column + 2]),
        load(scratch, base + lookup[5 * column + 3]),
        load(scratch, base + lookup[5 * column + 4]),
    )


@kernel_part
def load_sum(sums, place):  # type: ignore[no-untyped-def]
    """Five vectors that stand one after the other."""
    return (
        load(sums, place),
        load(sums, place + LANES),
        load(sums, place + 2 * LANES),
        load(sums, place + 3 * LANES),
        load(sums, place + 4 * LANES),
    )


@kernel_part
def add_weighted(sums, v, scope, weights, number, value):  # type: ignore[no-untyped-def]
    """Add weight * value of a constraint with values in E to the sum of its scope."""
    place = v * _SUM_LANES + scope * DEGREE * LANES
    share = multiply_lanes(spread(weights, number), value)
    store_lanes(sums, LANES, place, add_lanes(load_sum(sums, place), share))


@kernel_part
def fraction_constraint(  # type: ignore[no-untyped-def]
    scratch, code, at, lookup, buses, powers, weights, number, sums
):
    """U f - V of a lookup column, weighted, on all vectors."""
    column = code[at + 2]
    for v in range(VECTORS):
        base = v * LANES
        numerator, product = fraction(scratch, base, code, at, buses, powers)
        f = lookup_lanes(scratch, base, lookup, 1 + column)
        defect = subtract_lanes(multiply_lanes(product, f), numerator)
        add_weighted(sums, v, _ALL, weights, number + column, defect)


@kernel_part
def running_sum(scratch, lookup, fractions, weights, number, terminal, sums):  # type: ignore[no-untyped-def]
    """The three constraints on the running sum, on all vectors."""
    for v in range(VECTORS):
        base = v * LANES
        before = lookup_lanes(scratch, base, lookup, 0)
        moved = before
        for column in range(1, fractions + 1):
            moved = add_lanes(moved, lookup_lanes(scratch, base, lookup, column))
        after = lookup_lanes(scratch, base, lookup, fractions + 1)
        add_weighted(sums, v, _FIRST, weights, number, before)
        add_weighted(sums, v, _TRANSITION, weights, number + 1, subtract_lanes(after, moved))
        end = subtract_lanes(moved, spread(terminal, 0))
        add_weighted(sums, v, _LAST, weights, number + 2, end)


@kernel_part
def over_zerofiers(wide, sums, v, zerofiers, place, stride):  # type: ignore[no-untyped-def]
    """Sum over the scopes of their sum times 1 / Z: 16 rows, canonical."""
    zero = splat32(np.uint32(0))
    total = (zero, zero, zero, zero, zero)
    for scope in range(SCOPES):
        at = v * _SUM_WIDE + scope * DEGREE * LANES
        folded = (
            field_reduce(load(wide, at), load(wide, at + 8)),
            field_reduce(load(wide, at + 16), load(wide, at + 24)),
            field_reduce(load(wide, at + 32), load(wide, at + 40)),
            field_reduce(load(wide, at + 48), load(wide, at + 56)),
            field_reduce(load(wide, at + 64), load(wide, at + 72)),
        )
        folded = add_lanes(folded, load_sum(sums, v * _SUM_LANES + scope * DEGREE * LANES))
        inverse = load(zerofiers, scope * stride + place)
        total = add_lanes(total, multiply_lanes_by(folded, inverse))
    return total


@kernel_part
def run_code(  # type: ignore[no-untyped-def]
    scratch, code, lookup, counts, weights, buses, powers, terminal, wide, sums
):
    """All constraints of a group on one block, added up by scope in `wide` and `sums`."""
    fractions, constraints = counts
    at = 0
    while at < code.size:
        opcode = code[at]
        if opcode == ACCUMULATE:
            accumulate(scratch, code, at, weights, wide)
        elif opcode == FRACTION:
            fraction_constraint(
                scratch, code, at, lookup, buses, powers, weights, constraints, sums
            )
        else:
            step(scratch, code, at)
        at += code[at + 1]
    running_sum(scratch, lookup, fractions, weights, constraints + fractions, terminal, sums)


@kernel
def quotient_blocks(  # type: ignore[no-untyped-def]
    start, stop, program, lookup, counts, matrices, rows, challenges, zerofiers, lift, shorter, out
):
    """Blocks start..stop of one group's share of the quotient, all cosets one after the other.

    out = lift * (shorter, row mod its rows) + sum over scopes of (weighted constraints) / Z.

    program: (tiles, code, constants, first constant, slots); lookup: offsets of the lookup columns;
    counts: (fraction columns, constraints of the tape); matrices: (fixed, main, lookup, strides);
    challenges: (weights, buses, powers, terminal), Montgomery form like `lift`; zerofiers: (scopes,
    cosets * rows) canonical; shorter, out: planes over (coset, row), canonical.
    """
    tiles, code, constants, first_constant, slots = program
    fixed, main, lookups, strides = matrices
    weights, buses, powers, terminal = challenges
    scratch = words32(slots * SLOT)
    square = words32(LANES * LANES)
    wide = words64(VECTORS * _SUM_WIDE)
    sums = words32(VECTORS * _SUM_LANES)
    places = np.empty(LANES, dtype=np.int64)
    fill_constants(scratch, first_constant, constants)
    blocks, points = rows // SLOT, out.shape[1]
    shorter_rows = shorter.shape[1] * rows // points
    for block in range(start, stop):
        coset, first = block // blocks, block % blocks * SLOT
        load_tiles(
            scratch, tiles, fixed, main, lookups, strides, rows, coset, first, places, square
        )
        wide[:] = 0
        sums[:] = 0
        run_code(scratch, code, lookup, counts, weights, buses, powers, terminal, wide, sums)
        for v in range(VECTORS):
            row = first + v * LANES
            place = coset * rows + row
            total = over_zerofiers(wide, sums, v, zerofiers, place, points)
            below = coset * shorter_rows + (row & (shorter_rows - 1))
            lifted = load_lanes(shorter, shorter.shape[1], below)
            total = add_lanes(total, multiply_lanes(spread(lift, 0), lifted))
            store_lanes(out, points, place, total)


@kernel
def _power(base, exponent):  # type: ignore[no-untyped-def]
    """base^exponent mod p, of a canonical u64."""
    prime, result = np.uint64(P), np.uint64(1)
    while exponent:
        if exponent & 1:
            result = result * base % prime
        base = base * base % prime
        exponent >>= 1
    return result


@kernel
def solve_parts(start, stop, folded, inverse_shifts, solution, out):  # type: ignore[no-untyped-def]
    """out[i, r, d] = sum over k of solution[i, k] * folded[r, 5 k + d] / s_k^r, for rows r.

    folded (N, 15) canonical; inverse_shifts (3,): 1 / s_k; solution (3, 3); out (3, N, 5). Three
    products of canonical values stay below 2^64.
    """
    parts, _, degree = out.shape
    prime = np.uint64(P)
    scale = np.empty(parts, dtype=np.uint64)
    scaled = np.empty((parts, degree), dtype=np.uint64)
    for k in range(parts):
        scale[k] = _power(inverse_shifts[k], start)
    for row in range(start, stop):
        for k in range(parts):
            for d in range(degree):
                scaled[k, d] = folded[row, degree * k + d] * scale[k] % prime
            scale[k] = scale[k] * inverse_shifts[k] % prime
        for i in range(parts):
            for d in range(degree):
                total = np.uint64(0)
                for k in range(parts):
                    total += solution[i, k] * scaled[k, d]
                out[i, row, d] = total % prime
