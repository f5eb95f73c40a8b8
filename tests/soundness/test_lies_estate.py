"""Lies about the estate: when it takes, what, how much, at which price, and what everybody is told.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol import closing, liquidation
from rollup.protocol.outcome import Outcome, TakeoverStep
from rollup.protocol.public import EstateTaken
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, Takeover
from tests.helpers.assets import WBTC, WBTC_MARK, WETH
from tests.helpers.collateral import BACKSTOP, HOLDER, Pledged, lots_of, pledged
from tests.helpers.lies import Liar, claim_closings, forge
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import BTC, BTC_PRICE, USDC, real

PUBLIC = "public.message"


def ruined(funded: int = 0) -> Pledged:
    """The holder is below maintenance, and the backstop has next to nothing."""
    place = pledged(real(), funded=funded)
    place.opened()
    place.falls()
    return place


@pytest.fixture
def place() -> Pledged:
    return ruined()


@pytest.fixture
def liar(place: Pledged, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def wanted(place: Pledged) -> int:
    """The fewest lots that heal the holder, for no fee."""
    missing, each = -place.excess(), place.terms[WBTC].long_relief
    return -(-missing // each)


def taken(place: Pledged, lots: int, market: int = WBTC, fee: int = 0) -> Takeover:
    return Takeover(HOLDER, market, lots, fee, Route.ESTATE)


def told(outcome: Outcome, **changes: Any) -> Outcome:
    """The outcome with another public input, unchecked."""
    return forge(outcome, public=forge(outcome.public, **changes))


def test_the_estate_takes_at_the_oracles_price_and_everybody_is_told(
    place: Pledged, liar: Liar
) -> None:
    lots = wanted(place)
    before, total = place.holding(), place.venue.state.globals.total
    batch = place.venue.batch(takeovers=[taken(place, lots)])
    assert liar.claims(batch) == set()
    public = place.venue.run(batch).public
    assert public.estate == (EstateTaken(WBTC_MARK, lots),)
    assert public.total == total + lots * BTC_PRICE == place.venue.state.globals.total
    assert place.holding().cash == before.cash + lots * BTC_PRICE
    assert public.book_after.custody(WBTC) == public.book_before.custody(WBTC) - lots
    held = sum(lots_of(place, each) for each in place.venue.state.accounts)
    assert held == public.book_after.custody(WBTC)


def test_several_accounts_at_once(place: Pledged, liar: Liar) -> None:
    lots = wanted(place)
    both = [taken(place, lots - 7), taken(place, 7)]
    assert liar.claims(place.venue.batch(takeovers=both)) == set()


def test_the_estate_that_takes_what_the_backstop_could(monkeypatch: pytest.MonkeyPatch) -> None:
    place = ruined(funded=10**5 * USDC)
    liar = Liar(place.venue, monkeypatch)
    batch = place.venue.batch(takeovers=[taken(place, wanted(place))])
    assert liar.refusal(batch) is Reason.BACKSTOP_NOT_FULL
    liar.blind("require_full")
    assert liar.claims(batch) == {"market.full"}
    liar.bend("zones_of", lambda *_: {})
    assert liar.claims(batch) == {"market.estate-full"}


def test_the_backstop_takes_what_it_can_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """For its fee; the estate what is left, once the backstop could take no lot more."""
    place = ruined(funded=300 * USDC)
    terms, liar = place.terms[WBTC], Liar(place.venue, monkeypatch)
    each = BTC_PRICE - terms.liquidation_fee - terms.long_initial
    most = 300 * USDC // each
    gain = terms.long_relief - terms.liquidation_fee
    missing = -place.excess() - most * gain
    rest = -(-missing // terms.long_relief)
    first = Takeover(HOLDER, WBTC, most, most * terms.liquidation_fee)
    batch = place.venue.batch(takeovers=[first, taken(place, rest)])
    assert liar.claims(batch) == set()
    place.venue.run(batch)
    assert lots_of(place, BACKSTOP) == most
    less = Takeover(HOLDER, WBTC, most - 1, (most - 1) * terms.liquidation_fee)
    assert ruined(funded=300 * USDC).venue.refusal(
        replace(batch, takeovers=(less, taken(place, rest + 1)))
    ) in (Reason.BACKSTOP_NOT_FULL, Reason.OPENING_MISSING)


def test_a_perpetual(place: Pledged, liar: Liar) -> None:
    """Nobody could sell it at L1; nor can everybody be told of it."""
    batch = place.venue.batch(takeovers=[taken(place, 60_000, BTC)])
    assert liar.refusal(batch) is Reason.ESTATE_ASSET
    liar.blind("require_route", liquidation)
    liar.blind("require_needed")
    number = place.terms[BTC].numbers[1]
    liar.after("zones_of", lambda zones, *_: dict.fromkeys(zones, number))
    liar.blind("require_full")
    liar.bend("EstateTaken", lambda *_: EstateTaken(WBTC_MARK, 60_000), closing)
    assert "market.estate-asset" in liar.claims(batch)


def test_an_asset_that_counts_for_nothing(place: Pledged, liar: Liar) -> None:
    place.deposit(HOLDER, 100, WETH + 1)
    batch = place.venue.batch(takeovers=[taken(place, 10, WETH), taken(place, wanted(place))])
    assert liar.refusal(batch) is Reason.ASSET_TAKEN
    liar.blind("require_takeable", liquidation)
    liar.blind("require_full")
    assert "market.asset-not-taken" in liar.claims(batch)


def test_a_lot_too_many(place: Pledged, liar: Liar) -> None:
    batch = place.venue.batch(takeovers=[taken(place, wanted(place) + 1)])
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.needed"}


def test_a_fee_of_the_estate(place: Pledged, liar: Liar) -> None:
    """It would be nobody's."""
    lots = wanted(place) + 500
    batch = place.venue.batch(takeovers=[taken(place, lots, fee=lots * 18_000)])
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.blind("require_no_higher_fee", liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    liar.blind("require_needed")
    claim_closings(liar.monkeypatch, {HOLDER}, below=False, grew=False)
    assert "takeover.fee-free" in liar.claims(batch)


@pytest.mark.parametrize("more", [1, -1])
def test_another_price(place: Pledged, liar: Liar, more: int) -> None:
    """A quantum more or less than the lots are worth."""
    batch = place.venue.batch(takeovers=[taken(place, wanted(place) + 10)])
    honest = liquidation.move

    def moved(index: int, entry: Any, market: int, cash: int, lots: int) -> Any:
        return honest(index, entry, market, cash + more, lots)

    liar.bend("move", moved, liquidation)
    liar.blind("require_needed")
    assert {"takeover.cash", "account.needed"} <= liar.claims(batch)


Change = Callable[[int], tuple[EstateTaken, ...]]

TOLD: dict[str, Change] = {
    "a lot more": lambda lots: (EstateTaken(WBTC_MARK, lots + 1),),
    "a lot less": lambda lots: (EstateTaken(WBTC_MARK, lots - 1),),
    "nothing": lambda _: (),
    "another asset too": lambda lots: (EstateTaken(WBTC_MARK, lots), EstateTaken(WETH + 1, 1)),
}


@pytest.mark.parametrize("change", TOLD.values(), ids=TOLD.keys())
def test_what_l1_is_told_is_not_what_was_taken(place: Pledged, liar: Liar, change: Change) -> None:
    place.deposit(1, 5, WETH + 1)
    lots = wanted(place)
    outcome = liar.outcome(place.venue.batch(takeovers=[taken(place, lots)]))
    assert {"market.public", PUBLIC} <= claims_broken_by(told(outcome, estate=change(lots)))


def test_lots_that_nobody_lost(place: Pledged, liar: Liar) -> None:
    """The batch says that the estate took some, so that L1 sells what accounts have."""
    outcome = liar.outcome(place.venue.batch(refreshed=[1]))
    lie = told(outcome, estate=(EstateTaken(WBTC_MARK, 5),))
    assert {"market.public", PUBLIC} <= claims_broken_by(lie)


def test_lots_that_are_told_to_the_market_and_taken_of_nobody(place: Pledged, liar: Liar) -> None:
    """Its row says so, and the verifier with it."""
    outcome = liar.outcome(place.venue.batch(takeovers=[taken(place, wanted(place))]))
    records = replay(outcome)
    more = records.market.estate.copy()
    more[WBTC, 0] += 1
    lie = replace(records, market=replace(records.market, estate=more))
    assert "market.estate" in claims_broken_in(lie, outcome.public)
    silent = replace(records.takeover, estate=np.zeros_like(records.takeover.estate))
    found = claims_broken_in(replace(records, takeover=silent), outcome.public)
    assert {"market.counted", "takeover.backstop"} <= found


def test_lots_that_a_friend_takes_and_the_estate_is_named(place: Pledged, liar: Liar) -> None:
    """Without a payment: the row of the estate changes no account but the one that loses."""
    batch = place.venue.batch(takeovers=[taken(place, wanted(place))], refreshed=[1])

    def gift(result: TakeoverStep, batch: Any, ledger: Any, *_: Any) -> TakeoverStep:
        entry = ledger.accounts[1]
        entry.set_position(WBTC, entry.positions[WBTC] + 5)
        return result

    liar.after("apply_takeover", gift)
    assert "position.value-after" in liar.claims(batch)
