"""Which reports of those that came make the prices of a batch: all that count, and no other.

The venue chooses nothing: it takes every report of the slot that the rule names by a signer that is
registered, once, where there is a quorum of them. What is left out is told by its reason.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rollup.crypto.address_key import signer_of
from rollup.oracle.package import SignedPackage
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.pricing import PriceFault, PriceRefused, Pricing, judged, pricing_of


class ReportSource(Protocol):
    """Where a venue looks for reports. Whatever comes from there is judged."""

    def of(self, slot: int) -> Sequence[SignedPackage]:
        """What there is of a slot, in ms, by whomever; it must not wait."""


class NoReports:
    """A source that has none: every price stands."""

    def of(self, slot: int) -> Sequence[SignedPackage]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The reports of a batch, the prices that they make, and why others were left out."""

    reports: tuple[SignedPackage, ...]
    pricing: Pricing
    refused: tuple[PriceRefused, ...] = ()


def select(
    governance: Governance, time: int, before: MarketBook, offered: Sequence[SignedPackage]
) -> Selection:
    """What a batch of this time, after the book `before`, has of the reports offered: none of a
    market that has ended, which change nothing."""
    feeds = {governance.oracle.feeds[market].feed for market in before.ended}
    wanted = [r for r in offered if not all(point.feed in feeds for point in r.package.points)]
    reports, refused = counting(governance, governance.oracle.slot(time), wanted)
    pricing = pricing_of(governance, time, before, reports, signer_of)
    return Selection(reports, pricing, refused)


def counting(
    governance: Governance, slot: int, offered: Sequence[SignedPackage]
) -> tuple[tuple[SignedPackage, ...], tuple[PriceRefused, ...]]:
    """The reports of a slot that count, in the order of a batch, and why others do not.

    Where a signer signed two of one feed, which only a signer can, the lower bytes are taken.
    """
    taken: dict[tuple[int, bytes], SignedPackage] = {}
    refused: list[PriceRefused] = []
    for report in sorted(offered, key=SignedPackage.encode):
        try:
            key = _judged(governance, slot, report)
        except PriceRefused as fault:
            refused.append(fault)
            continue
        if key in taken:
            detail = f"{key[1].hex()} reports twice for market {key[0]}"
            refused.append(PriceRefused(PriceFault.REPORT_REPEATED, detail))
        else:
            taken[key] = report
    counts, quorum = Counter(market for market, _ in taken), governance.oracle.quorum
    for market, count in sorted(counts.items()):
        if count < quorum:
            detail = f"market {market}: {count} reports are no quorum"
            refused += [PriceRefused(PriceFault.REPORT_QUORUM, detail)] * count
    reports = tuple(taken[key] for key in sorted(taken) if counts[key[0]] >= quorum)
    return reports, tuple(refused)


def _judged(governance: Governance, slot: int, report: SignedPackage) -> tuple[int, bytes]:
    if len(report.package.points) != 1:
        raise PriceRefused(PriceFault.REPORT_FEED, "a report of one feed is wanted")
    return judged(report, governance, slot, signer_of)
