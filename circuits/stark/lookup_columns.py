"""The lookup columns of a group: one fraction column for one or two messages, and the running sum.

The plain statement of what they obey is `circuits.stark.lookup`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.air.tape import lower
from circuits.stark.blinding import empty_matrix
from circuits.stark.kernels import message_blocks
from circuits.stark.lookup import LookupChallenges
from circuits.stark.program import SLOT, compile_program
from circuits.stark.shape import Group
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE, Element, negate
from rollup.field.extension_kernels import inverse_planes, multiply_planes
from rollup.field.kernels import to_montgomery
from rollup.field.koalabear import P
from rollup.native.jit import U32Array, kernel, parallel

_GRAIN = 1 << 10
"""Rows that a thread takes at least."""


class DegenerateChallengeError(Exception):
    """A message of the witness meets a zero denominator: prove again, with fresh randomness.

    It happens with a probability of about 2^-120 for an honest transcript.
    """


@dataclass(frozen=True, slots=True)
class MessageConstants:
    """The lookup challenges as the kernels take them, in Montgomery form.

    buses: (identifiers, 5) of alpha - (b + 1) beta^W. powers: (W, 5) of -beta^k.
    """

    buses: U32Array
    powers: U32Array


def message_constants(challenges: LookupChallenges, buses: Sequence[int]) -> MessageConstants:
    """Constants for bus identifiers up to the largest of `buses`."""
    constants = [challenges.bus_constant(bus) for bus in range(max(buses) + 1)]
    powers = [negate(power) for power in challenges.powers]
    return MessageConstants(
        to_montgomery(np.array(constants, dtype=np.uint64)),
        to_montgomery(np.array(powers, dtype=np.uint64)),
    )


@kernel
def fraction_rows(start, stop, columns, out):  # type: ignore[no-untyped-def]
    """Rows start..stop of `out`, (rows, 5 + 5 fractions or more): their sum, then each fraction.

    columns: (5, fractions, rows). A sum of fewer than 2^32 values stays below 2^64.
    """
    fractions = columns.shape[1]
    for row in range(start, stop):
        for k in range(DEGREE):
            total = np.uint64(0)
            for column in range(fractions):
                value = columns[k, column, row]
                total += np.uint64(value)
                out[row, DEGREE * (1 + column) + k] = value
            out[row, k] = total % np.uint64(P)


@kernel
def running_sum(rows):  # type: ignore[no-untyped-def]
    """The first five columns become the sums of the rows before."""
    for k in range(DEGREE):
        total = np.uint64(0)
        for row in range(rows.shape[0]):
            value = np.uint64(rows[row, k])
            rows[row, k] = total
            total += value
            if total >= np.uint64(P):
                total -= np.uint64(P)


def lookup_columns(
    group: Group,
    matrices: tuple[U32Array, U32Array],
    publics: Sequence[int],
    constants: MessageConstants,
    blinded_rows: int,
) -> tuple[U32Array, Element]:
    """The lookup matrix (n, padded 5 + 5 fractions) of a group, and its terminal.

    matrices: its fixed and main matrix, (n, padded width). Blinded rows of the result are not meant
    to be used: the caller fills them with random elements.
    """
    numerators, denominators = _fractions(group, matrices, publics, constants)
    active = group.height - blinded_rows
    shape = (DEGREE, group.fractions, group.height)
    if not denominators.reshape(shape)[:, :, :active].any(axis=0).all():
        raise DegenerateChallengeError(group.name)
    columns = multiply_planes(numerators, inverse_planes(denominators)).reshape(shape)
    result = empty_matrix(group, Phase.LOOKUP)
    parallel(fraction_rows, group.height, columns, result, grain=_GRAIN)
    last = result[active - 1, :DEGREE].tolist()
    running_sum(result)
    before = result[active - 1, :DEGREE].tolist()
    t0, t1, t2, t3, t4 = ((a + b) % P for a, b in zip(before, last, strict=True))
    return result, (t0, t1, t2, t3, t4)


def _fractions(
    group: Group,
    matrices: tuple[U32Array, U32Array],
    publics: Sequence[int],
    constants: MessageConstants,
) -> tuple[U32Array, U32Array]:
    """Numerators and denominators of all fraction columns: planes over (column, row)."""
    if group.graph is None:
        raise ValueError("a packaged circuit has no graphs: a prover traces it")
    tape = lower(group.graph, messages_only=True)
    program = compile_program(tape, publics, with_lookup=False)
    fixed, main = matrices
    numerators = np.empty((DEGREE, group.fractions * group.height), dtype=np.uint32)
    denominators = np.empty_like(numerators)
    strides = np.array([fixed.shape[1], main.shape[1], 0], dtype=np.int64)
    parallel(
        message_blocks,
        group.height // SLOT,
        program.arguments,
        (fixed, main, strides),
        group.height,
        constants.buses,
        constants.powers,
        numerators,
        denominators,
    )
    return numerators, denominators
