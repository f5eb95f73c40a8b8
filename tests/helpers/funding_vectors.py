"""Vectors of funding for other languages: rates, one hour's charge, and books after batches.

python -m tests.helpers.funding_vectors      # writes tests/vectors/funding.json
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rollup.protocol.constants import ORACLE_PRICE_BITS
from rollup.protocol.funding import FUNDING_MAX, HOUR_MS, RATE_SCALE, Funding, charged, rate
from rollup.protocol.governance_codec import governance_value
from rollup.protocol.market_book import MarketBook, book_after, hour_is_due
from rollup.protocol.market_book_codec import book_value
from tests.helpers.market_books import book_of, unsigned_reports
from tests.helpers.vectors import FOLDER
from tests.helpers.venue import GOVERNANCE, PRICES, START

FILE = FOLDER / "funding.json"
PRICE_MOST = (1 << ORACLE_PRICE_BITS) - 1


def made() -> dict[str, Any]:
    """All vectors."""
    return {
        "about": "Funding: rates in 1 / (8 x 10^6) an hour, F in ticks, carry in 1 / (8 x 10^6) of "
        "a tick. Spec: docs/spec/14-funding.md",
        "rates": list(_rates()),
        "charges": list(_charges()),
        "governance": governance_value(GOVERNANCE),
        "books": list(_books()),
    }


def _rates() -> Iterator[dict[str, int]]:
    for premium, interest, cap in (
        (0, 0, 0),
        (0, 100, 300),
        (0, 1, 0),
        (0, 2_400, 300),
        (0, 2_401, 300),
        (0, 4_000, 500),
        (-101, 100, 300),
        (-2_501, 100, 300),
        (5_600, 100, 300),
    ):
        found = rate(premium, interest, cap)
        yield {"premium_rate": premium, "interest": interest, "cap": cap, "rate": found}


def _charges() -> Iterator[dict[str, int]]:
    for offset, carry, each, price in (
        (0, 0, 100, 600_000),
        (7, 4_000_000, 100, 600_000),
        (-8, RATE_SCALE - 1, 1, 1_024),
        (5, 0, -100, 600_000),
        (0, 0, -1, 1_024),
        (0, 0, 4_000, PRICE_MOST),
        (FUNDING_MAX, 0, 1, PRICE_MOST),
        (FUNDING_MAX, RATE_SCALE - 1, 1, PRICE_MOST),
        (FUNDING_MAX, 0, -4_000, PRICE_MOST),
        (-FUNDING_MAX, 0, -1, PRICE_MOST),
        (64 * 1_024, 0, 4_000, 1_024),
        (64 * 1_024, RATE_SCALE - 1, 4_000, 1_024),
        (70_000, 0, -4_000, 1_024),
    ):
        after = charged(Funding(offset, carry), each, price)
        yield {
            "funding": offset,
            "carry": carry,
            "rate": each,
            "price": price,
            "funding_after": after.offset,
            "carry_after": after.carry,
        }


def _books() -> Iterator[dict[str, Any]]:
    start = START - START % HOUR_MS
    low = replace(GOVERNANCE.markets[0], funding_cap=10, interest=80)
    lower = replace(GOVERNANCE, markets=(low, GOVERNANCE.markets[1]))
    before = book_of(PRICES, funding=(7, -3, *([0] * 62)), time=start)
    for governance, time, prices, reported in (
        (GOVERNANCE, start + HOUR_MS - 1, PRICES, (0, 1)),
        (GOVERNANCE, start + HOUR_MS, PRICES, (0, 1)),
        (GOVERNANCE, start + 30 * HOUR_MS, (601_234, 250_001), (0, 1)),
        (GOVERNANCE, start + HOUR_MS, PRICES, (1,)),
        (GOVERNANCE, start - HOUR_MS, PRICES, (0, 1)),
        (lower, start + HOUR_MS, PRICES, (0,)),
    ):
        reports = unsigned_reports(governance, *reported, prices=prices)
        now = (governance, time, prices, reports)
        rates = (-37, 130) if hour_is_due(before, time) else ()
        after = book_after(before, *now, rates, 0)
        yield {
            "before": _book(before),
            "funding_cap": [market.funding_cap for market in governance.markets],
            "interest": [market.interest for market in governance.markets],
            "time": time,
            "prices": list(prices),
            "reported": list(reported),
            "premium_rates": list(rates),
            "after": _book(after),
        }


def _book(book: MarketBook) -> dict[str, Any]:
    return {"book": book_value(book), "bytes": book.encode().hex(), "digest": book.digest().hex()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1) + "\n", "ascii")
