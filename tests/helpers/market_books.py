"""Market books of tests: any prices and funding, under the bounds of a governance."""

from collections.abc import Sequence
from typing import Final

from rollup.oracle.package import DataPackage, DataPoint, SignedPackage
from rollup.protocol.funding import hour
from rollup.protocol.market import Governance
from rollup.protocol.market_book import BookEntry, MarketBook
from rollup.protocol.terms import MarketTerms, batch_terms
from tests.helpers.venue import GOVERNANCE, PRICES, START

NONE: Final = (0,) * 64


def book_of(
    prices: Sequence[int],
    governance: Governance = GOVERNANCE,
    *,
    funding: Sequence[int] = NONE,
    time: int = START,
) -> MarketBook:
    """A book of these prices, of as many markets as there are, listed or not."""
    last = len(governance.markets) - 1
    entries = []
    for number, price in enumerate(prices):
        listed = min(number, last)
        step = governance.oracle.feeds[listed].step
        cap = governance.markets[listed].funding_cap
        entries.append(BookEntry(price, funding[number], 0, step, cap, False, False))
    return MarketBook(hour(time), 0, 0, False, governance.digest(), tuple(entries))


def unsigned_reports(
    governance: Governance, *markets: int, prices: Sequence[int] = PRICES
) -> tuple[SignedPackage, ...]:
    """A report of each of these markets' prices, signed by nobody: rules ask only what it says."""
    found = []
    for market in markets:
        feed, decimals = governance.oracle.feeds[market], governance.markets[market].price_decimals
        price = prices[market] if market < len(prices) else feed.listing_price
        value = price * 10**feed.decimals // 10**decimals
        found.append(SignedPackage(DataPackage((DataPoint(feed.feed, value),), START), bytes(65)))
    return tuple(found)


def terms_at(
    prices: Sequence[int],
    governance: Governance = GOVERNANCE,
    *,
    funding: Sequence[int] = NONE,
) -> tuple[MarketTerms, ...]:
    """Terms of all listed markets at these prices."""
    return batch_terms(governance, book_of(prices, governance, funding=funding))
