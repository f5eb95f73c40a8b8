"""Open steps, as everybody sees them: parameters that stand, and for how long one may stay open."""

from dataclasses import replace

import pytest

from rollup.protocol.constants import STALLED_MAX, STEP_PATIENCE_MS
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.steps import require_moving, require_step_kept
from tests.helpers.venue import (
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    sell,
    with_pre,
)

DOWN = (BTC_PRICE * 93 // 100, ETH_PRICE)
DEARER = replace(GOVERNANCE, clock_ahead_ms=1)


@pytest.fixture
def venue() -> Venue:
    """Account 1 is below maintenance at prices that are to come; the backstop has money."""
    made = Venue().with_traders(100 * USDC, 10**6 * USDC)
    made.run(made.batch([credit(2, BACKSTOP_ACCOUNT, 10**6 * USDC)]))
    made.run(made.batch(matches=[Match(buy(1, 1500), sell(2, 1500), 1500)]))
    made.prices = DOWN
    return made


def book(venue: Venue) -> MarketBook:
    return venue.state.book


# How long.


def test_a_step_stalls_from_its_minute_on_and_counts_what_stands_still_in_a_row(
    venue: Venue,
) -> None:
    outcome = venue.run(venue.batch())
    assert not outcome.public.progress and book(venue).is_open
    venue.run(venue.batch(step=STEP_PATIENCE_MS))
    assert book(venue).stalled == 0
    for wanted in (1, 2, 3):
        venue.run(venue.batch(step=1))
        assert book(venue).stalled == wanted
    moving = book(venue).stepped(venue.state.globals.time + 1, closed=False, progress=True)
    assert moving.stalled == 0 and moving.open_since == book(venue).open_since
    shut = book(venue).stepped(venue.state.globals.time + 1, closed=True, progress=True)
    assert (shut.stalled, shut.open_since) == (0, 0)


def test_a_batch_that_stands_still_once_too_often_is_refused(venue: Venue) -> None:
    venue.run(venue.batch())
    venue.run(venue.batch(step=STEP_PATIENCE_MS))
    for _ in range(STALLED_MAX):
        venue.run(venue.batch(step=1))
    assert venue.refusal(venue.batch(step=1)) is Reason.STEP_STALLED
    assert venue.refusal(venue.batch(step=1, refreshed=[2])) is Reason.STEP_STALLED


def test_a_batch_that_closes_an_old_step_is_taken(venue: Venue) -> None:
    venue.run(venue.batch())
    venue.run(venue.batch(step=STEP_PATIENCE_MS))
    for _ in range(STALLED_MAX):
        venue.run(venue.batch(step=1))
    rescue = credit(venue.state.globals.deposits_consumed, 1, 1000 * USDC)
    outcome = venue.run(venue.batch([rescue], step=1))
    assert outcome.public.closed and outcome.public.progress


@pytest.mark.parametrize("count", [STALLED_MAX, STALLED_MAX + 1])
def test_everybody_who_has_the_public_input_asks_the_same(venue: Venue, count: int) -> None:
    venue.run(venue.batch())
    public = venue.apply(venue.batch(step=STEP_PATIENCE_MS + 1)).public
    stalled = replace(public, book_before=replace(public.book_before, stalled=count - 1))
    assert stalled.book_after.stalled == count
    if count <= STALLED_MAX:
        require_step_kept(stalled)
        return
    for refused in (lambda: require_step_kept(stalled), lambda: require_moving(stalled.book_after)):
        with pytest.raises(Rejected) as caught:
            refused()
        assert caught.value.reason is Reason.STEP_STALLED


# Parameters.


def told(public: PublicInput, **changes: object) -> PublicInput:
    return replace(public, **changes)  # type: ignore[arg-type]


def test_parameters_of_a_step_are_those_of_its_first_batch(venue: Venue) -> None:
    venue.run(venue.batch())
    batch = venue.batch()
    assert venue.refusal(replace(batch, governance=DEARER)) is Reason.STEP_GOVERNANCE
    public = venue.apply(batch).public
    require_step_kept(public)
    with pytest.raises(Rejected) as caught:
        require_step_kept(told(public, governance=DEARER))
    assert caught.value.reason is Reason.STEP_GOVERNANCE


def test_a_batch_that_begins_a_step_may_bring_others(venue: Venue) -> None:
    venue.genesis = replace(venue.genesis, governance=DEARER)
    outcome = venue.run(venue.batch())
    assert not outcome.public.closed
    assert book(venue).governance == DEARER.digest()
    require_step_kept(outcome.public)
    venue.run(venue.batch())
    assert book(venue).governance == DEARER.digest()


def test_a_book_that_says_other_parameters_is_another_book(venue: Venue) -> None:
    """What stands is held by the digest that L1 has, and not by what a batch says of it."""
    venue.run(venue.batch())
    batch = replace(venue.batch(), governance=DEARER)
    other = replace(batch.pre.book, governance=DEARER.digest())
    outcome = venue.apply(with_pre(batch, book=other))
    assert outcome.public.book_before.digest() != book(venue).digest()
