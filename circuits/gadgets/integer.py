"""Integers larger than the field: identities over Z, proved column by column with carries.

An `Integer` is sum coefficient_k * base^k, where every coefficient is a polynomial in cells with a
known interval. Sums, differences and products keep those intervals, so that `require_identity` can
check while tracing, once and for all rows, that no column wraps the field: then equal modulo p
means equal.

The same formula runs on Expr (constraints) and on int64 arrays (witness). Assumed throughout: the
cells an Integer is made of lie in the intervals stated, which the table proves by range checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import TracingError
from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS, Carries, Limbs
from circuits.gadgets.balanced import HALF, TOP

PACKED_BITS = 2 * LIMB_BITS
"""Base of integers made of packed pairs: half the carries, for sums without products."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A value (Expr, int64 array or int) that lies in [low, high] as an integer."""

    value: Any
    low: int
    high: int

    def __add__(self, other: "Coefficient") -> "Coefficient":
        return Coefficient(self.value + other.value, self.low + other.low, self.high + other.high)

    def __neg__(self) -> "Coefficient":
        return Coefficient(-self.value, -self.high, -self.low)

    def __mul__(self, other: "Coefficient") -> "Coefficient":
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Coefficient(self.value * other.value, min(ends), max(ends))


_ZERO = Coefficient(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Integer:
    """sum columns[k] * 2^(base_bits * k)."""

    columns: tuple[Coefficient, ...]
    base_bits: int = LIMB_BITS

    def _same_base(self, other: "Integer") -> None:
        if self.base_bits != other.base_bits:
            raise TracingError(f"integers of base 2^{self.base_bits} and 2^{other.base_bits} met")

    def _lift(self, other: "Integer | int") -> "Integer":
        return constant(other, self.base_bits) if isinstance(other, int) else other

    def __add__(self, other: "Integer | int") -> "Integer":
        other = self._lift(other)
        self._same_base(other)
        pairs = zip_longest(self.columns, other.columns, fillvalue=_ZERO)
        return Integer(tuple(a + b for a, b in pairs), self.base_bits)

    def __neg__(self) -> "Integer":
        return Integer(tuple(-column for column in self.columns), self.base_bits)

    def __sub__(self, other: "Integer | int") -> "Integer":
        return self + (-self._lift(other))

    def __mul__(self, other: "Integer | int") -> "Integer":
        other = self._lift(other)
        self._same_base(other)
        total = [_ZERO] * (len(self.columns) + len(other.columns) - 1)
        for i, a in enumerate(self.columns):
            for j, b in enumerate(other.columns):
                total[i + j] = total[i + j] + a * b
        return Integer(tuple(total), self.base_bits)

    def times(self, factor: Any, low: int, high: int) -> "Integer":
        """The product with one small value in [low, high], such as a bit."""
        small = Coefficient(factor, low, high)
        return Integer(tuple(column * small for column in self.columns), self.base_bits)

    def packed(self) -> "Integer":
        """The same number in base 2^26: columns two by two."""
        if self.base_bits != LIMB_BITS:
            raise TracingError("only an integer of base 2^13 can be packed")
        shift = Coefficient(2**LIMB_BITS, 2**LIMB_BITS, 2**LIMB_BITS)
        columns = [*self.columns, _ZERO]
        pairs = range(0, len(columns) - 1, 2)
        return Integer(tuple(columns[i] + columns[i + 1] * shift for i in pairs), PACKED_BITS)


def constant(value: int, base_bits: int = LIMB_BITS) -> Integer:
    """A known integer of either sign."""
    digits: list[Coefficient] = []
    sign, rest = (-1, -value) if value < 0 else (1, value)
    while rest or not digits:
        digit = sign * (rest & ((1 << base_bits) - 1))
        digits.append(Coefficient(digit, digit, digit))
        rest >>= base_bits
    return Integer(tuple(digits), base_bits)


def from_limbs(limbs: Limbs) -> Integer:
    """An unsigned number in range-checked limbs."""
    return from_cells(limbs.cells, limbs.widths)


def from_cells(cells: Sequence[Any], widths: Sequence[int]) -> Integer:
    """Limbs of base 2^13 known to be below 2^width each: range-checked cells or public values."""
    pairs = zip(cells, widths, strict=True)
    return Integer(tuple(Coefficient(cell, 0, 2**width - 1) for cell, width in pairs))


def from_packed(cells: Sequence[Any], bits: int) -> Integer:
    """Packed pairs of a number of `bits` bits, each pair known to be below its width; base 2^26."""
    columns = []
    for position, cell in enumerate(cells):
        width = min(PACKED_BITS, bits - PACKED_BITS * position)
        columns.append(Coefficient(cell, 0, 2**width - 1))
    return Integer(tuple(columns), PACKED_BITS)


def from_sums(cells: Sequence[Any], high: int) -> Integer:
    """Columns of base 2^13 known to lie in [0, high], such as sums of limbs over rows."""
    return Integer(tuple(Coefficient(cell, 0, high) for cell in cells))


def from_balanced(cells: Sequence[Any]) -> Integer:
    """A number of either sign in balanced limbs of base 2^13, known to be those of
    `circuits.gadgets.balanced`: public values, which the verifier derives."""
    lower = tuple(Coefficient(cell, -HALF, HALF - 1) for cell in cells[:-1])
    return Integer((*lower, Coefficient(cells[-1], -TOP, TOP)))


def from_small(cell: Any, low: int, high: int, base_bits: int = LIMB_BITS) -> Integer:
    """One value known to lie in [low, high], which may be wider than a limb."""
    return Integer((Coefficient(cell, low, high),), base_bits)


def require_identity(air: Builder, total: Integer, carries: Carries, claim: str) -> None:
    """total = 0 over the integers.

    Column k with the carry from below is base * carry_k, and the top column with its carry is 0.
    Assumes the table range-checks `carries`. Raises TracingError if some column could reach p
    (then zero modulo p would not be zero), or if an honest carry could miss its declared width.
    """
    base = 1 << total.base_bits
    if len(carries) != len(total.columns) - 1:
        raise TracingError(
            f"{claim}: {len(total.columns)} columns need {len(total.columns) - 1} carries, "
            f"got {len(carries)}"
        )
    _check_bounds(total, carries.bits, claim)
    below: Any = 0
    for column, carry in zip(total.columns[:-1], carries.values(), strict=True):
        air.require_equal(air.recorder.lift(column.value) + below, carry * base, claim)
        below = carry
    air.require_zero(air.recorder.lift(total.columns[-1].value) + below, claim)


def carry_bits(total: Integer) -> int:
    """Width that `carries(len(columns) - 1, bits)` needs for this identity."""
    reach = 0
    low = high = 0
    for column in total.columns[:-1]:
        low = (column.low + low) >> total.base_bits
        high = (column.high + high) >> total.base_bits
        reach = max(reach, -low, high + 1)
    return max(1, (reach - 1).bit_length() + 1) if reach else 1


def _check_bounds(total: Integer, bits: int, claim: str) -> None:
    """No column reaches p with any carry of `bits` bits, and honest carries have `bits` bits."""
    needed = carry_bits(total)
    if needed > bits:
        raise TracingError(f"{claim}: an honest carry needs {needed} bits, declared are {bits}")
    half = 2 ** (bits - 1)
    for position, column in enumerate(total.columns):
        into = half if position else 0
        out = half if position < len(total.columns) - 1 else 0
        reach = max(-column.low, column.high) + into + (out << total.base_bits)
        if reach >= MODULUS:
            raise TracingError(f"{claim}: column {position} may reach {reach}, which wraps p")


def fill_carries(total: Integer) -> list[Any]:
    """Witness: the carries of an identity whose coefficients are int64 arrays.

    Rounds down where the identity does not hold, so that a forged row still fills, and fails.
    """
    found: list[Any] = []
    below: Any = 0
    for column in total.columns[:-1]:
        below = (column.value + below) >> total.base_bits
        found.append(below)
    return found
