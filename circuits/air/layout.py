"""Layout: the columns of a table, declared by name.

Bound to expressions when tracing and to int64 arrays when filling:

class Columns(Layout):
    active = bit()            # one column, 0 or 1
    price = limbs(30)         # Limbs: 13, 13 and 4 bits
    slope = cells(7)          # tuple of seven columns
    carries = carries(4, 17)  # Carries: four signed numbers in [-2^16, 2^16)
    buyer = group(Side)       # another Layout
    positions = many(4, group(Position))

Columns come in the order of declaration; a bound attribute has the shape of its declaration.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

LIMB_BITS = 13
"""Bits of a limb: the widest range check. Products of two limbs leave five bits for sums."""


def limb_widths(bits: int) -> tuple[int, ...]:
    """Widths of the limbs of a number of `bits` bits, low first: 30 -> (13, 13, 4)."""
    if bits < 1:
        raise ValueError(f"a number has at least one bit, got {bits}")
    full, rest = divmod(bits, LIMB_BITS)
    return (LIMB_BITS,) * full + ((rest,) if rest else ())


@dataclass(frozen=True, slots=True)
class Limbs:
    """An unsigned number in limbs of 13 bits, low first; the top limb may be narrower."""

    cells: tuple[Any, ...]
    widths: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.cells)

    def __getitem__(self, index: int) -> Any:
        return self.cells[index]

    @property
    def bits(self) -> int:
        """Bits of the whole number."""
        return sum(self.widths)

    def packed(self) -> tuple[Any, ...]:
        """Pairs of limbs as one element each: limb0 + 2^13 limb1, an odd last limb alone."""
        return pack_pairs(self.cells)

    def value(self) -> Any:
        """The whole number as one element; up to 30 bits, so that the field does not wrap it."""
        if self.bits > 30:
            raise ValueError(f"a number of {self.bits} bits does not fit one field element")
        total = self.cells[0]
        for position, cell in enumerate(self.cells[1:], start=1):
            total = total + cell * 2 ** (LIMB_BITS * position)
        return total

    def fill(self, values: Any) -> None:
        """Witness only: write unsigned integers as limbs; what does not fit stays in the top."""
        for position, cell in enumerate(self.cells):
            shifted = values >> (LIMB_BITS * position)
            last = position == len(self.cells) - 1
            cell[...] = shifted if last else shifted & (2**LIMB_BITS - 1)


@dataclass(frozen=True, slots=True)
class Carries:
    """Signed numbers in [-2^(bits-1), 2^(bits-1)), stored as the limbs of carry + 2^(bits-1)."""

    limbs: tuple[Limbs, ...]
    bits: int

    def __len__(self) -> int:
        return len(self.limbs)

    def values(self) -> tuple[Any, ...]:
        """The signed carries themselves."""
        return tuple(biased.value() - 2 ** (self.bits - 1) for biased in self.limbs)

    def fill(self, values: Sequence[Any]) -> None:
        """Witness only: one int64 array a carry."""
        if len(values) != len(self.limbs):
            raise ValueError(f"wanted {len(self.limbs)} carries, got {len(values)}")
        for biased, value in zip(self.limbs, values, strict=True):
            biased.fill(value + 2 ** (self.bits - 1))


def pack_pairs(cells: Sequence[Any]) -> tuple[Any, ...]:
    """Limbs two by two into elements of 26 bits, as numbers are hashed and travel on buses."""
    return tuple(
        cells[i] + cells[i + 1] * 2**LIMB_BITS if i + 1 < len(cells) else cells[i]
        for i in range(0, len(cells), 2)
    )


@dataclass(frozen=True, slots=True)
class Field:
    """How one attribute takes its columns: `bind` shapes them, `kinds`, `names` describe each."""

    width: int
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    bind: Callable[[tuple[Any, ...]], Any]


def _field(kind: str, names: tuple[str, ...], bind: Callable[[tuple[Any, ...]], Any]) -> Any:
    return Field(len(names), (kind,) * len(names), names, bind)


def cell() -> Any:
    """One column."""
    return _field("cell", ("",), lambda columns: columns[0])


def bit() -> Any:
    """One column that the table must constrain with `air.require_bit`."""
    return _field("bit", ("",), lambda columns: columns[0])


def limbs(bits: int) -> Any:
    """An unsigned number of `bits` bits; the table must range-check it."""
    widths = limb_widths(bits)
    names = tuple(f".{i}" for i in range(len(widths)))
    return _field("limb", names, lambda columns: Limbs(columns, widths))


def carries(count: int, bits: int) -> Any:
    """`count` signed carries of `bits` bits each; the table must range-check them."""
    widths = limb_widths(bits)
    names = tuple(f".{i}.{j}" for i in range(count) for j in range(len(widths)))

    def shape(columns: tuple[Any, ...]) -> Carries:
        step = len(widths)
        return Carries(
            tuple(Limbs(columns[i * step : (i + 1) * step], widths) for i in range(count)), bits
        )

    return _field("limb", names, shape)


def many(count: int, field: Any) -> Any:
    """`count` times the same declaration: a tuple."""
    names = tuple(f".{i}{name}" for i in range(count) for name in field.names)

    def shape(columns: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            field.bind(columns[i * field.width : (i + 1) * field.width]) for i in range(count)
        )

    return Field(count * field.width, field.kinds * count, names, shape)


def cells(count: int) -> Any:
    """A tuple of columns."""
    return many(count, cell())


def bits(count: int) -> Any:
    """A tuple of bit columns."""
    return many(count, bit())


def group(layout: "type[Layout]") -> Any:
    """Another layout as one attribute."""
    return Field(
        layout.width(), layout.kinds(), tuple(f".{name}" for name in layout.names()), layout.bind
    )


class Layout:
    """Base of all declarations. `first`, `last`, `index` are fixed columns of every table, `fixed`
    its own fixed columns; they are there when tracing."""

    fields: ClassVar[dict[str, Field]] = {}
    first: Any
    last: Any
    index: Any
    fixed: Any

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        reserved = sorted(own.keys() & {"first", "last", "index", "fixed", "fields"})
        if reserved:
            raise TypeError(f"{cls.__name__}: {', '.join(reserved)} is reserved")
        cls.fields = {**cls.fields, **own}

    @classmethod
    def width(cls) -> int:
        """Number of columns."""
        return sum(field.width for field in cls.fields.values())

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Name of each column: attribute, then position inside it."""
        return tuple(f"{name}{part}" for name, field in cls.fields.items() for part in field.names)

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Kind of each column: cell, bit or limb."""
        return tuple(kind for field in cls.fields.values() for kind in field.kinds)

    @classmethod
    def bind(cls, columns: Sequence[Any]) -> Self:
        """A layout whose attributes are shaped from `columns` (expressions or arrays), one each."""
        if len(columns) != cls.width():
            raise ValueError(f"{cls.__name__} has {cls.width()} columns, got {len(columns)}")
        bound = cls()
        start = 0
        for name, field in cls.fields.items():
            setattr(bound, name, field.bind(tuple(columns[start : start + field.width])))
            start += field.width
        return bound
