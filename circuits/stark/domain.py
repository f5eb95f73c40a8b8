"""Evaluation domains, in plain integers.

Everything is committed on D = 3 <w_(NB)>, N rows of the tallest table. Point i is 3 w_(NB)^i, and
what a stack is there comes from what its columns are at the (N/n)-th power of it.
"""

from circuits.stark.shape import Shape
from rollup.field import extension, koalabear
from rollup.field.extension import Element
from rollup.field.koalabear import GENERATOR, P


def point(shape: Shape, index: int) -> int:
    """Point `index` of the domain of the tallest table."""
    root = koalabear.omega(shape.log2_domain)
    return GENERATOR * pow(root, index, P) % P


def power_of_two(value: Element, log2_exponent: int) -> Element:
    """value^(2^k)."""
    for _ in range(log2_exponent):
        value = extension.square(value)
    return value


def blinding_zerofier(log2_height: int, blinded_rows: int, at: Element) -> Element:
    """The product of (y - w^j) over the last rows, which no constraint covers."""
    root = koalabear.omega(log2_height)
    row = pow(root, -blinded_rows, P)
    total = extension.ONE
    y0, y1, y2, y3, y4 = at
    for _ in range(blinded_rows):
        total = extension.multiply(total, ((y0 - row) % P, y1, y2, y3, y4))
        row = row * root % P
    return total


def inverse_zerofiers(
    log2_height: int, blinded_rows: int, at: Element
) -> tuple[Element, Element, Element, Element]:
    """1 / Z(y) for the scopes ALL, TRANSITION, FIRST, LAST of a table, at y outside the field.

    ALL covers rows 0 to n - h - 1, TRANSITION one row less, FIRST and LAST one row each.
    """
    last_row = pow(koalabear.omega(log2_height), -(blinded_rows + 1), P)
    vanishing = extension.subtract(power_of_two(at, log2_height), extension.ONE)
    from_first = extension.subtract(at, extension.ONE)
    from_last = extension.subtract(at, extension.embed(last_row))
    inverses = extension.inverse_many([vanishing, from_first, from_last])
    every = extension.multiply(blinding_zerofier(log2_height, blinded_rows, at), inverses[0])
    return every, extension.multiply(every, from_last), inverses[1], inverses[2]
