"""Progress: what a batch does for its open step, and that none of it can be done twice."""

from dataclasses import replace

import pytest

from rollup.protocol.constants import COUNTERS
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.outcome import Outcome, Progress, Spent
from rollup.protocol.progress import SHARE, progress_of, quotas
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.triggers import LONG as LONG_SIDE
from tests.helpers.keeper import holding_of, plan
from tests.helpers.market_books import terms_at
from tests.helpers.thin import FAR, LONG, MIDDLE, NEAR, Thin, thin
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    sell,
)

NEEDY, RICH, DUE = 1, 2, 3
DOWN = (BTC_PRICE * 93 // 100, ETH_PRICE * 107 // 100)


@pytest.fixture
def venue() -> Venue:
    """After the fall account 1 is below maintenance, account 3 due and healthy, 2 neither."""
    made = Venue().with_traders(100 * USDC, 10**6 * USDC, 200 * USDC)
    made.run(made.batch([credit(3, BACKSTOP_ACCOUNT, 10**6 * USDC)]))
    bitcoin = [Match(buy(a, 1500), sell(RICH, 3000), 1500) for a in (NEEDY, DUE)]
    ether = {"market": 1, "slot": 1, "price": ETH_PRICE}
    bid, ask = buy(DUE, 3600, **ether), sell(RICH, 3600, **ether)
    made.run(made.batch(matches=[*bitcoin, Match(bid, ask, 3600, ETH_PRICE)]))
    made.prices = DOWN
    return made


def taken(venue: Venue, lots: int | None = None) -> Takeover:
    """Lots of the needy: as few as heal it, or so many."""
    terms = terms_at(venue.prices)
    (found,) = plan(NEEDY, holding_of(venue.state.accounts[NEEDY]), terms, 1)
    if lots is None:
        return found
    return replace(found, size=lots, fee=lots * (found.fee // found.size))


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=SHAPE_CLASSES)
def test_an_eighth_of_what_a_class_takes_is_enough(shape_class: ShapeClass) -> None:
    wanted = quotas(shape_class)
    most = Spent(
        shape_class.takeovers,
        shape_class.accounts,
        min(shape_class.positions, shape_class.triggers // 2),
        shape_class.triggers * COUNTERS,
    )
    for want, all_of in zip(wanted, most, strict=True):
        assert want * SHARE >= all_of > (want - 1) * SHARE
    for place, want in enumerate(wanted):
        lacking = Spent(*(each - 1 for each in wanted))
        assert progress_of(lacking, shape_class, closed=False) is None
        enough = Spent(*(want if k == place else 0 for k in range(4)))
        assert progress_of(enough, shape_class, closed=False) == Progress(place + 1, 0)
    assert progress_of(Spent(0, 0, 0, 0), shape_class, closed=True) == Progress(0, 0)


def test_due_accounts_count_with_all_their_positions_and_others_do_not(venue: Venue) -> None:
    assert venue.apply(venue.batch(refreshed=[RICH])).spent[:3] == (0, 0, 0)
    assert venue.apply(venue.batch(refreshed=[DUE, RICH])).spent[:3] == (0, 1, 2)
    assert venue.apply(venue.batch(refreshed=[DUE, NEEDY])).spent[:3] == (0, 2, 3)


def test_who_was_refreshed_is_not_due_again_in_the_step(venue: Venue) -> None:
    venue.run(venue.batch(refreshed=[DUE]))
    again = venue.apply(venue.batch(refreshed=[DUE]))
    assert not again.public.closed and again.spent[:3] == (0, 0, 0)


def test_frontiers_count_by_how_far_they_come_down(venue: Venue) -> None:
    first = venue.run(venue.batch(refreshed=[DUE]))
    old, new = first.frontiers_before, first.markets_after.frontiers
    assert first.spent.buckets == old[BTC][LONG_SIDE] - new[BTC][LONG_SIDE] + (
        old[1][1] - new[1][1]
    )
    assert first.spent.buckets > 0
    second = venue.run(venue.batch())
    assert second.spent.buckets == 0 and not second.public.closed


def test_lots_of_an_account_that_stays_below_count_once_and_its_cure_once(venue: Venue) -> None:
    """A lot a batch would hold the step for as many batches as there are lots."""
    first = venue.run(venue.batch(refreshed=[DUE], takeovers=[taken(venue, 1)]))
    assert first.accounts[1].after.below  # type: ignore[union-attr]
    assert first.spent[:3] == (0, 2, 3), "both were due"
    for _ in range(3):
        outcome = venue.run(venue.batch(takeovers=[taken(venue, 1)]))
        assert not outcome.public.closed and outcome.spent[:3] == (0, 0, 0)
    cured = venue.run(venue.batch(takeovers=[taken(venue)]))
    assert cured.public.closed and cured.spent[:3] == (1, 1, 1)


def test_a_deposit_that_cures_counts(venue: Venue) -> None:
    venue.run(venue.batch(refreshed=[NEEDY]))
    rescue = credit(venue.state.globals.deposits_consumed, NEEDY, 1000 * USDC)
    assert venue.apply(venue.batch([rescue])).spent[:2] == (0, 1)


@pytest.fixture
def place() -> Thin:
    return thin()


def finished(outcome: Outcome) -> int:
    return outcome.spent.finished


def test_a_position_is_closed_out_when_takeovers_leave_nothing_of_it(place: Thin) -> None:
    """The nearest loses all; the next a part, which counts for nothing."""
    chosen = place.plan()
    assert [each.taker for each in chosen] == [NEAR, MIDDLE]
    assert chosen[0].size == abs(place.holding(NEAR).positions[BTC])
    assert chosen[1].size < abs(place.holding(MIDDLE).positions[BTC])
    assert finished(place.venue.apply(place.batch(*chosen))) == 2, "and the long is healed"
    one = place.venue.apply(place.batch(*place.plan(1, NEAR)))
    assert finished(one) == 0


def test_an_order_that_sells_out_closes_out_nothing(venue: Venue) -> None:
    venue.prices = (BTC_PRICE, ETH_PRICE)
    trade = Match(buy(RICH, 1500, slot=2), sell(NEEDY, 1500, slot=2), 1500)
    outcome = venue.apply(venue.batch(matches=[trade]))
    assert outcome.accounts[1].after.positions[BTC] == 0  # type: ignore[union-attr]
    assert finished(outcome) == 0


def test_a_zone_is_no_progress(place: Thin) -> None:
    """It is swept as often as somebody loses a lot in it."""
    lots = 1
    first = place.venue.run(place.batch(*place.plan(lots, NEAR)))
    assert first.steps.zones and first.spent.buckets >= 0
    again = place.venue.run(place.batch(*place.plan(lots, NEAR)))
    assert again.steps.zones and not again.public.closed
    assert again.spent == Spent(0, 0, 0, 0)


def test_of_a_side_with_a_zone_nobody_is_due_but_closed_out(place: Thin) -> None:
    """Where the price and a zone both ask for a trigger, one of them says so."""
    outcome = place.venue.apply(place.batch(*place.plan(None, NEAR, MIDDLE, FAR)))
    zoned = {market for market, _ in outcome.steps.zones}
    assert zoned == {BTC}
    dealt = {account.index for account in outcome.accounts if account.dealt}
    assert dealt == {LONG}
    routes = {takeover.route for takeover in place.plan()}
    assert routes == {Route.DELEVERAGED}
