"""Who pays for a refresh, how much, and to whom."""

from dataclasses import replace

import pytest

from rollup.protocol.margin import excess
from rollup.protocol.outcome import Outcome
from rollup.protocol.refreshing import refresh_fee
from rollup.protocol.takeover import Takeover
from tests.helpers.keeper import holding_of, plan
from tests.helpers.market_books import terms_at
from tests.helpers.skipped import DOWN, DUE, FEES, NEEDY, RICH
from tests.helpers.venue import (
    BTC,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    TOY,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    genesis,
    sell,
)

BACKSTOP = GOVERNANCE.backstop_account
FEE = 5_000
LOTS = 1500


def book(fee: int = FEE, suite: Suite = TOY) -> Venue:
    """The book of tests.helpers.skipped, at a fee: traders 1 and 3 are long of BTC, 3 of ETH too,
    and 2 owes it all. Then prices move: 1 is below maintenance, 3 is due and healthy."""
    venue = Venue(suite=suite, genesis=genesis(replace(GOVERNANCE, refresh_fee=fee)))
    venue = venue.with_traders(100 * USDC, 10**6 * USDC, 200 * USDC)
    venue.run(venue.batch([credit(3, BACKSTOP, 10**6 * USDC)]))
    bitcoin = [Match(buy(a, LOTS), sell(RICH, 2 * LOTS), LOTS) for a in (NEEDY, DUE)]
    ether = {"market": ETH, "slot": 1}
    bid, ask = buy(DUE, 3600, ETH_PRICE, **ether), sell(RICH, 3600, ETH_PRICE, **ether)
    venue.run(venue.batch(matches=[*bitcoin, Match(bid, ask, 3600, ETH_PRICE)]))
    venue.prices = DOWN
    return venue


def left(venue: Venue, account: int) -> int:
    """Its excess at the prices to come."""
    return excess(
        holding_of(venue.state.accounts[account]),
        terms_at(venue.prices, venue.genesis.governance),
    )


def cash_after(outcome: Outcome, account: int) -> int:
    (leaf,) = (each.after for each in outcome.accounts if each.index == account)
    assert leaf is not None
    return leaf.cash


def needed(venue: Venue) -> Takeover:
    terms = terms_at(venue.prices, venue.genesis.governance)
    (takeover,) = plan(NEEDY, holding_of(venue.state.accounts[NEEDY]), terms, 1)
    return takeover


def test_who_is_due_pays_the_backstop() -> None:
    venue = book()
    cash = {i: leaf.cash for i, leaf in venue.state.accounts.items()}
    outcome = venue.run(venue.batch(refreshed=[DUE]))
    assert outcome.steps.refreshed == {DUE: FEE}
    assert cash_after(outcome, DUE) == cash[DUE] - FEE
    assert cash_after(outcome, BACKSTOP) == cash[BACKSTOP] + FEE
    assert outcome.steps.rests is not None and outcome.steps.rests.amount == FEE
    assert sum(leaf.cash for leaf in venue.state.accounts.values()) == sum(cash.values())


def test_who_was_refreshed_is_due_no_more() -> None:
    venue = book()
    venue.run(venue.batch(refreshed=[DUE]))
    again = venue.run(venue.batch(refreshed=[DUE]))
    assert again.steps.refreshed == {} and again.steps.rests is None


def test_who_is_not_due_pays_nothing() -> None:
    """Opened for his triggers, or paid in to."""
    venue = book()
    first = venue.state.globals.deposits_consumed
    outcome = venue.run(venue.batch([credit(first, RICH, 5)], refreshed=[RICH, FEES]))
    assert outcome.steps.refreshed == {}


def test_who_is_liquidated_pays_the_fee_of_that_alone() -> None:
    venue = book()
    outcome = venue.run(venue.batch(refreshed=[DUE], takeovers=[needed(venue)]))
    assert outcome.steps.refreshed == {DUE: FEE}
    assert outcome.public.closed


def test_who_stays_below_pays_nothing() -> None:
    venue = book()
    outcome = venue.run(venue.batch(refreshed=[NEEDY]))
    assert outcome.steps.refreshed == {}
    assert next(a.after for a in outcome.accounts if a.index == NEEDY).below  # type: ignore[union-attr]


@pytest.mark.parametrize("missing", [1, 0, -1, -FEE])
def test_nobody_pays_more_than_leaves_him_healthy(missing: int) -> None:
    """To the quantum: an account with so much less than the fee to spare pays what it has."""
    spare = FEE - missing
    venue = book()
    entry = credit(venue.state.globals.deposits_consumed, NEEDY, spare - left(venue, NEEDY))
    outcome = venue.run(venue.batch([entry], refreshed=[NEEDY]))
    paid = min(FEE, spare)
    assert outcome.steps.refreshed == {NEEDY: paid}
    found = next(a for a in outcome.accounts if a.index == NEEDY)
    assert found.after is not None and not found.after.below
    assert found.closing.after.excess == spare - paid


def test_who_has_nothing_to_spare_pays_nothing() -> None:
    venue = book()
    entry = credit(venue.state.globals.deposits_consumed, NEEDY, -left(venue, NEEDY))
    outcome = venue.run(venue.batch([entry], refreshed=[NEEDY]))
    assert outcome.steps.refreshed == {} and outcome.steps.rests is None
    found = next(a for a in outcome.accounts if a.index == NEEDY)
    assert found.closing.after.excess == found.closing.safety == 0 and not found.closing.below


def test_without_a_fee_nobody_pays() -> None:
    venue = book(0)
    outcome = venue.run(venue.batch(refreshed=[DUE]))
    assert outcome.steps.refreshed == {} and outcome.steps.rests is None


def test_who_trades_is_asked_for_initial_margin_of_what_is_left() -> None:
    """The fee is no risk of its own, so that who only shrinks is not asked for it."""
    venue = book()
    size = 100
    match = Match(
        buy(RICH, size, DOWN[BTC], slot=8), sell(DUE, size, DOWN[BTC], slot=8), size, DOWN[BTC]
    )
    outcome = venue.run(venue.batch(matches=[match]))
    assert outcome.steps.refreshed == {DUE: FEE}
    closing = next(a.closing for a in outcome.accounts if a.index == DUE)
    assert not closing.grew


@pytest.mark.parametrize(("excess_", "paid"), [(-1, 0), (0, 0), (1, 1), (6, 6), (7, 7), (8, 7)])
def test_the_fee_is_the_least_of_two(excess_: int, paid: int) -> None:
    assert refresh_fee(replace(GOVERNANCE, refresh_fee=7), excess_) == paid


def test_the_backstop_pays_itself_nothing() -> None:
    """It is due itself, and touched: what others pay is all that it is credited."""
    venue = book()
    venue.run(venue.batch(refreshed=[DUE], takeovers=[needed(venue)]))
    venue.prices = (DOWN[BTC] * 99 // 100, DOWN[ETH])
    before = venue.state.accounts[BACKSTOP]
    assert before.positions[BTC] > 0
    outcome = venue.run(venue.batch(refreshed=[DUE, BACKSTOP]))
    assert set(outcome.steps.refreshed) <= {DUE}
    assert cash_after(outcome, BACKSTOP) == before.cash + sum(outcome.steps.refreshed.values())
