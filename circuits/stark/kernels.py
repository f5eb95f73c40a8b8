"""The block-tape interpreter: constraints and messages of a group on many rows at once.

A thread takes blocks of V x 16 rows. It copies their columns into scratch memory by transposition,
in Montgomery form, and runs the program; each instruction works on V vectors, which pays for its
dispatch. Reference: `circuits.stark.evaluate`, which reads the same tape in plain integers.

Code, after (opcode, length): ADD, SUB, MUL (target, left, right); ADD_CONSTANT, SUB_CONSTANT,
SUB_FROM (target, left, value); LINEAR (target, terms, then coefficient, operand for each; an even
number); ACCUMULATE (constraint, scope, operand); FRACTION (column, messages, then bus, sign, count,
width, payload for each). Operands are scratch offsets.
"""

import numpy as np

from circuits.air.tape import Code
from circuits.stark.program import ADD_CONSTANT, SLOT, SUB_CONSTANT
from rollup.field.extension_kernels import multiply_lanes_by, store_lanes
from rollup.field.extension_simd import add_lanes, multiply_lanes
from rollup.field.kernels import TO_MONTGOMERY, TO_MONTGOMERY_MU
from rollup.field.koalabear import P
from rollup.native.aligned import words32
from rollup.native.jit import kernel, kernel_part
from rollup.native.simd import (
    LANES,
    as_pairs,
    field_add,
    field_multiply,
    field_reduce,
    field_scale,
    field_subtract,
    high_halves,
    load,
    low_halves,
    smaller64,
    splat32,
    splat64,
    store,
    transpose,
)

_ADD, _SUB, _MUL, _LINEAR = int(Code.ADD), int(Code.SUB), int(Code.MUL), int(Code.LINEAR)
ACCUMULATE, FRACTION = int(Code.ACCUMULATE), int(Code.FRACTION)
BOUND = np.uint64(P << 32)


@kernel_part
def factor(value):  # type: ignore[no-untyped-def]
    """A u32 in every u64 lane, so written that products by it are known to have 32-bit factors."""
    return low_halves(as_pairs(splat32(value)))


@kernel_part
def fill_constants(scratch, first, constants):  # type: ignore[no-untyped-def]
    """Write every constant into its slot, in all lanes."""
    for k in range(constants.size):
        for v in range(0, SLOT, LANES):
            store(scratch, (first + k) * SLOT + v, splat32(constants[k]))


@kernel_part
def load_tiles(  # type: ignore[no-untyped-def]
    scratch, tiles, fixed, main, lookup, strides, rows, coset, first_row, places, square
):
    """Copy all tiles of one block, in Montgomery form. `rows` is a power of two; rows wrap."""
    for v in range(0, SLOT, LANES):
        for t in range(tiles.shape[0]):
            phase, shift, column, target = tiles[t, 0], tiles[t, 1], tiles[t, 2], tiles[t, 3]
            stride = strides[phase]
            for k in range(LANES):
                row = (first_row + v + k + shift) & (rows - 1)
                places[k] = (coset * rows + row) * stride + column
            if phase == 0:
                transpose(fixed, places, square, 0)
            elif phase == 1:
                transpose(main, places, square, 0)
            else:
                transpose(lookup, places, square, 0)
            for k in range(LANES):
                x = load(square, k * LANES)
                scaled = field_scale(x, TO_MONTGOMERY, TO_MONTGOMERY_MU)
                store(scratch, target + k * SLOT + v, scaled)


@kernel_part
def step(scratch, code, at):  # type: ignore[no-untyped-def]
    """One instruction that writes a slot, on all vectors of the block."""
    opcode, target, left, right = code[at], code[at + 2], code[at + 3], code[at + 4]
    if opcode == _LINEAR:
        linear(scratch, code, at)
    elif opcode == _ADD:
        for v in range(0, SLOT, LANES):
            x = field_add(load(scratch, left + v), load(scratch, right + v))
            store(scratch, target + v, x)
    elif opcode == _SUB:
        for v in range(0, SLOT, LANES):
            x = field_subtract(load(scratch, left + v), load(scratch, right + v))
            store(scratch, target + v, x)
    elif opcode == _MUL:
        for v in range(0, SLOT, LANES):
            x = field_multiply(load(scratch, left + v), load(scratch, right + v))
            store(scratch, target + v, x)
    else:
        constant = splat32(np.uint32(right))
        for v in range(0, SLOT, LANES):
            x = load(scratch, left + v)
            if opcode == ADD_CONSTANT:
                store(scratch, target + v, field_add(x, constant))
            elif opcode == SUB_CONSTANT:
                store(scratch, target + v, field_subtract(x, constant))
            else:
                store(scratch, target + v, field_subtract(constant, x))


@kernel_part
def linear(scratch, code, at):  # type: ignore[no-untyped-def]
    """target = sum of coefficient * operand: u64 sums, kept below p * R after each two terms.

    The four vectors of a block go side by side, so that a coefficient is fetched once.
    """
    target, terms = code[at + 2], code[at + 3]
    zero, bound = splat64(np.uint64(0)), splat64(BOUND)
    e0, e1, e2, e3 = zero, zero, zero, zero
    o0, o1, o2, o3 = zero, zero, zero, zero
    for k in range(at + 4, at + 4 + 2 * terms, 4):
        first, second = factor(np.uint32(code[k])), factor(np.uint32(code[k + 2]))
        left, right = code[k + 1], code[k + 3]
        x, y = as_pairs(load(scratch, left)), as_pairs(load(scratch, right))
        e0 = e0 + low_halves(x) * first + low_halves(y) * second
        o0 = o0 + high_halves(x) * first + high_halves(y) * second
        x, y = as_pairs(load(scratch, left + 16)), as_pairs(load(scratch, right + 16))
        e1 = e1 + low_halves(x) * first + low_halves(y) * second
        o1 = o1 + high_halves(x) * first + high_halves(y) * second
        x, y = as_pairs(load(scratch, left + 32)), as_pairs(load(scratch, right + 32))
        e2 = e2 + low_halves(x) * first + low_halves(y) * second
        o2 = o2 + high_halves(x) * first + high_halves(y) * second
        x, y = as_pairs(load(scratch, left + 48)), as_pairs(load(scratch, right + 48))
        e3 = e3 + low_halves(x) * first + low_halves(y) * second
        o3 = o3 + high_halves(x) * first + high_halves(y) * second
        e0, o0 = smaller64(e0, e0 - bound), smaller64(o0, o0 - bound)
        e1, o1 = smaller64(e1, e1 - bound), smaller64(o1, o1 - bound)
        e2, o2 = smaller64(e2, e2 - bound), smaller64(o2, o2 - bound)
        e3, o3 = smaller64(e3, e3 - bound), smaller64(o3, o3 - bound)
    store(scratch, target, field_reduce(e0, o0))
    store(scratch, target + 16, field_reduce(e1, o1))
    store(scratch, target + 32, field_reduce(e2, o2))
    store(scratch, target + 48, field_reduce(e3, o3))


@kernel_part
def denominator(scratch, base, code, at, width, constant, powers):  # type: ignore[no-untyped-def]
    """constant + sum of payload_k * powers[k] over a message's payload: 16 rows, Montgomery form.

    `powers` are those of -beta in sign: a denominator is alpha - (bus + 1) beta^W - the payload.
    """
    zero, bound = splat64(np.uint64(0)), splat64(BOUND)
    e0, e1, e2, e3, e4 = zero, zero, zero, zero, zero
    o0, o1, o2, o3, o4 = zero, zero, zero, zero, zero
    for k in range(width):
        x = as_pairs(load(scratch, base + code[at + k]))
        low, high = low_halves(x), high_halves(x)
        p0, p1, p2 = factor(powers[k, 0]), factor(powers[k, 1]), factor(powers[k, 2])
        p3, p4 = factor(powers[k, 3]), factor(powers[k, 4])
        e0, o0 = e0 + low * p0, o0 + high * p0
        e1, o1 = e1 + low * p1, o1 + high * p1
        e2, o2 = e2 + low * p2, o2 + high * p2
        e3, o3 = e3 + low * p3, o3 + high * p3
        e4, o4 = e4 + low * p4, o4 + high * p4
        e0, o0 = smaller64(e0, e0 - bound), smaller64(o0, o0 - bound)
        e1, o1 = smaller64(e1, e1 - bound), smaller64(o1, o1 - bound)
        e2, o2 = smaller64(e2, e2 - bound), smaller64(o2, o2 - bound)
        e3, o3 = smaller64(e3, e3 - bound), smaller64(o3, o3 - bound)
        e4, o4 = smaller64(e4, e4 - bound), smaller64(o4, o4 - bound)
    return (
        field_add(field_reduce(e0, o0), splat32(constant[0])),
        field_add(field_reduce(e1, o1), splat32(constant[1])),
        field_add(field_reduce(e2, o2), splat32(constant[2])),
        field_add(field_reduce(e3, o3), splat32(constant[3])),
        field_add(field_reduce(e4, o4), splat32(constant[4])),
    )


@kernel_part
def signed_count(scratch, base, code, at):  # type: ignore[no-untyped-def]
    """The count of the message at `at`, negative if it is received."""
    count = load(scratch, base + code[at + 2])
    if code[at + 1] < 0:
        return field_subtract(splat32(np.uint32(0)), count)
    return count


@kernel_part
def fraction(scratch, base, code, at, buses, powers):  # type: ignore[no-untyped-def]
    """(V, U) of a lookup column on 16 rows: its messages' fractions add up to V / U."""
    messages = code[at + 3]
    one = at + 4
    d1 = denominator(scratch, base, code, one + 4, code[one + 3], buses[code[one]], powers)
    m1 = signed_count(scratch, base, code, one)
    if messages == 1:
        zero = splat32(np.uint32(0))
        return (m1, zero, zero, zero, zero), d1
    two = one + 4 + code[one + 3]
    d2 = denominator(scratch, base, code, two + 4, code[two + 3], buses[code[two]], powers)
    m2 = signed_count(scratch, base, code, two)
    numerator = add_lanes(multiply_lanes_by(d2, m1), multiply_lanes_by(d1, m2))
    return numerator, multiply_lanes(d1, d2)


@kernel
def message_blocks(  # type: ignore[no-untyped-def]
    start, stop, program, matrices, rows, buses, powers, numerators, denominators
):
    """V and U of every lookup column on blocks start..stop of the trace itself.

    program: (tiles, code, constants, first constant, slots); matrices: (fixed, main, strides).
    numerators, denominators: planes over (column, row), Montgomery form.
    """
    tiles, code, constants, first_constant, slots = program
    fixed, main, strides = matrices
    scratch = words32(slots * SLOT)
    places = np.empty(LANES, dtype=np.int64)
    square = words32(LANES * LANES)
    fill_constants(scratch, first_constant, constants)
    points = numerators.shape[1]
    for block in range(start, stop):
        row = block * SLOT
        load_tiles(scratch, tiles, fixed, main, main, strides, rows, 0, row, places, square)
        at = 0
        while at < code.size:
            if code[at] == FRACTION:
                for v in range(0, SLOT, LANES):
                    numerator, product = fraction(scratch, v, code, at, buses, powers)
                    place = code[at + 2] * rows + row + v
                    store_lanes(numerators, points, place, numerator)
                    store_lanes(denominators, points, place, product)
            else:
                step(scratch, code, at)
            at += code[at + 1]
