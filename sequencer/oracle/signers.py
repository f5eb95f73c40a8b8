"""Development signers: they sign, in a real format, what somebody tells them.

A venue that people trade money at registers signers that it does not run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.crypto.address_key import AddressKey
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage
from rollup.protocol.market import Governance
from rollup.protocol.oracle import Feed
from sequencer.service.prices import DevelopmentPrices


def value_of(price: int, feed: Feed, price_decimals: int) -> int:
    """The least value of a feed that is not below a price in ticks; of a feed with no fewer
    decimals than the market, just that price."""
    found: int = -(-price * 10**feed.decimals // 10**price_decimals)
    return found


def report(key: AddressKey, feed: bytes, value: int, slot: int) -> SignedPackage:
    """One report by one signer."""
    package = DataPackage((DataPoint(feed, value),), slot)
    return SignedPackage(package, key.sign(package.digest()))


def reports(
    key: AddressKey, governance: Governance, prices: Sequence[int], slot: int
) -> tuple[SignedPackage, ...]:
    """One signer's reports of all markets."""
    markets = zip(governance.oracle.feeds, governance.markets, prices, strict=False)
    return tuple(
        report(key, feed.feed, value_of(price, feed, market.price_decimals), slot)
        for feed, market, price in markets
    )


@dataclass(frozen=True, slots=True)
class DevelopmentOracle:
    """Signers in this process, a `ReportSource`: they sign prices that are a function of time."""

    keys: tuple[AddressKey, ...]
    governance: Governance
    prices: DevelopmentPrices

    def of(self, slot: int) -> Sequence[SignedPackage]:
        """Everybody's reports of a slot."""
        prices = self.prices.at(slot)
        return [each for key in self.keys for each in reports(key, self.governance, prices, slot)]
