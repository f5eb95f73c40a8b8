"""L1s that are each wrong about the estate in one way."""

from typing import Any

from rollup.l1.development import LocalL1
from rollup.l1.estate import Estate, Sale
from rollup.l1.interface import Address
from rollup.l1.vault import Vault
from rollup.protocol.public import PublicInput


class SellsForTheFirstPrice(LocalL1):
    """What it has never gets cheaper."""

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        sales = self._state.estate.sales
        if asset in sales:
            sales[asset] = Sale(sales[asset].lots, sales[asset].start, self.now())
        return super().buy(sender, asset, lots, most)


class KeepsTheSurplus(LocalL1):
    """What sales bring beyond what is lacking is nobody's."""

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        paid = super().buy(sender, asset, lots, most)
        self._state.estate.surplus = 0
        return paid


class SellsForAnything(LocalL1):
    """It does not ask what somebody is ready to pay."""

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        return super().buy(sender, asset, lots, 2**62)


class LacksNothing(Estate):
    """It forgets what accounts are owed for what came to it."""

    def take(self, mark: int, lots: int, price: int, now: int) -> None:
        super().take(mark, lots, price, now)
        self.lacks = 0


class GoesOnWithItsSale(Estate):
    """Later lots are sold at the price at which the first ones are."""

    def take(self, mark: int, lots: int, price: int, now: int) -> None:
        old = self.sales.get(mark)
        super().take(mark, lots, price, now)
        if old is not None:
            self.sales[mark] = Sale(old.lots + lots, old.start, old.since)


class PaysFromTheQueue(Vault):
    """What is pending is paid of deposits that no batch has consumed."""

    def pay(self, sender: Address, far: int = 0, elsewhere: int = 0) -> int:
        queued, self.queued = self.queued, far
        try:
            return super().pay(sender, far, elsewhere)
        finally:
            self.queued = queued


class KeepsEstateInCustody(Vault):
    """Lots that the estate takes stay under custody."""

    def settle(self, public: PublicInput, stake: int) -> None:
        super().settle(public, stake)
        if self.mark:
            self.custody += public.taken_of(self.mark)


class MixesEstateIntoCustody(LocalL1):
    """The ledgers of all assets keep what the estate takes."""

    def _advance(self, public: PublicInput) -> None:
        for vault in self._state.assets.values():
            vault.__class__ = KeepsEstateInCustody
        super()._advance(public)


WRONG_SALES: tuple[Any, ...] = (
    SellsForTheFirstPrice,
    KeepsTheSurplus,
    SellsForAnything,
    MixesEstateIntoCustody,
)
WRONG_ESTATES: tuple[Any, ...] = (LacksNothing, GoesOnWithItsSale)
