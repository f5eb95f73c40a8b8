"""Lies about the premium and about open interest: refused by the rules, and by the circuit under a
claim."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from circuits.statement.replay import replay
from rollup.protocol import batch as batch_module
from rollup.protocol import tallied as tallied_module
from rollup.protocol import tally as tally_module
from rollup.protocol.batch import Batch
from rollup.protocol.funding import HOUR_MS
from rollup.protocol.ledger import Ledger
from rollup.protocol.rejection import Reason
from rollup.protocol.tally import Tally
from tests.helpers.assets import HELD, WBTC, WBTC_MARK, asset_venue
from tests.helpers.lies import Liar, forge
from tests.helpers.oracle import listing
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH_MARKET,
    GOVERNANCE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    genesis,
    real,
    refusal,
    sell,
)

BUSY = Tally(10**8 + 1, 10**12, 1_000)
THIN = Tally(-(10**6), 10**9, 1_000)


def tallied(liar: Liar, btc: Tally) -> Liar:
    """The liar's venue after other trades in BTC."""
    state = liar.venue.state
    tallies = (btc, *state.markets.tallies[1:])
    state.markets = replace(state.markets, tallies=tallies)
    state.root = state._state_root()
    return liar


def hourly(liar: Liar, **given: Any) -> Batch:
    """The first batch of a later hour."""
    return liar.venue.batch(step=HOUR_MS, reported=True, **given)


def dear(size: int = 100, price: int = BTC_PRICE + 1_000) -> Match:
    """Trader 1 buys of trader 2 above the oracle price."""
    terms = {"slot": 1, "price": price, "expiry": 2**42}
    return Match(buy(1, size, **terms), sell(2, size, **terms), size, price)


@pytest.mark.parametrize(("tally", "rate"), [(BUSY, 100), (THIN, -100)], ids=["busy", "thin"])
def test_a_rate_is_proved_and_moves_funding(liar: Liar, tally: Tally, rate: int) -> None:
    outcome = tallied(liar, tally).outcome(hourly(liar, matches=[dear()]))
    public = outcome.public
    assert public.premium_rates == (rate, 0)
    moved = (100 + rate) * BTC_PRICE // (8 * 10**6)
    assert public.book_after.markets[BTC].funding == moved
    after = outcome.markets_after.tallies[BTC]
    assert after == Tally(100 * 1_000, 100 * BTC_PRICE, 1_100)
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize(
    ("tally", "wrong", "claims"),
    [
        (BUSY, 101, {"market.rate"}),
        (BUSY, 99, {"market.rate"}),
        (BUSY, -100, {"market.rate"}),
        (BUSY, 0, {"market.rate"}),
        (THIN, -90, {"market.rate"}),
        (THIN, -110, {"market.rate"}),
        (THIN, -95, {"market.rate", "market.rate-unit"}),
    ],
)
def test_funding_at_another_rate(liar: Liar, tally: Tally, wrong: int, claims: set[str]) -> None:
    batch = hourly(tallied(liar, tally))
    liar.bend("premium_rates", lambda *_: (wrong, 0), batch_module)
    assert liar.claims(batch) == claims


def test_funding_in_another_hour(liar: Liar) -> None:
    """A rate that is said where no hour is due has no place, and one is missing where one is."""
    outcome = tallied(liar, BUSY).outcome(hourly(liar))
    early = liar.outcome(liar.venue.batch(reported=True))
    for public, rates in ((outcome.public, ()), (early.public, (100, 0))):
        given = {"premium_rates": rates}
        assert refusal(lambda p=public, g=given: replace(p, **g)) is Reason.PREMIUM_RATE_COUNT  # type: ignore[misc]


@pytest.mark.parametrize("rate", [2**17, -(2**17)])
def test_a_rate_that_no_trades_have(liar: Liar, rate: int) -> None:
    public = tallied(liar, BUSY).outcome(hourly(liar)).public
    lie = {"premium_rates": (rate, 0)}
    assert refusal(lambda: replace(public, **lie)) is Reason.PREMIUM_OUT_OF_BOUNDS


def test_another_rate_than_the_proof_is_about(liar: Liar) -> None:
    outcome = tallied(liar, BUSY).outcome(hourly(liar))
    lie = forge(outcome, public=replace(outcome.public, premium_rates=(50, 0)))
    records = replay(outcome)
    assert claims_broken_in(records, lie.public) == {"market.public", "public.message"}


def test_a_rate_of_a_price_that_is_clamped(liar: Liar) -> None:
    tallied(liar, BUSY)
    batch = liar.venue.batch(step=HOUR_MS, reported=False)
    assert liar.outcome(batch).public.premium_rates == (0, 0)
    liar.bend("premium_rates", lambda *_: (100, 0), batch_module)
    assert liar.claims(batch) == {"market.rate-unasked"}


@pytest.mark.parametrize("is_due", [True, False], ids=["not begun again", "begun too early"])
def test_a_tally_that_starts_at_another_time(liar: Liar, is_due: bool) -> None:
    tallied(liar, BUSY)
    batch = hourly(liar) if is_due else liar.venue.batch(reported=True)
    honest = tallied_module.tallies_before
    liar.bend(
        "tallies_before", lambda old, n, **_: honest(old, n, is_due=not is_due), tallied_module
    )
    assert liar.claims(batch) == {"market.volume", "market.premium"}


def test_a_fill_that_is_left_out_of_the_volume(liar: Liar) -> None:
    batch = liar.venue.batch(matches=[dear()])
    honest = tallied_module.tallies_after
    liar.bend("tallies_after", lambda begun, _, *rest: honest(begun, [], *rest), tallied_module)
    assert liar.claims(batch) == {"market.volume", "market.premium"}


def test_a_premium_that_is_not_clipped(liar: Liar) -> None:
    batch = liar.venue.batch(matches=[dear(price=BTC_PRICE + 5_000)])
    assert liar.claims(batch) == set()
    liar.bend("clipped", lambda distance, _: distance, tally_module)
    assert liar.claims(batch) == {"market.premium"}


def test_open_interest_that_falls_and_nobody_holds_less(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = liar.trade()
    monkeypatch.setattr(Ledger, "opened", lambda *_: [-5, 0])
    assert liar.claims(batch) == {"market.open-interest"}


def capped(monkeypatch: pytest.MonkeyPatch, cap: int) -> Liar:
    market = replace(BTC_MARKET, open_interest_cap=cap)
    governance = listing(GOVERNANCE, (market, ETH_MARKET))
    venue = Venue(genesis=genesis(governance), suite=real()).with_traders(*[1000 * USDC] * 3)
    return Liar(venue, monkeypatch)


def opening(liar: Liar, *sizes: int) -> Batch:
    """Each trader but the first opens lots against her."""
    return liar.venue.batch(
        matches=[
            Match(buy(1, size, slot=k), sell(k + 2, size, slot=k), size)
            for k, size in enumerate(sizes)
        ]
    )


def test_lots_opened_beyond_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    liar = capped(monkeypatch, 100)
    assert liar.claims(opening(liar, 60, 40)) == set()
    batch = opening(liar, 60, 41)
    assert liar.refusal(batch) is Reason.OPEN_INTEREST_FULL

    def unchecked(market: int, tally: Tally, lots: int, terms: object) -> Tally:
        return replace(tally, open_interest=tally.open_interest + lots)

    liar.bend("_opened", unchecked, tally_module)
    assert liar.claims(batch) == {"market.open-interest-cap"}


def test_lots_that_are_opened_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tally stays within the cap because the position's row is left out of it."""
    liar = capped(monkeypatch, 100)
    batch = opening(liar, 60, 41)

    def hidden(ledger: Ledger, listed: int) -> Sequence[int]:
        return [100, *[0] * (listed - 1)]

    monkeypatch.setattr(Ledger, "opened", hidden)
    assert liar.claims(batch) == {"market.open-interest"}


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """Of a venue with assets."""
    return Liar(asset_venue(real()), monkeypatch)


def brought(keeper: Liar, lots: int) -> Batch:
    """Account 2 brings lots of an asset from L1."""
    first = keeper.venue.state.globals.deposits_consumed
    return keeper.venue.batch([credit(first, 2, lots, WBTC_MARK)])


def test_tokens_that_come_in_meet_no_cap(keeper: Liar) -> None:
    """A deposit that met one would stop the queue: it is public, and cannot be left out."""
    batch = brought(keeper, 2**40 - 1 - HELD)
    outcome = keeper.outcome(batch)
    assert outcome.markets_after.tallies[WBTC] == Tally(0, 0, 0)
    assert claims_broken_by(outcome) == set()


def test_tokens_that_are_counted_as_open_interest(keeper: Liar) -> None:
    """A batch that only an operator could say why it is refused."""
    batch = brought(keeper, 5)

    def counted(market: int, tally: Tally, lots: int, terms: object) -> Tally:
        return replace(tally, open_interest=tally.open_interest + lots)

    keeper.bend("_opened", counted, tally_module)
    assert keeper.claims(batch) == {"market.open-interest", "market.open-interest-cap"}


def test_a_rate_of_an_asset(keeper: Liar) -> None:
    batch = hourly(keeper)
    assert keeper.outcome(batch).public.premium_rates == (0, 0, 0, 0)
    keeper.bend("premium_rates", lambda *_: (0, 0, 10, 0), batch_module)
    assert keeper.claims(batch) == {"market.rate-unasked"}
