"""The fold by 8 of the low-degree test at one point, in plain integers.

f(X) = sum_k X^k f_k(X^8) folds with a challenge to sum_k challenge^k f_k, whose degree is an
eighth. f_k(x^8) = (1/8) x^-k sum_j w^(-j k) f(x w^j), w = omega_8.
"""

from collections.abc import Sequence
from operator import mul

from rollup.field import extension, koalabear
from rollup.field.extension import Element
from rollup.field.koalabear import P

FOLD_ARITY = 8

_INVERSE_ROOTS = [pow(koalabear.omega(3), -k, P) for k in range(FOLD_ARITY)]
_INVERSE_ARITY = koalabear.inverse(FOLD_ARITY)

_TRANSFORM = [
    [_INVERSE_ROOTS[j * k % FOLD_ARITY] for j in range(FOLD_ARITY)] for k in range(FOLD_ARITY)
]
"""Row k: w^(-j k) for j = 0..7."""


def fold_values(values: Sequence[Element], x: int, challenge: Element) -> Element:
    """The folded polynomial at x^8, from f at x * omega_8^j for j = 0..7.

    x is a non-zero base-field element. Raises ValueError unless there are 8 values.
    """
    if len(values) != FOLD_ARITY:
        raise ValueError(f"a fold takes {FOLD_ARITY} values, not {len(values)}")
    packed = [extension.pack(value) for value in values]
    step = extension.scale(challenge, koalabear.inverse(x))
    total = extension.ZERO
    for roots in reversed(_TRANSFORM):
        part = extension.unpack(sum(map(mul, roots, packed)))
        total = extension.add(extension.multiply(total, step), part)
    return extension.scale(total, _INVERSE_ARITY)
