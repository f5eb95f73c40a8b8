"""Arithmetic in F[z]/(z^7 - 3z - 5) on tuples of seven expressions, integers or int64 arrays.

A product is seven sums of products, each one LINEAR node: z^7 = 3z + 5 folds the upper half back.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.expr import Expr, linear
from circuits.air.graph import MODULUS
from rollup.field.septic import DEGREE, FOLD_CONSTANT, FOLD_LINEAR

Septic = tuple[Any, ...]


def multiply(a: Sequence[Any], b: Sequence[Any]) -> Septic:
    """a * b. Numbers and arrays are canonical, and so is the result."""
    raw: list[list[Any]] = [[] for _ in range(2 * DEGREE - 1)]
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            raw[i + j].append(_product(left, right))
    return _fold(raw)


def square(a: Sequence[Any]) -> Septic:
    """a^2."""
    raw: list[list[Any]] = [[] for _ in range(2 * DEGREE - 1)]
    for i in range(DEGREE):
        raw[2 * i].append(_product(a[i], a[i]))
        for j in range(i + 1, DEGREE):
            raw[i + j].append(_times(2, _product(a[i], a[j])))
    return _fold(raw)


def add(a: Sequence[Any], b: Sequence[Any]) -> Septic:
    """a + b, not reduced."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def subtract(a: Sequence[Any], b: Sequence[Any]) -> Septic:
    """a - b, not reduced."""
    return tuple(x - y for x, y in zip(a, b, strict=True))


def scale(a: Sequence[Any], factor: int) -> Septic:
    """factor * a, not reduced; for small factors."""
    return tuple(x * factor for x in a)


def _product(left: Any, right: Any) -> Any:
    product = left * right
    return product if isinstance(product, Expr) else product % MODULUS


def _times(factor: int, value: Any) -> tuple[int, Any]:
    return (factor, value)


def _fold(raw: Sequence[Sequence[Any]]) -> Septic:
    """Seven sums: column k, 5 times column k + 7 and 3 times column k + 6 (for k > 0)."""
    out = []
    for k in range(DEGREE):
        terms = _terms(raw[k], 1)
        if k + DEGREE < len(raw):
            terms += _terms(raw[k + DEGREE], FOLD_CONSTANT)
        if k > 0:
            terms += _terms(raw[k + DEGREE - 1], FOLD_LINEAR)
        out.append(_sum(terms))
    return tuple(out)


def _terms(column: Sequence[Any], factor: int) -> list[tuple[int, Any]]:
    pairs = [part if isinstance(part, tuple) else (1, part) for part in column]
    return [(factor * small, value) for small, value in pairs]


def _sum(terms: list[tuple[int, Any]]) -> Any:
    if any(isinstance(value, Expr) for _, value in terms):
        return _symbolic_sum(terms)
    total = terms[0][0] * terms[0][1]
    for factor, value in terms[1:]:
        total = total + factor * value
    return total % MODULUS


def _symbolic_sum(terms: list[tuple[int, Any]]) -> Expr:
    lifted = next(value for _, value in terms if isinstance(value, Expr)).recorder.lift
    return linear((factor, lifted(value)) for factor, value in terms)
