"""Triggers, counters and frontiers: every way of skipping somebody has its refusal."""

from dataclasses import replace

import pytest

from rollup.protocol.batch import Batch
from rollup.protocol.counting import frontiers_before
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.openings import completed
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import batch_terms, market_terms
from rollup.protocol.triggers import (
    LONG,
    NO_COUNTERS,
    SHORT,
    TriggerOpening,
    counted,
    leaf_of,
    place_of,
    seats,
    side_of,
    swept,
)
from tests.helpers.keeper import holding_of, plan
from tests.helpers.market_books import terms_at, unsigned_reports
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    refusal,
    sell,
    with_pre,
)

LOTS = 1500
"""900 dollars of BTC."""

DOWN = (BTC_PRICE * 93 // 100, ETH_PRICE * 107 // 100)
"""BTC falls: account 1, at nine times, is below maintenance. ETH rises."""


@pytest.fixture
def venue() -> Venue:
    """Account 1 holds 900 dollars of BTC for 100; account 3 as much, and of ETH as well, for 200:
    after the fall it is due and healthy. Account 2 owes it all and is rich, like the backstop."""
    made = Venue().with_traders(100 * USDC, 10**6 * USDC, 200 * USDC)
    made.run(made.batch([credit(3, BACKSTOP_ACCOUNT, 10**6 * USDC)]))
    first = Match(buy(1, LOTS), sell(2, 2 * LOTS), LOTS)
    second = Match(buy(3, LOTS), sell(2, 2 * LOTS), LOTS)
    ether = {"market": ETH, "slot": 1}
    bid, ask = buy(3, 3600, ETH_PRICE, **ether), sell(2, 3600, ETH_PRICE, **ether)
    made.run(made.batch(matches=[first, second, Match(bid, ask, 3600, ETH_PRICE)]))
    return made


def test_an_index_has_market_side_and_all_of_a_trigger_but_its_place() -> None:
    assert leaf_of(3, SHORT, 0xABCD) == 3 * 2**14 + 2**13 + (0xABCD >> 3)
    assert place_of(0xABCD) == 0xABCD & 7
    assert leaf_of(2**16 - 1, SHORT, 2**16 - 1) == 2**30 - 1
    assert (side_of(1), side_of(-1)) == (LONG, SHORT)


def test_a_sweep_has_all_that_a_frontier_passes() -> None:
    assert [seat.trigger for seat in swept(BTC, LONG, 9, 6)] == [7, 8, 9]
    assert not list(swept(BTC, LONG, 6, 6))


def test_counters_are_those_of_the_positions(venue: Venue) -> None:
    kept = {leaf: each for leaf, each in venue.state.counters.items() if any(each)}
    assert kept == counted(venue.state.accounts.values())
    for account in venue.state.accounts.values():
        assert all(venue.state.count(seat) for seat in seats(account))


def test_positions_of_one_trigger_are_counted_together() -> None:
    made = Venue().with_traders(*[10**6 * USDC] * 4)
    pairs = [Match(buy(a, 10), sell(b, 10), 10) for a, b in ((1, 2), (3, 4))]
    outcome = made.run(made.batch(matches=pairs))
    assert [max(leaf.plus) for leaf in outcome.triggers] == [2, 2]


def test_a_touch_that_leaves_a_trigger_as_it_was_counts_nothing(venue: Venue) -> None:
    outcome = venue.run(venue.batch(refreshed=[2]))
    assert [leaf.index for leaf in outcome.triggers] == [0]
    assert outcome.triggers[0].after == NO_COUNTERS


# Skipping.


def down(venue: Venue) -> Venue:
    venue.prices = DOWN
    return venue


def at_the_price(batch: Batch) -> Batch:
    """The lie: the frontiers are where they would be if nobody were in the way."""
    terms = batch_terms(batch.governance, batch.book)
    return replace(batch, frontiers=tuple(each.numbers for each in terms))


def test_whoever_is_past_a_trigger_keeps_the_step_open(venue: Venue) -> None:
    outcome = down(venue).apply(venue.batch())
    assert not outcome.public.closed
    (long, _), _ = outcome.markets_after.frontiers
    assert long == venue.state.accounts[3].triggers[0]


def test_an_account_in_one_market_is_due_where_it_is_below_maintenance(venue: Venue) -> None:
    """Its trigger is its liquidation price, by the bucket."""
    (trigger,), bucket = venue.state.accounts[1].triggers, BTC_MARKET.bucket
    for price in range(BTC_PRICE * 93 // 100, BTC_PRICE, bucket // 3):
        terms = terms_at((price, ETH_PRICE))
        account = venue.state.accounts[1]
        excess = value(Holding(account.cash, account.positions), terms).excess
        assert (trigger > terms[BTC].numbers[LONG]) == (excess < 0)


def test_an_account_past_its_trigger_is_not_left_out(venue: Venue) -> None:
    """The lie that all this is for: the operator's own account is not looked at."""
    batch = at_the_price(down(venue).batch())
    assert venue.refusal(batch) is Reason.OPENING_MISSING
    assert venue.refusal(with_leaves(venue, batch, sweep(venue, batch))) is Reason.SKIPPED


def sweep(venue: Venue, batch: Batch) -> list[int]:
    """The leaves that a sweep to the price passes."""
    old = venue.state.markets.frontiers
    return sorted(
        {
            leaf_of(*seat)
            for market, pair in enumerate(batch.frontiers)
            for side in (LONG, SHORT)
            for seat in swept(market, side, old[market][side], pair[side])
        }
    )


def with_leaves(venue: Venue, batch: Batch, leaves: list[int]) -> Batch:
    triggers, siblings = venue.state.open_triggers(leaves)
    return with_pre(batch, triggers=triggers, trigger_siblings=siblings)


def test_a_counter_shown_lower_is_refused(venue: Venue) -> None:
    batch = at_the_price(down(venue).batch())
    honest = with_leaves(venue, batch, sweep(venue, batch))
    emptied = tuple(TriggerOpening(each.index, NO_COUNTERS) for each in honest.pre.triggers)
    assert venue.refusal(with_pre(honest, triggers=emptied)) is Reason.OLD_ROOT


def test_a_counter_of_nobody_is_refused(venue: Venue) -> None:
    """The account opened shows another trigger than the one that was counted."""
    batch = down(venue).batch(refreshed=[3])
    place = [opening.index for opening in batch.pre.accounts].index(3)
    opening = batch.pre.accounts[place]
    old = venue.state.accounts[3]
    account = replace(old, triggers=(old.triggers[0] - 1, old.triggers[1]))
    accounts = list(batch.pre.accounts)
    accounts[place] = replace(opening, account=account)
    lie = with_pre(batch, accounts=tuple(accounts))
    assert venue.refusal(completed(lie, venue.state)) is Reason.COUNTER


def test_a_frontier_neither_rises_past_the_price_nor_falls_below_it(venue: Venue) -> None:
    batch = venue.batch()
    for side in (LONG, SHORT):
        for shift in (-1, 1):
            pair = list(batch.frontiers[BTC])
            pair[side] += shift
            lie = replace(batch, frontiers=(tuple(pair), *batch.frontiers[1:]))
            assert venue.refusal(lie) is Reason.FRONTIER


def test_a_step_with_one_side_unswept_is_not_closed(venue: Venue) -> None:
    refreshed = down(venue).batch(refreshed=[3], takeovers=[liquidation(venue)])
    honest = venue.apply(refreshed)
    assert honest.public.closed
    old = venue.state.markets.frontiers
    up = (old[BTC][LONG], refreshed.frontiers[BTC][SHORT])
    lazy = replace(refreshed, frontiers=(up, *refreshed.frontiers[1:]))
    touched = {leaf.index for leaf in honest.triggers if any((*leaf.plus, *leaf.minus))}
    bent = with_leaves(venue, lazy, sorted(touched.union(sweep(venue, lazy))))
    assert not venue.apply(bent).public.closed


def liquidation(venue: Venue) -> Takeover:
    """As few lots of account 1 as heal it."""
    terms = terms_at(venue.prices)
    (takeover,) = plan(1, holding_of(venue.state.accounts[1]), terms, 1)
    return takeover


def test_an_account_left_below_maintenance_keeps_the_step_open(venue: Venue) -> None:
    outcome = down(venue).run(venue.batch(refreshed=[1, 3]))
    terms = outcome.steps.terms
    assert outcome.markets_after.frontiers == tuple(each.numbers for each in terms)
    assert outcome.globals_after.flagged == 1 and not outcome.public.closed
    assert venue.state.accounts[1].below
    assert venue.state.accounts[1].triggers == (terms[BTC].numbers[LONG],)


# Open steps.


@pytest.fixture
def opened(venue: Venue) -> Venue:
    """The step down is open: account 1 is still to be liquidated."""
    down(venue).run(venue.batch(refreshed=[3]))
    assert venue.state.book.is_open
    return venue


def test_prices_stand_while_a_step_is_open(opened: Venue) -> None:
    opened.prices = (DOWN[0] + 1, DOWN[1])
    assert opened.refusal(opened.batch()) is Reason.STEP_PRICES


def test_nothing_is_reported_while_a_step_is_open(opened: Venue) -> None:
    """Not even the prices that stand: a report of them would be a second choice of the step's."""
    batch = opened.batch()
    told = unsigned_reports(GOVERNANCE, BTC, ETH, prices=DOWN)
    assert not batch.reports and batch.prices == DOWN
    assert opened.refusal(replace(batch, reports=told)) is Reason.STEP_REPORTS


def test_an_open_step_is_closed_by_liquidation(opened: Venue) -> None:
    outcome = opened.run(opened.batch(takeovers=[liquidation(opened)]))
    assert outcome.public.closed and outcome.public.begins_open
    assert not opened.state.book.is_open
    opened.prices = (DOWN[0] + 1, DOWN[1])
    assert opened.run(opened.batch()).public.closed


def test_no_risk_grows_while_a_step_is_open(opened: Venue) -> None:
    price = DOWN[0]
    more = Match(buy(3, 1, price, generation=2), sell(2, 1, price, generation=2), 1, price)
    assert opened.refusal(opened.batch(matches=[more])) is Reason.STEP_RISK


def test_positions_may_shrink_while_a_step_is_open(opened: Venue) -> None:
    price = DOWN[0]
    less = Match(buy(2, 9, price, generation=2), sell(3, 9, price, generation=2), 9, price)
    opened.run(opened.batch(matches=[less]))


@pytest.mark.parametrize(
    ("lots", "refused"),
    [(1400, None), (1, Reason.BELOW_TRADED), (-1, Reason.MARGIN), (1600, Reason.STEP_RISK)],
)
def test_who_is_flagged_may_cure_itself_by_orders_that_shrink(
    venue: Venue, lots: int, refused: Reason | None
) -> None:
    down(venue).run(venue.batch(refreshed=[1, 3]))
    assert venue.state.accounts[1].below
    price, size = DOWN[0], abs(lots)
    terms = {"price": price, "generation": 2}
    bid, ask = (2, 1) if lots > 0 else (1, 2)
    batch = venue.batch(
        matches=[Match(buy(bid, size, **terms), sell(ask, size, **terms), size, price)]
    )
    if refused is not None:
        assert venue.refusal(batch) is refused
        return
    outcome = venue.run(batch)
    assert outcome.public.closed and not venue.state.accounts[1].below


def test_the_backstop_alone_takes_risk_while_a_step_is_open(opened: Venue) -> None:
    outcome = opened.apply(opened.batch(takeovers=[liquidation(opened)]))
    backstop = next(each for each in outcome.accounts if each.index == BACKSTOP_ACCOUNT)
    assert backstop.closing.grew


def test_a_backstop_that_grew_meets_initial_margin(venue: Venue) -> None:
    poor = Venue().with_traders(100 * USDC, 10**6 * USDC)
    poor.run(poor.batch(matches=[Match(buy(1, LOTS), sell(2, LOTS), LOTS)]))
    poor.prices = DOWN
    assert poor.refusal(poor.batch(takeovers=[liquidation(poor)])) is Reason.MARGIN


# Openings, markets, prices.


def test_leaves_are_opened_once_and_for_something(venue: Venue) -> None:
    batch = down(venue).batch(refreshed=[3])
    leaves = [opening.index for opening in batch.pre.triggers]
    fewer = with_leaves(venue, batch, leaves[1:])
    assert venue.refusal(fewer) is Reason.OPENING_MISSING
    more = with_leaves(venue, batch, sorted([*leaves, 2**30 - 1]))
    assert venue.refusal(more) is Reason.OPENING_EXCESS
    twice = (batch.pre.triggers[0], *batch.pre.triggers)
    assert refusal(lambda: with_pre(batch, triggers=twice)) is Reason.OPENED_TWICE


def test_a_batch_that_counts_nothing_opens_leaf_0(venue: Venue) -> None:
    batch = venue.batch()
    assert [opening.index for opening in batch.pre.triggers] == [0]
    nothing = with_pre(batch, triggers=(), trigger_siblings=())
    assert venue.refusal(nothing) is Reason.OPENING_MISSING
    assert venue.refusal(with_leaves(venue, batch, [1])) is Reason.OPENING_EXCESS


def test_a_counter_is_a_number_of_accounts() -> None:
    for count in (-1, 2**30 + 1):
        made = (count, *NO_COUNTERS[1:])
        assert refusal(lambda made=made: TriggerOpening(0, made)) is Reason.COUNTER_OUT_OF_BOUNDS
    assert refusal(lambda: TriggerOpening(2**30, NO_COUNTERS)) is Reason.TRIGGER_OUT_OF_BOUNDS


def test_a_trigger_has_16_bits(venue: Venue) -> None:
    account = venue.state.accounts[1]
    for trigger in (-1, 2**16):
        lie = (trigger,)
        found = refusal(lambda lie=lie: replace(account, triggers=lie))
        assert found is Reason.TRIGGER_OUT_OF_BOUNDS
    assert refusal(lambda: replace(account, triggers=())) is Reason.MALFORMED


def test_every_listed_market_has_its_frontiers(venue: Venue) -> None:
    batch = venue.batch()
    found = refusal(lambda: replace(batch, frontiers=batch.frontiers[:1]))
    assert found is Reason.FRONTIER_COUNT


def test_a_new_markets_frontiers_begin_at_its_price() -> None:
    terms = terms_at((BTC_PRICE, ETH_PRICE))
    assert frontiers_before(((1, 2),), terms) == ((1, 2), terms[1].numbers)
    gone = refusal(lambda: frontiers_before(((1, 2),) * 3, terms))
    assert gone is Reason.FRONTIER_COUNT


def test_a_price_in_no_bucket_has_no_batch() -> None:
    market = replace(BTC_MARKET, bucket=100)
    most = 100 * 2**15 + 100 * 2**14
    assert market_terms(market, most * 9 // 10, 0)
    found = refusal(lambda: market_terms(market, most * 21 // 20, 0))
    assert found is Reason.PRICE_OUTSIDE_BUCKETS


def test_a_sweep_stops_where_a_class_has_no_room_left(venue: Venue) -> None:
    tight = replace(CLASS_S, triggers=2)
    batch = completed(down(venue).batch(takeovers=[liquidation(venue)], refreshed=[3]), venue.state)
    assert len(batch.pre.triggers) > 2
    poorer = completed(replace(venue.batch(), shape_class=tight), venue.state)
    assert len(poorer.pre.triggers) <= 2
    opened = len(venue.apply(poorer).account_nodes) + len(venue.apply(poorer).slot_nodes)
    shallow = replace(CLASS_S, nodes=opened + 40)
    few = completed(replace(venue.batch(), shape_class=shallow), venue.state)
    assert len(poorer.pre.triggers) < len(few.pre.triggers) < len(batch.pre.triggers)
    assert len(venue.apply(few).trigger_nodes) <= 40
    assert not venue.apply(poorer).public.closed
