"""Prices on chain: held to what the rules give, with the same reasons."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.fields import Node
from rollup.crypto.address_key import signer_of
from rollup.l1.checks import PRICE_REVERTS
from rollup.l1.interface import Revert
from rollup.oracle.package import (
    SignedPackage,
    feed_id,
)
from rollup.protocol.governance_codec import read_governance
from rollup.protocol.market_book_codec import read_book
from rollup.protocol.oracle import (
    PRICE_LEAST,
    PRICE_MOST,
    STEP_MAX,
    lower_median,
)
from rollup.protocol.pricing import (
    PriceFault,
    PriceKind,
    PriceRefused,
    pricing_of,
    require_priced,
    step_range,
)
from tests.helpers.contracts import Probe
from tests.helpers.price_vectors import BEFORE, BTC, FILE, GOVERNANCE, KEYS, SLOT, TIME
from tests.helpers.venue_batches import PricedBatch, batches, signed

PROBE = Probe("PricingProbe")
VECTORS = json.loads(FILE.read_text("ascii"))
Reports = tuple[SignedPackage, ...]
KINDS = (PriceKind.FRESH, PriceKind.CLAMPED, PriceKind.MISSING, PriceKind.ENDED)
"""In the order of the contract."""


def priced_by_rules(batch: PricedBatch) -> tuple[tuple[int, ...], tuple[int, ...]] | Revert:
    """Prices and kinds, or the reason why there are none."""
    given = (batch.governance, batch.time, batch.book_before, batch.reports, signer_of)
    try:
        found = pricing_of(*given)
    except PriceRefused as refused:
        return PRICE_REVERTS[refused.fault]
    return found.prices, tuple(KINDS.index(kind) for kind in found.kinds)


def require_same(batch: PricedBatch) -> Revert | None:
    """Contract and rules judge a batch's prices alike: the reason why they are refused, if so."""
    try:
        require_priced(batch, signer_of)  # type: ignore[arg-type]
    except PriceRefused as refused:
        reason = PRICE_REVERTS[refused.fault]
        assert PROBE.refusal("requirePriced", batch) is reason
        return reason
    PROBE.ask("requirePriced", batch)
    return None


def a_batch(reports: Sequence[SignedPackage], prices: tuple[int, ...] = (0, 0)) -> PricedBatch:
    """A batch of the vectors' venue."""
    return PricedBatch(GOVERNANCE, BEFORE, TIME, prices, tuple(reports))


# Numbers.


def test_vectors_of_slots_ticks_and_steps() -> None:
    for row in VECTORS["slots"]:
        terms = replace(GOVERNANCE.oracle, slot_ms=row["slot_ms"], lag_ms=row["lag_ms"])
        assert PROBE.ask("slotOf", terms, row["time"]) == row["slot"]
    for row in VECTORS["ticks"]:
        of = (int(row["value"]), row["feed_decimals"], row["price_decimals"])
        assert PROBE.ask("ticks", *of) == min(int(row["ticks"]), 2**256 - 1)
    for row in VECTORS["steps"]:
        assert PROBE.ask("stepRange", row["before"], row["step"]) == (row["low"], row["high"])


@given(st.integers(1, PRICE_MOST), st.integers(1, STEP_MAX))
def test_the_range_of_a_step(before: int, step: int) -> None:
    for price in (before, 1, PRICE_LEAST, PRICE_LEAST + 1, PRICE_MOST):
        assert PROBE.ask("stepRange", price, step) == step_range(price, step)


@given(st.integers(0, 2**256 - 1), st.integers(0, 18), st.integers(0, 6))
def test_ticks_are_rounded_down_and_held_at_the_greatest_number(
    value: int, decimals: int, price_decimals: int
) -> None:
    wanted = value * 10**price_decimals // 10**decimals
    found = PROBE.ask("ticks", value, decimals, price_decimals)
    assert found == min(wanted, 2**256 - 1)


@given(st.lists(st.integers(0, 2**256 - 1), min_size=1, max_size=9))
def test_the_lower_median(values: list[int]) -> None:
    assert PROBE.ask("lowerMedian", values) == lower_median(values)


# Prices.


@pytest.mark.parametrize("row", VECTORS["batches"], ids=lambda row: row["name"])
def test_vectors_of_batches(row: dict[str, Any]) -> None:
    reports = tuple(SignedPackage.decode(bytes.fromhex(data)) for data in row["reports"])
    before = read_book(Node(row["book_before"], "book"))
    governance = read_governance(Node(VECTORS["governance"], "governance"))
    batch = PricedBatch(governance, before, row["time"], (1, 1), reports)
    if "refused" in row:
        assert PROBE.refusal("priced", batch) == row["refused"]
        return
    kinds = [list(PriceKind).index(PriceKind(kind)) for kind in row["kinds"]]
    assert PROBE.ask("priced", batch) == (tuple(row["prices"]), tuple(kinds))
    assert require_same(replace(batch, prices=tuple(row["prices"]))) is None


@given(batches())
def test_prices_are_those_of_the_rules(batch: PricedBatch) -> None:
    found = priced_by_rules(batch)
    assert not isinstance(found, Revert)
    if not batch.book_before.is_open:
        assert PROBE.ask("priced", batch) == found
    assert require_same(replace(batch, prices=found[0])) is None


@given(batches(), st.integers(0, 4), st.sampled_from((-1, 1, 1000)))
def test_any_other_price_is_refused_with_the_reason_of_the_rules(
    batch: PricedBatch, market: int, by: int
) -> None:
    found = priced_by_rules(batch)
    assert not isinstance(found, Revert)
    prices = list(found[0])
    prices[market % len(prices)] += by
    assert require_same(replace(batch, prices=tuple(prices))) is not None


PRICE_LIES = {
    "the least report": ([60_000, 60_010, 60_020], 600_000, PriceFault.PRICE_DIFFERS),
    "the greatest report": ([60_000, 60_010, 60_020], 600_200, PriceFault.PRICE_DIFFERS),
    "the upper median": ([60_000, 60_010, 60_020, 60_030], 600_200, PriceFault.PRICE_DIFFERS),
    "a tick more": ([60_000, 60_010, 60_020], 600_101, PriceFault.PRICE_DIFFERS),
    "beyond the step": ([62_000] * 3, 620_000, PriceFault.PRICE_UNCLAMPED),
    "short of the step": ([62_000] * 3, 611_999, PriceFault.PRICE_UNCLAMPED),
    "a move without reports": ([], 600_001, PriceFault.PRICE_MOVED),
}


@pytest.mark.parametrize("name", PRICE_LIES)
def test_a_price_that_the_reports_do_not_give_is_refused(name: str) -> None:
    values, price, fault = PRICE_LIES[name]
    pairs = zip(KEYS, values, strict=False)
    reports = [signed(key, feed_id("BTC"), value * BTC, SLOT) for key, value in pairs]
    lie = a_batch(reports, (price, 250_000))
    assert require_same(lie) is PRICE_REVERTS[fault]


def test_in_an_open_step_nothing_is_reported_and_every_price_stands() -> None:
    opened = BEFORE.stepped(TIME - 1, closed=False, progress=True)
    batch = replace(
        a_batch([signed(KEYS[0], feed_id("BTC"), BTC, SLOT)], BEFORE.prices), book_before=opened
    )
    assert require_same(batch) is Revert.STEP_REPORTS
    assert require_same(replace(batch, reports=())) is None
    moved = (BEFORE.prices[0], BEFORE.prices[1] + 1)
    assert require_same(replace(batch, reports=(), prices=moved)) is Revert.PRICE_MOVED
    clamped = tuple(replace(each, clamped=True) for each in opened.markets)
    held = replace(batch, reports=(), book_before=replace(opened, markets=clamped), prices=moved)
    assert require_same(held) is Revert.PRICE_MOVED
