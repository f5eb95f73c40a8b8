"""Terms of a market as the contract computes them are those of the rules."""

import pytest

from rollup.l1.interface import Revert
from rollup.protocol.constants import BUCKET_NUMBER_BITS
from rollup.protocol.market import Market
from rollup.protocol.oracle import PRICE_MOST
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms, market_terms
from tests.helpers.contracts import Probe, members_of
from tests.helpers.public_inputs import any_asset, any_perpetual
from tests.helpers.seed import draws
from tests.helpers.terms_vectors import market_of, terms_vectors

pytestmark = pytest.mark.usefixtures("probe")


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe("StatementProbe")


def _hold(
    probe: Probe, market: Market, price: int, funding: int, *, ended: bool, stopped: bool = False
) -> MarketTerms | None:
    """What both say of a market, member by member; None where it is in no bucket."""
    asked = (market, price, funding, ended, stopped)
    try:
        terms = market_terms(market, price, funding, is_ended=ended, is_stopped=stopped)
    except Rejected as refused:
        assert refused.reason is Reason.PRICE_OUTSIDE_BUCKETS
        assert probe.refusal("marketTerms", *asked) is Revert.PROOF
        return None
    found, initial, near = probe.ask("marketTerms", *asked)
    assert found == members_of(probe, "marketTerms", terms)
    assert tuple(initial) == (terms.long_initial, terms.short_initial)
    assert tuple(near) == (terms.least_bid, terms.most_asked)
    return terms


@pytest.mark.parametrize("vector", terms_vectors()["terms"])
def test_vectors(probe, vector) -> None:
    market = market_of(vector["market"])
    terms = _hold(probe, market, vector["price"], vector["funding"], ended=vector["ended"])
    assert (terms is None) == (vector["terms"] is None)
    if terms is not None:
        found, initial, _ = probe.ask(
            "marketTerms", market, vector["price"], vector["funding"], vector["ended"], False
        )
        assert tuple(found[-1]) == (vector["terms"]["long_bucket"], vector["terms"]["short_bucket"])
        assert initial[0] == vector["terms"]["long_initial"]


def test_any_terms(probe) -> None:
    rng, outside = draws(20_261), 0
    for turn in range(200):
        market = (any_asset if turn % 3 == 0 else any_perpetual)(rng, "ANY")
        price = rng.choice((rng.randint(1, PRICE_MOST), 1, PRICE_MOST, market.bucket + 1))
        funding = rng.choice((0, rng.randint(-(1 << 28), 1 << 28), 1 << 28, -(1 << 28)))
        ended, stopped = rng.random() < 0.3, rng.random() < 0.3
        terms = _hold(probe, market, price, funding, ended=ended, stopped=stopped)
        outside += terms is None
    assert 0 < outside < 150


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("number", [0, -1, (1 << BUCKET_NUMBER_BITS) - 1, 1 << BUCKET_NUMBER_BITS])
def test_the_ends_of_bucket_numbers(probe, side, number) -> None:
    """A side whose bucket has the first or the last number, and one beyond."""
    rng = draws(7)
    market = any_perpetual(rng, "EDGE")
    market = Market(**{**_members(market), "bucket": 4096, "liquidation_fee": 0})
    for price in range(2000, PRICE_MOST, 10_000_019):
        funding = _funding_for(market, price, side, number)
        if abs(funding) <= 1 << 28:
            terms = _hold(probe, market, price, funding, ended=False)
            assert terms is None or terms.numbers[side] == number


def _members(market: Market) -> dict[str, object]:
    return {name: getattr(market, name) for name in Market.__dataclass_fields__}


def _funding_for(market: Market, price: int, side: int, number: int) -> int:
    """F at which a side's value is at the start of a bucket."""
    bias = ((1 << 14), (1 << 16) - (1 << 14))[side]
    maintenance = -(-price * market.maintenance_fraction // 10_000)
    ticks = (number - bias) * market.bucket + maintenance
    return price - ticks if side == 0 else price + ticks
