"""The estate: assets that no account could be left with, and what L1 lacks because of them.

Where a batch says that the estate takes lots, their tokens leave custody and are for sale here, and
the accounts that lost them are owed the price: that is what the contract lacks, until the lots are
sold or somebody covers it. All of it is public. Spec: docs/spec/19-estate.md.
"""

from dataclasses import dataclass, field
from typing import Final

from rollup.l1.interface import Revert, Reverted
from rollup.protocol.constants import FRACTION_SCALE

START_FRACTION: Final = 10_500
"""A sale starts at so many ten-thousandths of the price at which the last lots came: a twentieth
above it, so that a price which recovers at once is the venue's gain."""


@dataclass(frozen=True, slots=True)
class Sale:
    """Lots of an asset that are for sale: at `start` quanta a lot at the time `since` in ms, and
    less and less from then on."""

    lots: int
    start: int
    since: int

    def price(self, now: int, duration: int) -> int:
        """Quanta a lot now, rounded up: it falls evenly to 0 over `duration` ms."""
        left = max(0, self.since + duration - now)
        return -(-self.start * min(left, duration) // duration)


@dataclass
class Estate:
    """What is for sale, by mark, and `lacks`: quanta that accounts are owed for it and L1 does not
    hold. `surplus` is what sales brought beyond that, and is not queued for the backstop yet."""

    lacks: int = 0
    surplus: int = 0
    sales: dict[int, Sale] = field(default_factory=dict)

    def take(self, mark: int, lots: int, price: int, now: int) -> None:
        """Lots come at a price; all that is there of the asset starts again from it."""
        there = self.sales[mark].lots if mark in self.sales else 0
        start = -(-price * START_FRACTION // FRACTION_SCALE)
        self.sales[mark] = Sale(there + lots, start, now)
        self.lacks += lots * price

    def cost(self, mark: int, lots: int, now: int, duration: int) -> int:
        """What so many lots cost now."""
        sale = self.sales.get(mark)
        if sale is None or lots > sale.lots:
            there = 0 if sale is None else sale.lots
            raise Reverted(Revert.NOT_FOR_SALE, f"{lots} lots are wanted, {there} are for sale")
        return lots * sale.price(now, duration)

    def sold(self, mark: int, lots: int, cost: int) -> None:
        """Lots are gone, and paid for."""
        sale = self.sales.pop(mark)
        if sale.lots > lots:
            self.sales[mark] = Sale(sale.lots - lots, sale.start, sale.since)
        self.pay(cost)

    def pay(self, amount: int) -> None:
        """Money comes in: it is lacking no more, and what is beyond is surplus."""
        covered = min(amount, self.lacks)
        self.lacks -= covered
        self.surplus += amount - covered
