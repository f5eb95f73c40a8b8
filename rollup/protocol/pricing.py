"""What prices a batch has: a rule over signed reports, which leaves the operator no choice.

Reports are public data beside the proof. The circuit sees the prices alone; whoever verifies a
bundle, and L1, holds them to this rule. Spec: docs/spec/12-prices.md.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rollup.crypto.signature_form import SignatureError
from rollup.oracle.package import SignedPackage, feed_name
from rollup.protocol.constants import FRACTION_SCALE
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook, last_price, step_bound
from rollup.protocol.oracle import PRICE_LEAST, PRICE_MOST, Feed, lower_median, ticks
from rollup.protocol.public import PublicInput

Recover = Callable[[bytes, bytes], bytes]
"""The address whose key signed a digest; raises SignatureError. Plain or by a library: the two
agree on every input."""


class PriceFault(StrEnum):
    """Why reports, or what was made of them, are refused. A closed list."""

    REPORT_SLOT = "report-slot"
    REPORT_FEED = "report-feed"
    REPORT_SIGNATURE = "report-signature"
    REPORT_SIGNER = "report-signer"
    REPORT_REPEATED = "report-repeated"
    REPORT_ORDER = "report-order"
    REPORT_QUORUM = "report-quorum"
    PRICE_MOVED = "price-moved"
    PRICE_UNCLAMPED = "price-unclamped"
    PRICE_DIFFERS = "price-differs"
    STEP_REPORTS = "step-reports"


class PriceRefused(Exception):
    """Reports or prices that break the rule. `fault` is how, `detail` where and what was wanted."""

    def __init__(self, fault: PriceFault, detail: str) -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault
        self.detail = detail


class PriceKind(StrEnum):
    """How a market came by its price."""

    FRESH = "fresh"
    CLAMPED = "clamped"
    MISSING = "missing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices of all listed markets, and how each came by its own."""

    prices: tuple[int, ...]
    kinds: tuple[PriceKind, ...]

    def of_kind(self, kind: PriceKind) -> tuple[int, ...]:
        """The markets whose price is of a kind."""
        return tuple(market for market, each in enumerate(self.kinds) if each is kind)


def step_range(before: int, step: int) -> tuple[int, int]:
    """Least and greatest price after `before`, both rounded towards it, so never further away than
    `step` ten-thousandths."""
    low = -(-before * (FRACTION_SCALE - step) // FRACTION_SCALE)
    high = before * (FRACTION_SCALE + step) // FRACTION_SCALE
    low = max(low, PRICE_LEAST)
    return low, max(min(high, PRICE_MOST), low)


REPORT_POINTS: Final = 1
"""A report is a package of one feed, as signers publish them; the public input holds no other."""


def judged(
    report: SignedPackage, governance: Governance, slot: int, recover: Recover
) -> tuple[int, bytes]:
    """The market that a report is for, and who signed it. PriceRefused if it counts for nothing."""
    oracle, package = governance.oracle, report.package
    if package.time != slot:
        detail = f"a report of {slot} is wanted, not of {package.time}"
        raise PriceRefused(PriceFault.REPORT_SLOT, detail)
    (point,) = package.points
    markets = [place for place, feed in enumerate(oracle.feeds) if feed.feed == point.feed]
    if not markets:
        detail = f"no market has the feed {feed_name(point.feed)}"
        raise PriceRefused(PriceFault.REPORT_FEED, detail)
    try:
        signer = recover(package.digest(), report.signature)
    except SignatureError as error:
        raise PriceRefused(PriceFault.REPORT_SIGNATURE, str(error)) from error
    if signer not in oracle.signers:
        detail = f"{signer.hex()} is no registered signer"
        raise PriceRefused(PriceFault.REPORT_SIGNER, detail)
    return markets[0], signer


def judged_together(
    governance: Governance, slot: int, reports: Sequence[SignedPackage], recover: Recover
) -> list[tuple[int, bytes]]:
    """The market and the signer of each report of a slot: rising, each once, and of a market a
    quorum of signers or nobody. PriceRefused for a report that counts for nothing, one too many,
    or too few."""
    found: list[tuple[int, bytes]] = []
    for place, report in enumerate(reports):
        try:
            market, signer = judged(report, governance, slot, recover)
        except PriceRefused as refused:
            raise PriceRefused(refused.fault, f"report {place}: {refused.detail}") from refused
        if (market, signer) in found:
            detail = f"report {place}: {signer.hex()} reports twice for market {market}"
            raise PriceRefused(PriceFault.REPORT_REPEATED, detail)
        if found and (market, signer) < found[-1]:
            detail = f"report {place}: reports that rise by market, then by signer, are wanted"
            raise PriceRefused(PriceFault.REPORT_ORDER, detail)
        found.append((market, signer))
    quorum, counts = governance.oracle.quorum, Counter(market for market, _ in found)
    for market, count in sorted(counts.items()):
        if count < quorum:
            detail = f"market {market}: {quorum} reports or none, not {count}"
            raise PriceRefused(PriceFault.REPORT_QUORUM, detail)
    return found


def values_by_market(
    governance: Governance, time: int, reports: Sequence[SignedPackage], recover: Recover
) -> list[list[int]]:
    """What the reports of a batch say of each market: a quorum of signers, or nobody.
    PriceRefused as `judged_together` says."""
    by_whom = judged_together(governance, governance.oracle.slot(time), reports, recover)
    values: list[list[int]] = [[] for _ in governance.markets]
    for report, (market, _) in zip(reports, by_whom, strict=True):
        values[market].append(report.package.points[0].value)
    return values


def pricing_of(
    governance: Governance,
    time: int,
    before: MarketBook,
    reports: Sequence[SignedPackage],
    recover: Recover,
) -> Pricing:
    """Prices of a batch of this time, after one that left the book `before`. PriceRefused if the
    reports are not those of a batch, or are of one whose step is open: then prices stand, and so
    does how each market came by its own. The price of a market that has ended stands for good,
    whatever is reported."""
    if before.is_open and reports:
        raise PriceRefused(PriceFault.STEP_REPORTS, "the step is open, so nothing is reported")
    values = values_by_market(governance, time, reports, recover)
    found = []
    for market, given in enumerate(values):
        decimals = governance.markets[market].price_decimals
        feed = governance.oracle.feeds[market]
        last, step = last_price(before, market, feed), step_bound(before, market, feed)
        price, kind = price_of(given, feed, decimals, last, step)
        if before.is_ended(market):
            price, kind = last, PriceKind.ENDED
        found.append((price, _stood(before, market) if before.is_open else kind))
    return Pricing(tuple(price for price, _ in found), tuple(kind for _, kind in found))


def _stood(before: MarketBook, market: int) -> PriceKind:
    """How a market came by its price in the batch that began the step."""
    entry = before.markets[market] if market < len(before.markets) else None
    if entry is None or entry.missing:
        return PriceKind.MISSING
    if entry.ended:
        return PriceKind.ENDED
    return PriceKind.CLAMPED if entry.clamped else PriceKind.FRESH


def price_of(
    values: Sequence[int], feed: Feed, price_decimals: int, last: int, step: int
) -> tuple[int, PriceKind]:
    """The price of one market after `last`, no more than a step away, and how it came by it:
    `values` are a quorum's or nobody's."""
    if not values:
        return last, PriceKind.MISSING
    wanted = ticks(lower_median(values), feed, price_decimals)
    low, high = step_range(last, step)
    price = min(max(wanted, low), high)
    return price, PriceKind.FRESH if price == wanted else PriceKind.CLAMPED


_FAULTS: Final = {
    PriceKind.MISSING: PriceFault.PRICE_MOVED,
    PriceKind.CLAMPED: PriceFault.PRICE_UNCLAMPED,
    PriceKind.FRESH: PriceFault.PRICE_DIFFERS,
    PriceKind.ENDED: PriceFault.PRICE_MOVED,
}


def require_priced(public: PublicInput, recover: Recover) -> Pricing:
    """PriceRefused unless the prices of a batch are what its reports give, after the book that it
    says the batch before left."""
    found = pricing_of(public.governance, public.time, public.book_before, public.reports, recover)
    for market, kind in enumerate(found.kinds):
        came, wanted = public.prices[market], found.prices[market]
        if came != wanted:
            detail = f"market {market}: {wanted} ticks ({kind.value}) are wanted, not {came}"
            stands = public.book_before.is_open
            raise PriceRefused(PriceFault.PRICE_MOVED if stands else _FAULTS[kind], detail)
    return found
