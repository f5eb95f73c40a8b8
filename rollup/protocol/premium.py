"""Which premium rates a batch has: of tallies that its state holds, for those who hold it.

Everybody else takes them from the public input, where they are proved.
Spec: docs/spec/14-funding.md.
"""

from collections.abc import Sequence

from rollup.oracle.package import SignedPackage
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook, hour_is_due, price_flags
from rollup.protocol.tally import Tally, premium_rate


def premium_rates(
    before: MarketBook,
    tallies: Sequence[Tally],
    governance: Governance,
    time: int,
    prices: Sequence[int],
    reports: Sequence[SignedPackage],
) -> tuple[int, ...]:
    """One for each listed market, of the state before the batch at its prices; none unless an hour
    is due. 0 where nothing is proved: of an asset, which has no funding; of a market that is new
    or has ended; and of one whose price is clamped or missing, since trades that were held to it
    say nothing of what it is worth."""
    if not hour_is_due(before, time):
        return ()
    rated = rated_markets(before, governance, time, prices, reports)
    return tuple(
        premium_rate(tallies[number], price, market.impact_notional) if rated[number] else 0
        for number, (market, price) in enumerate(zip(governance.markets, prices, strict=True))
    )


def rated_markets(
    before: MarketBook,
    governance: Governance,
    time: int,
    prices: Sequence[int],
    reports: Sequence[SignedPackage],
) -> tuple[bool, ...]:
    """Of which listed markets a batch proves the premium rate."""
    flags = price_flags(before, governance, prices, reports)
    listed, is_due = len(before.markets), hour_is_due(before, time)
    return tuple(
        is_due
        and came.is_steady
        and not (market.is_asset or before.is_ended(number))
        and number < listed
        for number, (market, came) in enumerate(zip(governance.markets, flags, strict=True))
    )
