"""Lies about assets that count: for how much, against whom, and who takes them at which price.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol import liquidation, transition
from rollup.protocol.continuing import require_continues
from rollup.protocol.market import Governance
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms
from tests.helpers.assets import ASSETS, WBTC, WBTC_MARK, WETH, spot
from tests.helpers.collateral import (
    BACKSTOP,
    COLLATERAL_MARKETS,
    COLLATERAL_ORACLE,
    HELD,
    HOLDER,
    LOTS,
    MAKER,
    RICH,
    Pledged,
    counting_asset,
    lots_of,
    pledged,
)
from tests.helpers.lies import Liar, claim_closings
from tests.helpers.oracle import STEP
from tests.helpers.statement import claims_broken_in
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    USDC,
    ByOrder,
    buy,
    credit,
    real,
    refusal,
    transfer,
    withdraw,
)

PUBLIC = "public.message"


@pytest.fixture
def place() -> Pledged:
    return pledged(real())


@pytest.fixture
def liar(place: Pledged, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


# For how much it counts.


def most_lots(place: Pledged) -> int:
    """As many of the perpetual as the holder's asset carries over initial margin."""
    terms = place.terms
    each = terms[BTC].initial + -(-BTC_PRICE * terms[BTC].taker_fee // 10**6)
    return HELD * terms[WBTC].long_initial // each


def test_an_asset_counts_over_initial_margin_for_its_price_less_the_haircut(
    place: Pledged, liar: Liar
) -> None:
    most = most_lots(place)
    assert liar.claims(place.bought(most)) == set()
    batch = place.bought(most + 1)
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {HOLDER}, below=False, grew=True)
    assert liar.claims(batch) == {"account.initial"}


def counted_as(liar: Liar, **changes: Any) -> None:
    """The rules take other terms of the asset than price and governance give."""
    honest = transition.batch_terms

    def bent(*given: Any) -> tuple[MarketTerms, ...]:
        found = list(honest(*given))
        found[WBTC] = replace(found[WBTC], **changes)
        return tuple(found)

    liar.bend("batch_terms", bent)


@pytest.mark.parametrize("changes", [{"initial": 1}, {"maintenance": 1}, {"value": 2 * BTC_PRICE}])
def test_an_asset_that_counts_for_more(place: Pledged, liar: Liar, changes: dict[str, int]) -> None:
    counted_as(liar, **changes)
    assert {"market.public", PUBLIC} <= liar.claims(liar.venue.batch(refreshed=[HOLDER]))


def test_a_step_whose_debt_is_stopped_counts_no_asset_over_initial_margin(
    place: Pledged, liar: Liar
) -> None:
    """So much of it is brought that what counts is more than a quarter of the dollars."""
    place.deposit(MAKER, 20 * HELD, WBTC_MARK)
    batch = place.bought(10)
    assert batch.book.debt_stop and liar.refusal(batch) is Reason.MARGIN
    counted_as(liar, initial=BTC_PRICE * 3 // 10)
    assert {"market.public", PUBLIC} <= liar.claims(batch)


def test_the_debt_stop_stands_with_the_step(place: Pledged) -> None:
    venue = place.venue
    place.opened()
    place.falls()
    first = venue.batch([credit(venue.state.globals.deposits_consumed, 1, 20 * HELD, WBTC_MARK)])
    assert not first.book.debt_stop and not venue.run(first).public.closed
    goes_on = venue.batch(takeovers=place.needed)
    assert goes_on.begins_open and not goes_on.book.debt_stop
    assert venue.run(goes_on).public.closed
    assert venue.batch().book.debt_stop


def test_an_asset_whose_price_is_missing_counts_for_no_new_debt(place: Pledged, liar: Liar) -> None:
    """Nor one that is held back: it may be worth less. The holder owes what it paid for another
    asset, and may pay nothing out until there is a price."""
    place.deposit(RICH, HELD, WETH + 1)
    place.venue.run(place.venue.batch(matches=[spot(RICH, HOLDER, 100, WETH, ETH_PRICE)]))
    lie = transfer(HOLDER, RICH, 1, asset=WBTC_MARK)
    assert liar.claims(place.venue.batch(outflows=[lie])) == set()
    batch = place.venue.batch(outflows=[lie], reported=False)
    assert batch.book.markets[WBTC].missing
    assert liar.refusal(batch) is Reason.MARGIN
    counted_as(liar, initial=BTC_PRICE * 3 // 10)
    assert {"market.public", PUBLIC} <= liar.claims(batch)


# Borrowed dollars.


def test_dollars_that_were_borrowed_against_an_asset(place: Pledged, liar: Liar) -> None:
    """The rich trader brings an asset and takes out more than its own dollars."""
    place.deposit(RICH, HELD, WBTC_MARK)
    lie = withdraw(RICH, place.holding(RICH).cash + 1)
    batch = place.venue.batch(outflows=[lie])
    assert liar.refusal(batch) is Reason.MARGIN
    honest = transition.closing
    liar.bend("closing", lambda *given, **how: honest(*given, **{**how, "cash_out": False}))
    assert liar.claims(batch) == {"account.initial"}


def test_dollars_behind_a_position_that_an_asset_would_carry(place: Pledged, liar: Liar) -> None:
    """Who takes dollars out has initial margin without his asset; who takes lots out has it with
    what is left of them."""
    place.opened(LOTS // 10)
    place.deposit(HOLDER, 100 * USDC)
    assert liar.refusal(place.venue.batch(outflows=[withdraw(HOLDER, 1)])) is Reason.MARGIN
    lots = withdraw(HOLDER, HELD // 2, asset=WBTC_MARK)
    assert liar.claims(place.venue.batch(outflows=[lots])) == set()
    both = [lots, withdraw(HOLDER, 1, slot=10)]
    assert liar.refusal(place.venue.batch(outflows=both)) is Reason.MARGIN


def test_dollars_that_leave_are_passed_off_as_lots(place: Pledged, liar: Liar) -> None:
    place.deposit(RICH, HELD, WBTC_MARK)
    outcome = liar.outcome(place.venue.batch(outflows=[withdraw(RICH, USDC)]))
    records = replay(outcome)
    none = np.zeros_like(records.account.cash_out)
    silent = replace(records, account=replace(records.account, cash_out=none))
    assert claims_broken_in(silent, outcome.public) == {"outflow.margin", "account.outflow"}


def test_lots_that_leave_need_no_dollars(place: Pledged, liar: Liar) -> None:
    """An asset and nothing else: all of it may go, to its owner or to another account."""
    for lie in (withdraw(HOLDER, HELD, asset=WBTC_MARK), transfer(HOLDER, RICH, 7, asset=3)):
        assert liar.claims(place.venue.batch(outflows=[lie])) == set()


# Bought or brought.


def test_an_asset_bought_by_maintenance_margin_alone(place: Pledged, liar: Liar) -> None:
    """Above initial margin before and below it after."""
    place.opened(most_lots(place))
    liar.venue.run(liar.venue.batch([credit(4, RICH, HELD, WBTC_MARK)]))
    batch = place.venue.batch(matches=[spot(RICH, HOLDER, 10)])
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {HOLDER}, below=False, grew=False)
    assert liar.claims(batch) == {"position.not-grown"}


def test_an_asset_that_is_brought_is_no_risk(place: Pledged, liar: Liar) -> None:
    """Nor one that is given: the holder is below initial margin, and helped by both."""
    place.opened(most_lots(place))
    place.falls(590_000)
    held = lots_of(place, HOLDER)
    batch = place.venue.batch([credit(4, HOLDER, 5, WBTC_MARK)])
    assert liar.claims(batch) == set()
    place.venue.run(batch)
    place.deposit(RICH, HELD, WBTC_MARK)
    gift = transfer(RICH, HOLDER, 5, asset=WBTC_MARK)
    assert liar.claims(place.venue.batch(outflows=[gift])) == set()
    assert lots_of(place, HOLDER) == held + 5


def test_an_asset_that_counts_for_nothing_is_bought_as_before(place: Pledged, liar: Liar) -> None:
    """What is paid for it is gone from all that counts, which is asked of maintenance alone."""
    place.deposit(RICH, HELD, WETH + 1)
    place.opened(most_lots(place))
    place.falls(590_000)
    batch = place.venue.batch(matches=[spot(RICH, HOLDER, 10, WETH, ETH_PRICE)])
    assert liar.claims(batch) == set()


# Taken.


@pytest.fixture
def due(place: Pledged) -> Pledged:
    """The holder is below maintenance."""
    place.opened()
    place.falls()
    assert place.excess() < 0
    return place


def test_the_backstop_takes_lots_of_an_asset_for_its_fee(due: Pledged, liar: Liar) -> None:
    batch = due.venue.batch(takeovers=due.needed)
    (taken,) = due.needed
    assert taken.market == WBTC and liar.claims(batch) == set()
    due.venue.run(batch)
    assert due.excess() >= 0 and lots_of(due, BACKSTOP) == taken.size


def test_an_order_takes_lots_of_an_asset(due: Pledged, liar: Liar) -> None:
    lots = due.needed[0].size
    bid = buy(MAKER, lots, market=WBTC, slot=3)
    batch = due.venue.batch(by_orders=[ByOrder(bid, HOLDER, lots, BTC_PRICE)])
    assert liar.claims(batch) == set()


@pytest.mark.parametrize("worse", [1, -1])
def test_a_fee_of_an_asset_that_is_not_the_markets(due: Pledged, liar: Liar, worse: int) -> None:
    (whole,) = due.needed
    batch = due.venue.batch(takeovers=[replace(whole, fee=whole.fee + worse)])
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.blind("require_no_higher_fee", liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    claim_closings(liar.monkeypatch, {HOLDER}, grew=False)
    liar.blind("require_needed")
    wanted = "takeover.fee" if worse > 0 else "takeover.fee-waived"
    assert wanted in liar.claims(batch)


def test_a_lot_of_an_asset_too_many(due: Pledged, liar: Liar) -> None:
    (whole,) = due.needed
    more = Takeover(
        HOLDER, WBTC, whole.size + 1, (whole.size + 1) * due.terms[WBTC].liquidation_fee
    )
    batch = due.venue.batch(takeovers=[more])
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.needed"}


@pytest.mark.parametrize("route", [Route.DELEVERAGED, Route.LIQUIDATED])
def test_lots_of_an_asset_that_close_somebodys(due: Pledged, liar: Liar, route: Route) -> None:
    """There are none of the other side: a friend gets them at the oracle's price, for no fee."""
    batch = due.venue.batch(takeovers=[Takeover(HOLDER, WBTC, due.needed[0].size, 0, route, RICH)])
    assert liar.refusal(batch) is Reason.ASSET_TAKEN
    names = ("require_route", "require_other_side", "require_liquidatable")
    for name in (*names, "require_unordered", "require_no_backstop"):
        liar.blind(name, liquidation)
    for name in ("require_needed", "require_full", "require_standing"):
        liar.blind(name)
    liar.bend("zones_of", lambda *_: {})
    claim_closings(liar.monkeypatch, {HOLDER, RICH}, below=False, grew=False)
    assert "takeover.other-side" in liar.claims(batch)


def test_what_counts_for_nothing_is_taken_of_nobody(due: Pledged, liar: Liar) -> None:
    due.deposit(HOLDER, 100, WETH + 1)
    batch = due.venue.batch(takeovers=[*due.needed, Takeover(HOLDER, WETH, 10, 0)])
    assert liar.refusal(batch) is Reason.ASSET_TAKEN
    liar.blind("require_takeable", liquidation)
    claim_closings(liar.monkeypatch, {HOLDER}, below=False, grew=False)
    assert "market.asset-not-taken" in liar.claims(batch)


def test_the_backstop_that_takes_an_asset_without_initial_margin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A takeover grows it as a purchase does; what somebody brings it does not."""
    place = pledged(real(), funded=2000 * USDC)
    liar = Liar(place.venue, monkeypatch)
    place.opened()
    place.falls()
    batch = place.venue.batch(takeovers=place.needed)
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {BACKSTOP}, below=False, grew=False)
    assert liar.claims(batch) == {"position.not-grown"}


def test_a_holder_of_an_asset_that_is_skipped(place: Pledged, liar: Liar) -> None:
    """Its trigger is passed by the price of the asset alone."""
    place.opened()
    leaf = place.venue.state.accounts[HOLDER]
    assert leaf.triggers[1] > 2**14
    place.falls(BTC_PRICE, 200_000)
    assert place.excess() < 0
    batch = place.venue.batch()
    lie = replace(batch, frontiers=tuple(each.numbers for each in place.terms))
    assert liar.refusal(lie) is Reason.OPENING_MISSING
    assert not place.venue.run(batch).public.closed
    assert place.venue.run(place.venue.batch(takeovers=place.needed)).public.closed


# Governance.


def governed(**changes: int) -> Governance:
    markets = (*COLLATERAL_MARKETS[:2], counting_asset(**changes), COLLATERAL_MARKETS[3])
    return replace(GOVERNANCE, markets=markets, oracle=COLLATERAL_ORACLE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"maintenance_fraction": STEP + 10, "liquidation_fee": 0}, Reason.STEP_TOO_WIDE),
        ({"liquidation_fee": 1490}, Reason.LIQUIDATION_FEE_TOO_HIGH),
        ({"initial_fraction": 1499}, Reason.MARGIN_CROSSED),
        ({"initial_fraction": 1900}, Reason.BAND_TOO_WIDE),
        ({"bucket": 0}, Reason.BUCKET_OUT_OF_BOUNDS),
        ({"bucket": 73}, Reason.BUCKET_OUT_OF_BOUNDS),
        ({"funding_cap": 1}, Reason.ASSET_TERMS),
        ({"maintenance_fraction": 10_000, "initial_fraction": 10_000}, Reason.ASSET_TERMS),
    ],
)
def test_haircuts_under_which_somebody_could_fall_below_zero(
    changes: dict[str, int], reason: Reason
) -> None:
    assert refusal(lambda: governed(**changes)) is reason


@pytest.mark.parametrize("name", ["maintenance_fraction", "initial_fraction"])
def test_a_haircut_that_moves_by_more_than_a_step(name: str) -> None:
    before = governed(maintenance_fraction=2500, initial_fraction=5000)
    now = {"maintenance_fraction": 2500, "initial_fraction": 5000}
    for moved in (STEP, -STEP):
        require_continues(before, governed(**{**now, name: now[name] + moved}))
    for moved in (STEP + 1, -STEP - 1):
        found = governed(**{**now, name: now[name] + moved})
        lie = refusal(lambda found=found: require_continues(before, found))
        assert lie is Reason.GOVERNANCE_CHANGED


def test_an_asset_begins_to_count_by_no_digest() -> None:
    """Its positions have triggers, and its frontiers places, by the buckets that it began with."""
    markets = (*COLLATERAL_MARKETS[:2], ASSETS[0], COLLATERAL_MARKETS[3])
    before = replace(GOVERNANCE, markets=markets, oracle=COLLATERAL_ORACLE)
    assert refusal(lambda: require_continues(before, governed())) is Reason.GOVERNANCE_CHANGED
