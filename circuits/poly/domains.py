"""Cosets on which tables are extended, in plain integers."""

from rollup.field.koalabear import GENERATOR, P


def lifted_shift(height_log2: int, tallest_log2: int) -> int:
    """Shift of a table of height n beside a tallest one of height N: 3^(N/n).

    Then point i of its extended domain is the (N/n)-th power of point i of the tallest one, so that
    t(X^(N/n)) takes there the value of t with index i mod its own size.
    """
    if not 0 <= height_log2 <= tallest_log2:
        raise ValueError(f"a table of height 2^{height_log2} does not lift to 2^{tallest_log2}")
    return pow(GENERATOR, 1 << (tallest_log2 - height_log2), P)
