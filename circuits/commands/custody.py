"""What L1 holds of USDC and of each asset after batches, and how it came to that: for people and
JSON.

Everything here is added up from public data: what was there before the first batch, what was
credited, what was granted, what the estate took. L1 keeps counters of its own for the same
(`crypsis l1 status`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.protocol.assets import USDC, assets_of, market_of, symbol_of
from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.public import PublicInput


@dataclass(frozen=True, slots=True)
class Custody:
    """One token over some batches that join, in its least units: quanta of USDC, lots of an asset.
    before + credited - granted + estate = after: the estate takes lots of an asset, and what it
    paid for them is owed in USDC, of which L1 may lack some."""

    symbol: str
    mark: int
    decimals: int
    before: int
    credited: int
    granted: int
    grants: int
    estate: int

    @property
    def after(self) -> int:
        """What is owed to the accounts of the rollup after the last batch."""
        return self.before + self.credited - self.granted + self.estate

    def to_record(self) -> dict[str, object]:
        """For JSON, numbers as text: they can pass 2^53."""
        return {
            "asset": self.symbol,
            "decimals": self.decimals,
            "before": str(self.before),
            "credited": str(self.credited),
            "granted": str(self.granted),
            "estate": str(self.estate),
            "after": str(self.after),
        }

    def amount(self, units: int) -> str:
        """So much of it, for people."""
        whole, rest = divmod(units, 10**self.decimals)
        decimals = f".{rest:0{self.decimals}d}" if self.decimals else ""
        return f"{whole:,}{decimals} {self.symbol}"


def custody_of(publics: Sequence[PublicInput]) -> tuple[Custody, ...]:
    """Of batches that join: USDC, then each asset that is listed under the last one's
    parameters."""
    governance = publics[-1].governance
    found = []
    for mark in (USDC, *assets_of(governance)):
        first = publics[0]
        is_cash = mark == USDC
        granted = [each for public in publics for each in public.granted if each.asset == mark]
        market = None if is_cash else market_of(mark)
        found.append(
            Custody(
                symbol=symbol_of(governance, mark),
                mark=mark,
                decimals=COLLATERAL_DECIMALS
                if market is None
                else governance.markets[market].size_decimals,
                before=first.total_before if market is None else first.book_before.custody(market),
                credited=sum(public.credited_of(mark) for public in publics),
                granted=sum(each.amount for each in granted),
                grants=len(granted),
                estate=sum(_by_estate(public, mark) for public in publics),
            )
        )
    return tuple(found)


def _by_estate(public: PublicInput, mark: int) -> int:
    """What the estate changes."""
    return public.estate_paid if mark == USDC else -public.taken_of(mark)


def estate_text(found: Sequence[Custody]) -> str:
    """What the estate took of accounts that were liquidated, and owes for it; empty if nothing."""
    paid = [each.amount(each.estate) for each in found if each.estate > 0]
    taken = [each.amount(-each.estate) for each in found if each.estate < 0]
    if not taken:
        return ""
    return f"took {', '.join(taken)} for {', '.join(paid)}, lacking until they are sold"


def granted_text(found: Sequence[Custody]) -> str:
    """What L1 has to pay."""
    some = [each for each in found if each.grants]
    if not some:
        return "nothing"
    count = sum(each.grants for each in some)
    grants = "1 grant" if count == 1 else f"{count} grants"
    return f"{', '.join(each.amount(each.granted) for each in some)}, in {grants} for L1 to pay"


def custody_text(found: Sequence[Custody]) -> str:
    """What L1 holds for the rollup, of each token."""
    return ", ".join(each.amount(each.after) for each in found)
