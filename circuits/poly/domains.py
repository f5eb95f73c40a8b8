"""Evaluation domains: cosets of the two-power subgroups of the base field, in plain integers."""

from dataclasses import dataclass

from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import GENERATOR, TWO_ADICITY, P, omega


@dataclass(frozen=True, slots=True)
class Coset:
    """shift * <omega(log2)>: point i is shift * omega^i. The subgroup itself has shift 1."""

    log2: int
    shift: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.log2 <= TWO_ADICITY:
            raise ValueError(f"a domain has 2^0 to 2^{TWO_ADICITY} points, not 2^{self.log2}")
        if not 0 < self.shift < P:
            raise ValueError(f"a shift is a non-zero field element, not {self.shift}")

    @property
    def size(self) -> int:
        """Number of points."""
        return 1 << self.log2

    @property
    def generator(self) -> int:
        """Generator of the subgroup that the coset shifts."""
        return omega(self.log2)

    def point(self, index: int) -> int:
        """The point of an index, in natural order."""
        return self.shift * pow(self.generator, index, P) % P

    def vanishing_at(self, point: Element) -> Element:
        """X^size - shift^size at a point of the extension: zero exactly on the coset."""
        value = point
        for _ in range(self.log2):
            value = extension.square(value)
        return extension.subtract(value, extension.embed(pow(self.shift, self.size, P)))

    def folded(self, arity_log2: int) -> "Coset":
        """The coset of the powers x^(2^arity_log2) of the points."""
        if not 0 <= arity_log2 <= self.log2:
            raise ValueError(f"a domain of 2^{self.log2} points does not fold by 2^{arity_log2}")
        return Coset(self.log2 - arity_log2, pow(self.shift, 1 << arity_log2, P))


def lifted_shift(height_log2: int, tallest_log2: int) -> int:
    """Shift of a table of height n beside a tallest one of height N: 3^(N/n).

    Then point i of its extended domain is the (N/n)-th power of point i of the tallest one, so the
    lifted polynomial t(X^(N/n)) takes there the value with index i mod its own size.
    """
    if not 0 <= height_log2 <= tallest_log2:
        raise ValueError(f"a table of height 2^{height_log2} does not lift to 2^{tallest_log2}")
    return pow(GENERATOR, 1 << (tallest_log2 - height_log2), P)
