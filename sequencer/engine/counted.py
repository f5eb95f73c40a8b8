"""What a batch counts of each market while it trades: its fills, and how many lots are held.

The rules count the same of the whole batch (rollup.protocol.tally).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rollup.private import Private
from rollup.protocol.constants import SIZE_BITS
from rollup.protocol.market import Market
from rollup.protocol.positions import Positions
from rollup.protocol.tally import Tally
from rollup.protocol.terms import MarketTerms


@dataclass(slots=True, repr=False)
class Counted(Private):
    """Tallies so far, but for `opened`: how many lots more are held than before the batch, of which
    there is `room` for so many before the cap of the market. An asset has neither: of it people
    hold what they bring."""

    tallies: list[Tally]
    opened: list[int]
    room: tuple[int | None, ...]

    def fill(self, market: int, price: int, size: int, terms: MarketTerms) -> None:
        """Count a fill between orders. Rejected, with nothing changed, if volumes get too large."""
        self.tallies[market] = self.tallies[market].with_fill(price, size, terms)

    def hold(self, before: Positions, after: Positions) -> None:
        """An account holds other lots from now on."""
        for market in {*before.markets, *after.markets}:
            if self.room[market] is not None:
                self.opened[market] += max(after[market], 0) - max(before[market], 0)

    def most(self, market: int, buyer: int, seller: int) -> int:
        """The most lots that two who hold so many can fill before the batch adds to an open
        interest above the cap. Lots that one side closes add nothing, and are never too many."""
        room = self.room[market]
        if room is None:
            return 1 << SIZE_BITS
        closing = max(-buyer, seller, 0)
        bought = max(buyer + closing, 0) - max(buyer, 0)
        sold = max(seller, 0) - max(seller - closing, 0)
        return closing + room - self.opened[market] - bought + sold

    def settle(self, market: int, lots: int) -> None:
        """Count lots that became cash, those that were owed below zero."""
        self.tallies[market] = self.tallies[market].with_settled(lots)

    @property
    def after(self) -> tuple[Tally, ...]:
        """Each market's tally, if the batch ended now."""
        return tuple(
            replace(tally, open_interest=tally.open_interest + lots)
            for tally, lots in zip(self.tallies, self.opened, strict=True)
        )


def counting(begun: Sequence[Tally], markets: Sequence[Market]) -> Counted:
    """From what a batch begins with."""
    room = (
        None if market.is_asset else max(0, market.open_interest_cap - tally.open_interest)
        for tally, market in zip(begun, markets, strict=True)
    )
    return Counted(list(begun), [0] * len(begun), tuple(room))
