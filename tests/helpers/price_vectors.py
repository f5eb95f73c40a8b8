"""Vectors of the price rule for other languages: packages, signers, slots, medians, steps.

    python -m tests.helpers.price_vectors      # writes tests/vectors/prices.json

Keys follow from names: nobody's money is priced by them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rollup.crypto.address_key import AddressKey, signer_of
from rollup.hash.keccak import keccak256
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage, feed_id
from rollup.protocol.governance_codec import governance_value
from rollup.protocol.market_book_codec import book_value
from rollup.protocol.oracle import PRICE_MOST, Feed, OracleTerms, ticks
from rollup.protocol.pricing import PriceRefused, pricing_of, step_range
from tests.helpers import venue as small
from tests.helpers.market_books import book_of
from tests.helpers.vectors import FOLDER

FILE = FOLDER / "prices.json"
KEYS = tuple(
    sorted(
        (AddressKey(keccak256(f"price vector {place}".encode())) for place in range(5)),
        key=lambda key: key.address,
    )
)
STRANGER = AddressKey(keccak256(b"price vector, a stranger"))
GOVERNANCE = replace(
    small.GOVERNANCE,
    oracle=OracleTerms(
        signers=tuple(key.address for key in KEYS),
        quorum=3,
        slot_ms=10_000,
        lag_ms=12_000,
        feeds=(Feed(feed_id("BTC"), 8, 200, 600_000), Feed(feed_id("ETH"), 6, 300, 250_000)),
    ),
)
TIME = small.START + 123_456
SLOT = GOVERNANCE.oracle.slot(TIME)
BTC, ETH = 10**8, 10**6
BEFORE = book_of(small.PRICES, GOVERNANCE)


def made() -> dict[str, Any]:
    """All vectors."""
    return {
        "governance": governance_value(GOVERNANCE),
        "governance_digest": GOVERNANCE.digest().hex(),
        "slots": list(_slots()),
        "ticks": list(_ticks()),
        "steps": list(_steps()),
        "batches": list(_batches()),
    }


def _slots() -> Iterator[dict[str, int]]:
    for slot_ms, lag_ms, time in (
        (10_000, 12_000, TIME),
        (10_000, 12_000, SLOT + 12_000),
        (10_000, 12_000, SLOT + 11_999),
        (1, 0, 2**52 - 1),
        (3_600_000, 86_400_000, TIME),
        (1_000, 500, 499),
    ):
        terms = replace(GOVERNANCE.oracle, slot_ms=slot_ms, lag_ms=lag_ms)
        yield {"slot_ms": slot_ms, "lag_ms": lag_ms, "time": time, "slot": terms.slot(time)}


def _ticks() -> Iterator[dict[str, object]]:
    for value, decimals, price_decimals in (
        (6_412_312_345_678, 8, 1),
        (6_412_319_999_999, 8, 1),
        (1, 18, 6),
        (2**256 - 1, 0, 6),
        (7, 0, 0),
    ):
        found = ticks(value, replace(GOVERNANCE.oracle.feeds[0], decimals=decimals), price_decimals)
        yield {
            "value": str(value),
            "feed_decimals": decimals,
            "price_decimals": price_decimals,
            "ticks": str(found),
        }


def _steps() -> Iterator[dict[str, int]]:
    for before, step in ((600_000, 200), (3, 1), (2, 9_999), (PRICE_MOST, 9_999), (601, 333)):
        low, high = step_range(before, step)
        yield {"before": before, "step": step, "low": low, "high": high}


def _report(key: AddressKey, feed: str, value: int, slot: int = SLOT) -> SignedPackage:
    package = DataPackage((DataPoint(feed_id(feed), value),), slot)
    return SignedPackage(package, key.sign(package.digest()))


def _signed(feed: str, values: Sequence[int], slot: int = SLOT) -> list[SignedPackage]:
    return [_report(key, feed, value, slot) for key, value in zip(KEYS, values, strict=False)]


def _batches() -> Iterator[dict[str, object]]:
    """Reports of a batch, and its prices or why they are refused."""
    honest = _signed("BTC", [60_010 * BTC, 60_000 * BTC, 60_020 * BTC])
    both = [*honest, *_signed("ETH", [2_510 * ETH, 2_520 * ETH, 2_500 * ETH, 2_530 * ETH])]
    cases = {
        "nobody": [],
        "three of five": honest,
        "both markets, an even number": both,
        "clamped up": _signed("BTC", [99_000 * BTC] * 5),
        "clamped down": _signed("BTC", [0] * 3),
        "stale": _signed("BTC", [60_000 * BTC] * 3, SLOT - 10_000),
        "no quorum": honest[:2],
        "twice": [honest[0], *honest],
        "a stranger's": [_report(STRANGER, "BTC", 60_000 * BTC), *honest[1:]],
        "another feed": [*honest, _report(KEYS[0], "SOL", BTC)],
        "no signature": [replace(honest[0], signature=bytes(65)), *honest[1:]],
        "another order": honest[::-1],
    }
    for name, reports in cases.items():
        row: dict[str, object] = {
            "name": name,
            "time": TIME,
            "book_before": book_value(BEFORE),
            "reports": [report.encode().hex() for report in reports],
        }
        try:
            found = pricing_of(GOVERNANCE, TIME, BEFORE, reports, signer_of)
            row |= {"prices": list(found.prices), "kinds": [kind.value for kind in found.kinds]}
        except PriceRefused as refused:
            row |= {"refused": refused.fault.value}
        yield row


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1) + "\n", "ascii")
