"""Public values: the flat vector that prover and verifier share, addressed by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from circuits.air.graph import MODULUS


@dataclass(frozen=True, slots=True)
class PublicLayout:
    """Names in order, each with its number of elements."""

    sizes: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.sizes]
        if len(set(names)) != len(names):
            raise ValueError("two public values have one name")

    @property
    def width(self) -> int:
        """Elements of the whole vector."""
        return sum(size for _, size in self.sizes)

    def find(self, name: str) -> slice:
        """Where a name lies in the vector."""
        start = 0
        for other, size in self.sizes:
            if other == name:
                return slice(start, start + size)
            start += size
        raise KeyError(f"no public value is named {name!r}")

    def flatten(self, values: Mapping[str, int | Sequence[int]]) -> tuple[int, ...]:
        """The vector, from exactly the declared names; each element canonical."""
        if set(values) != {name for name, _ in self.sizes}:
            wrong = sorted(set(values) ^ {name for name, _ in self.sizes})
            raise ValueError(f"public values missing or unknown: {', '.join(wrong)}")
        flat: list[int] = []
        for name, size in self.sizes:
            value = values[name]
            elements = [value] if isinstance(value, int) else list(value)
            if len(elements) != size:
                raise ValueError(f"{name}: wanted {size} elements, got {len(elements)}")
            flat += elements
        if any(not 0 <= element < MODULUS for element in flat):
            raise ValueError("a public value is not canonical")
        return tuple(flat)


NO_PUBLICS = PublicLayout(())
"""For circuits without public values."""
