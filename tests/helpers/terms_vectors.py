"""tests/vectors/terms.json: terms of markets for whoever computes them in another language.

python -m tests.helpers.terms_vectors
"""

import json
from typing import Any, Final

from rollup.protocol.governance_codec import MARKET_NUMBERS, market_of_numbers
from rollup.protocol.market import Market
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import market_terms
from tests.helpers.vectors import FOLDER

NAMES: Final = (
    "value",
    "bucket",
    "maintenance",
    "initial",
    "long_maintenance",
    "short_maintenance",
    "long_initial",
    "short_initial",
    "band_low",
    "band_high",
    "taker_fee",
    "maker_fee",
    "liquidation_fee",
    "clip",
    "least_order",
)

MARKETS: Final = (
    ("BTC-PERP", 1, 5, 1000, 500, 300, 450, 150, 250, 600, 300, 100, 10**10, 10**9, 0, 1, 0),
    ("ETH-PERP", 2, 4, 1200, 600, 400, 450, 150, 300, 250, 300, 100, 10**10, 10**9, 0, 20, 1),
    (
        "FULL-PERP",
        0,
        6,
        10_000,
        11,
        9_988,
        8191,
        0,
        0,
        2**21 - 1,
        0,
        0,
        2**52 - 1,
        2**40 - 1,
        0,
        2**40 - 1,
        0,
    ),
    ("ODD-PERP", 3, 3, 777, 333, 123, 1, 1, 322, 1, 2, 16, 1, 1, 0, 7, 0),
    ("WBTC", 1, 5, 10_000, 10_000, 300, 450, 150, 0, 0, 0, 0, 0, 0, 1, 0, 1),
    ("STETH", 2, 4, 3000, 1500, 300, 450, 150, 250, 300, 0, 0, 0, 0, 1, 0, 0),
)
PRICES: Final = (1, 2, 99, 10_000, 600_001, 2**24, 2**29 - 1)
FUNDINGS: Final = (0, -1, 2**28, -(2**28), 12_345, -600_002, 1)
"""F at each of the prices."""


def market_of(record: Any) -> Market:
    """The market of a vector."""
    return market_of_numbers(record["symbol"], {name: record[name] for name in MARKET_NUMBERS})


def vector(
    record: dict[str, Any], price: int, funding: int, *, ended: bool = False
) -> dict[str, Any]:
    """A market, a price, F, whether it has ended, and its terms: none for a value that is in no
    bucket."""
    given = {"market": record, "price": price, "funding": funding, "ended": ended}
    try:
        terms = market_terms(market_of(record), price, funding, is_ended=ended)
    except Rejected as refusal:
        if refusal.reason is not Reason.PRICE_OUTSIDE_BUCKETS:
            raise
        return {**given, "terms": None}
    return {
        **given,
        "terms": {
            **{name: getattr(terms, name) for name in NAMES},
            **dict(zip(("long_bucket", "short_bucket"), terms.numbers, strict=True)),
        },
    }


def made() -> dict[str, Any]:
    """All vectors."""
    records = [
        {"symbol": symbol, **dict(zip(MARKET_NUMBERS, numbers, strict=True))}
        for symbol, *numbers in MARKETS
    ]
    return {
        "about": "Terms of a market at a price: ticks a lot, fees in millionths, numbers of the "
        "buckets of both sides; null where a price is in no bucket. "
        "Spec: docs/spec/06-margin.md",
        "terms": [
            vector(record, price, funding, ended=ended)
            for record in records
            for price, funding in zip(PRICES, FUNDINGS, strict=True)
            for ended in ((False, True) if record["delisted"] else (False,))
        ],
    }


def terms_vectors() -> dict[str, Any]:
    """What the file holds."""
    found: dict[str, Any] = json.loads((FOLDER / "terms.json").read_text("ascii"))
    return found


if __name__ == "__main__":
    (FOLDER / "terms.json").write_text(json.dumps(made(), indent=1) + "\n", "ascii")
