"""Shape classes: how much a batch may hold, so that its proof has one shape. The one home of it.

Rules, sequencer, circuit and verifier read the same record. A batch and its public input name their
class, and L1 pins a verifier for each class that it takes. Spec: docs/spec/07-batch.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce
from typing import Final

from rollup.protocol.constants import (
    ACCOUNT_BITS,
    BUCKET_NUMBER_BITS,
    COUNTERS,
    DEPOSITS_MAX,
    MARKETS_MAX,
    OUTFLOWS_MAX,
    RESTING_PLACE,
    TRADES_LIMIT,
    TRIGGER_BITS,
)

NAME_LENGTH_MAX: Final = 8
"""Bytes that the name of a class takes in a digest."""


@dataclass(frozen=True, slots=True)
class ShapeClass:
    """The most of each that a batch holds: fills, orders signed in it, slots opened, accounts
    opened, positions of these accounts, each that was held before the batch or traded in it, leaves
    of triggers touched or swept, and inner nodes of all trees on the way to what is opened.

    Every class takes DEPOSITS_MAX queue entries, which have the first memory timestamps, and
    OUTFLOWS_MAX withdrawals and transfers, whose signatures take the places of orders, as those of
    cancels do.
    """

    name: str
    trades: int
    orders: int
    slots: int
    accounts: int
    positions: int
    triggers: int
    nodes: int

    def __post_init__(self) -> None:
        if not is_class_name(self.name):
            raise ValueError(f"a class is named by 1 to {NAME_LENGTH_MAX} letters")
        if not 1 <= self.trades <= TRADES_LIMIT:
            raise ValueError(f"a class takes 1 to {TRADES_LIMIT} trades, not {self.trades}")
        if not 2 <= self.orders <= 2 * self.trades:
            raise ValueError(f"{self.trades} trades have 2 to {2 * self.trades} orders")
        if not self.orders <= self.slots <= RESTING_PLACE:
            raise ValueError(f"{self.slots} slots are no room for {self.orders} orders")
        if not DEPOSITS_MAX + 1 < self.accounts < 1 << ACCOUNT_BITS:
            raise ValueError(f"{self.accounts} accounts are no room for traders beside depositors")

        if self.positions < self.accounts or self.positions < 4 * MARKETS_MAX:
            raise ValueError(f"{self.positions} positions are no room for {self.accounts} accounts")
        if self.triggers < 1:
            raise ValueError("a class takes at least one leaf of triggers")
        if self.nodes < ACCOUNT_BITS + TRIGGER_BITS:
            raise ValueError("a class takes the paths to one account and one leaf of triggers")

    @property
    def takeovers(self) -> int:
        """As many as trades: each has a memory timestamp of its own, and a row."""
        return self.trades

    @property
    def cover(self) -> int:
        """How many accounts a batch opens at the least, where the venue has so many: decoys make
        them up (docs/spec/28-decoys.md)."""
        return self.accounts // 2

    @property
    def entries_least(self) -> int:
        """How many queue entries a third of any batch has room for, beside the fee account: their
        accounts are as far apart as can be, hold every market, and leave and take a leaf of
        triggers in each. One at the least, which always fits.
        """
        side = BUCKET_NUMBER_BITS - (COUNTERS.bit_length() - 1)
        nodes = ACCOUNT_BITS + 2 * MARKETS_MAX * side
        above = TRIGGER_BITS + 4 * MARKETS_MAX  # of the sides of all markets, once
        room = (
            self.positions // 3 // MARKETS_MAX,
            self.triggers // 3 // (2 * MARKETS_MAX),
            (self.nodes // 3 - above) // nodes,
        )
        return max(1, min(*room, DEPOSITS_MAX) - 1)

    def encode(self) -> bytes:
        """Canonical bytes: the length of the name and the name, then numbers of 4 bytes each,
        big-endian, what every class has among them."""
        name = self.name.encode("ascii")
        sizes = (self.trades, self.orders, self.slots, self.accounts, self.positions)
        numbers = (*sizes, self.triggers, self.nodes, DEPOSITS_MAX, OUTFLOWS_MAX)
        words = (number.to_bytes(4, "big") for number in numbers)
        return b"".join((len(name).to_bytes(1, "big"), name, *words))

    def common(self, other: "ShapeClass | None") -> "ShapeClass":
        """What fits a batch of either class: the less of each member, under this name."""
        if other is None:
            return self
        sizes = (each.name for each in fields(ShapeClass) if each.name != "name")
        least = {size: min(getattr(self, size), getattr(other, size)) for size in sizes}
        return ShapeClass(self.name, **least)


def is_class_name(name: object) -> bool:
    """Whether a class could be called so: 1 to NAME_LENGTH_MAX letters of ASCII."""
    is_text = isinstance(name, str) and name.isascii() and name.isalpha()
    return is_text and len(str(name)) <= NAME_LENGTH_MAX


def name_bytes(name: str) -> bytes:
    """The name of a class in a digest: its letters, then zeros, NAME_LENGTH_MAX bytes."""
    return name.encode("ascii").ljust(NAME_LENGTH_MAX, b"\0")


CLASS_S: Final = ShapeClass(
    "S",
    trades=128,
    orders=256,
    slots=256,
    accounts=400,
    positions=640,
    triggers=1408,
    nodes=8_950,
)
"""Small: two orders signed for every fill, and every account another one: 256 traders, 64
depositors, the fee account and the backstop. Orders that come to rest, and what ends, have the
slots that fills leave. The nodes are those of all these in a book of a million accounts, and of all
leaves of triggers; or of 250 accounts as far apart as can be, and some 80 leaves."""

CLASS_M: Final = ShapeClass(
    "M",
    trades=1568,
    orders=2048,
    slots=3136,
    accounts=1280,
    positions=2816,
    triggers=3584,
    nodes=34_300,
)
"""Medium: 1.3 signatures for every fill, and a slot for each side of all of them: more than half of
the sides are of orders that rest, or are signed in bundles. The slots of an account are taken to be
neighbours, as clients use them. Positions are as many as leaves of triggers let a batch use, where
each moves its own. Nodes are what the Poseidon table of 2^17 rows has room for beside all else:
enough for all accounts in a book of a million, and all leaves of triggers."""

CLASS_R: Final = ShapeClass(
    "R",
    trades=128,
    orders=256,
    slots=256,
    accounts=2816,
    positions=3584,
    triggers=3840,
    nodes=30_400,
)
"""Refreshes: the trades of class S, and accounts as in a crash, when many come due in one step. In
a book of 100,000 accounts all of them are opened with room to spare; leaves of triggers are
neighbours, since what comes due together has triggers close together."""

SHAPE_CLASSES: Final = {shape.name: shape for shape in (CLASS_S, CLASS_M, CLASS_R)}
"""By name."""


def _most(name: str) -> int:
    """The most that any class takes of something."""
    sizes: list[int] = [getattr(shape, name) for shape in SHAPE_CLASSES.values()]
    return max(sizes)


LARGEST: Final = ShapeClass(
    "any", **{each.name: _most(each.name) for each in fields(ShapeClass) if each.name != "name"}
)
"""What records and codecs bound: no class takes more of anything."""


def shape_class_by_name(name: str) -> ShapeClass:
    """The class of that name. Raises ValueError for any other."""
    if name not in SHAPE_CLASSES:
        raise ValueError(f"a shape class is one of {', '.join(SHAPE_CLASSES)}, not {name!r}")
    return SHAPE_CLASSES[name]


def entries_least(names: Iterable[str]) -> int:
    """How many queue entries any batch of a venue of these classes has room for beside others.
    Raises ValueError for an unknown name, or none."""
    first, *others = map(shape_class_by_name, names)
    return reduce(ShapeClass.common, others, first).entries_least
