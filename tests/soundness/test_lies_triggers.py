"""Lies about triggers: somebody whom the price has passed is left out, and the step closes.

The rules refuse each lie in tests/unit/rollup/protocol/test_triggers.py; here they look away. Who
is in the book: tests/helpers/skipped.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.market.air import TABLE as MARKET
from rollup.protocol import closing, counting, transition
from rollup.protocol.account import Account
from rollup.protocol.batch import Batch
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.openings import completed
from rollup.protocol.rejection import Reason
from rollup.protocol.triggers import LONG, SHORT, Seat
from tests.helpers.lies import Liar, claim_closings, forge
from tests.helpers.oracle import oracle_terms
from tests.helpers.skipped import (
    DOWN,
    DUE,
    FEES,
    NEEDY,
    RICH,
    at_the_price,
    fallen_book,
    forged,
    liquidation,
    numbers,
    said,
    uncounted,
    whole,
)
from tests.helpers.statement import (
    claims_broken_by,
    claims_broken_in,
    denied,
    small_witness,
)
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    Match,
    buy,
    sell,
    with_pre,
)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return fallen_book(monkeypatch)


@pytest.fixture
def opened(book: Liar) -> Liar:
    """The step down is open: trader 3 was refreshed, trader 1 is still to be liquidated."""
    book.venue.run(book.venue.batch(refreshed=[DUE]))
    assert book.venue.state.book.open_since
    return book


def test_an_honest_step_breaks_nothing(book: Liar) -> None:
    outcome = book.outcome(whole(book))
    assert outcome.public.closed
    assert claims_broken_by(outcome) == set()
    assert any(any(leaf.swept) for leaf in outcome.triggers)


def test_an_open_step_breaks_nothing(book: Liar) -> None:
    """Somebody is in the way, or is flagged; then the step is taken up again and closed."""
    for batch in (book.venue.batch(), book.venue.batch(refreshed=[NEEDY, DUE])):
        outcome = book.outcome(batch)
        assert not outcome.public.closed
        assert claims_broken_by(outcome) == set()
    book.venue.run(book.venue.batch(refreshed=[NEEDY, DUE]))
    outcome = book.outcome(book.venue.batch(takeovers=[liquidation(book)]))
    assert outcome.public.closed and outcome.public.begins_open
    assert claims_broken_by(outcome) == set()


# Skipping.


@pytest.mark.parametrize("refreshed", [(), (DUE,)], ids=["both", "the operator's own"])
def test_an_account_past_its_trigger_left_out(
    book: Liar, refreshed: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lie that all this is for. Its counter is opened, swept, and not zero."""
    batch = at_the_price(book, book.venue.batch(refreshed=refreshed))
    assert book.refusal(batch) is Reason.SKIPPED
    uncounted(monkeypatch)
    lie = book.as_it_is(batch)
    assert lie.public.closed
    assert claims_broken_by(lie) == {"trigger.swept-is-empty"}


def test_an_open_step_closed_by_an_empty_sweep(
    opened: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices stand and nobody is touched: who is still past its trigger is swept over in the next
    batch instead."""
    batch = at_the_price(opened, opened.venue.batch())
    assert opened.refusal(batch) is Reason.SKIPPED
    uncounted(monkeypatch)
    lie = opened.as_it_is(batch)
    assert lie.public.begins_open and lie.public.closed
    assert claims_broken_by(lie) == {"trigger.swept-is-empty"}


def test_an_open_step_whose_frontiers_are_said_to_have_been_at_the_price(
    opened: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is left to sweep: but the old state says where they were."""
    batch = at_the_price(opened, opened.venue.batch())
    uncounted(monkeypatch)
    lie = opened.as_it_is(batch)
    records = replay(lie)
    _, after = records.market.frontier
    unswept = replace(records.trigger, swept=np.zeros_like(records.trigger.swept))
    market = replace(records.market, frontier=(after, after))
    claims = claims_broken_in(replace(records, market=market, trigger=unswept), lie.public)
    assert claims == {"batch.root-before", "batch.frontiers", "market.frontiers"}


def test_an_account_past_its_trigger_on_the_short_side(
    book: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trader 2 owes lots of a market that went up; it is rich, so that its own trigger is far: one
    is put on the way."""
    seat = Seat(ETH, SHORT, numbers(book)[ETH][SHORT] + 3)
    batch = at_the_price(book, whole(book))
    uncounted(monkeypatch)
    moves = counting.moves

    def one_more(before: Account | None, after: Account | None) -> Iterator[tuple[Seat, int]]:
        yield from moves(before, after)
        if before is not None and before.header.owner == owner:
            yield seat, 1

    owner = book.venue.state.accounts[DUE].header.owner
    monkeypatch.setattr(counting, "moves", one_more)
    claims = claims_broken_by(book.as_it_is(batch))
    assert claims == {"trigger.swept-is-empty", "trigger.counted"}


@pytest.mark.parametrize("sweeping", [True, False], ids=["said to fall", "said to rise"])
def test_a_frontier_lowered_without_a_sweep(book: Liar, sweeping: bool) -> None:
    """The counters on the way are not looked at."""
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    unseen = replace(records.trigger, swept=np.zeros_like(records.trigger.swept))
    witness = forged(outcome, replace(records, trigger=unseen))
    if sweeping:
        assert denied(witness.failures()) == {"market.sweep"}
        return
    for side in (0, 1):
        column = MARKET.columns.names().index(f"sides.{side}.falls")
        witness.traces["market"][:, column] = 0
    assert {"market.frontier-room"} <= denied(witness.failures())


RISES = {"batch.root-after", "market.frontier"}
FALLS_FURTHER = {
    "batch.frontiers",
    "batch.root-after",
    "market.frontier",
    "market.frontier-room",
    "market.frontiers",
    "market.sweep",
    "trigger.swept",
}
FALLS_SHORT = {
    "batch.closed",
    "batch.frontiers",
    "batch.open",
    "batch.root-after",
    "market.frontiers",
    "market.sweep",
    "trigger.swept",
}


@pytest.mark.parametrize("market", [BTC, ETH])
@pytest.mark.parametrize("side", [LONG, SHORT])
@pytest.mark.parametrize("shift", [-1, 1])
def test_a_frontier_elsewhere_on_one_side(book: Liar, market: int, side: int, shift: int) -> None:
    """It is raised past the price, or less far; it falls past the price, or less far than swept."""
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    before, after = records.market.frontier
    moved = after.copy()
    moved[market, side] += shift
    lie = replace(records, market=replace(records.market, frontier=(before, moved)))
    falls = before[market, side] > after[market, side]
    assert falls == ((market, side) in ((BTC, LONG), (ETH, SHORT)))
    wanted = (FALLS_FURTHER if shift < 0 else FALLS_SHORT) if falls else RISES
    assert claims_broken_in(lie, outcome.public) == wanted


def test_an_old_frontier_said_to_be_lower(book: Liar) -> None:
    """What lies between was never shown to be empty: the old leaf has another frontier."""
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    before, after = records.market.frontier
    lie = replace(records, market=replace(records.market, frontier=(after, after)))
    unseen = replace(records.trigger, swept=np.zeros_like(records.trigger.swept))
    claims = claims_broken_in(replace(lie, trigger=unseen), outcome.public)
    assert (before != after).any()
    assert {"batch.root-before"} <= claims


def test_a_market_passed_off_as_new(book: Liar) -> None:
    """So that its frontiers start at the price: but the old leaf has them."""
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    for listed in ([0, 0], [1, 0]):
        new = replace(records.market, listed=np.array(listed))
        unseen = replace(records.trigger, swept=np.zeros_like(records.trigger.swept))
        claims = claims_broken_in(replace(records, market=new, trigger=unseen), outcome.public)
        assert "batch.root-before" in claims
    gap = replace(records.market, listed=np.array([0, 1]))
    assert "market.listed-before" in claims_broken_in(replace(records, market=gap), outcome.public)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_step_closed_with_one_side_unswept(book: Liar, side: int) -> None:
    """Honest but lazy: one frontier stays where it was. To say that the step is closed is a lie."""
    market = BTC if side == LONG else ETH
    every = [(each, of) for each in (BTC, ETH) for of in (LONG, SHORT)]
    others = tuple(each for each in every if each != (market, side))
    batch = book.venue.batch(refreshed=[DUE], takeovers=[liquidation(book)])
    touched = with_leaves_of(book, batch)
    outcome = book.as_it_is(at_the_price(book, touched, *others))
    assert not outcome.public.closed
    assert claims_broken_by(outcome) == set()
    assert claims_broken_by(said(outcome, closed=True)) == {"batch.closed", "batch.open"}


def with_leaves_of(book: Liar, batch: Batch) -> Batch:
    """The batch with the leaves alone that its moves touch."""
    outcome = book.as_it_is(batch)
    moved = {leaf.index for leaf in outcome.triggers if any((*leaf.plus, *leaf.minus))}
    kept = tuple(each for each in batch.pre.triggers if each.index in moved)
    return with_pre(batch, triggers=kept)


def test_a_lagging_side_said_not_to_lag(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch())
    witness = small_witness(said(outcome, closed=True))
    column = MARKET.columns.names().index("sides.0.lags")
    assert witness.traces["market"][0, column] == 1
    witness.traces["market"][0, column] = 0
    assert {"market.frontier", "market.frontiers"} <= denied(witness.failures())


def test_a_step_denied_to_be_closed(book: Liar) -> None:
    """So that prices stand for one more batch, with the market elsewhere."""
    outcome = book.outcome(whole(book))
    found = claims_broken_by(said(outcome, closed=False))
    assert found == {"batch.open", "batch.progress-closed"}


# Flags.


def test_a_flagged_account_that_nobody_counts(book: Liar) -> None:
    batch = book.venue.batch(refreshed=[NEEDY, DUE])
    assert not book.outcome(batch).public.closed
    honest = closing._globals_after

    def globals_after(*given: Any) -> Any:
        return replace(honest(*given), flagged=0)

    book.bend("_globals_after", globals_after, closing)
    lie = book.outcome(batch)
    assert lie.public.closed
    assert claims_broken_by(lie) == {"batch.flagged", "account.flagged"}


def test_a_flagged_account_in_a_closed_step(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch(refreshed=[NEEDY, DUE]))
    assert outcome.globals_after.flagged == 1
    assert claims_broken_by(said(outcome, closed=True)) == {"batch.closed", "batch.open"}


def test_a_healthy_account_flagged(book: Liar) -> None:
    """It is kept out of the market, and its triggers at the price: nobody is obliged to end it."""
    batch = book.venue.batch(refreshed=[DUE])
    claim_closings(book.monkeypatch, (DUE,), below=True, grew=False, safety=lambda _: 0)
    lie = book.outcome(batch)
    assert not lie.public.closed
    assert claims_broken_by(lie) == {"account.below", "account.below-at-the-mark"}


def test_a_flagged_account_with_triggers_under_the_price(book: Liar) -> None:
    """It would be passed over by the sweeps of the steps to come, as if it were safe."""
    batch = book.venue.batch(refreshed=[NEEDY, DUE])
    claim_closings(book.monkeypatch, (NEEDY,), below=True, grew=False, safety=lambda _: 3)
    assert claims_broken_by(book.outcome(batch)) == {"account.below-unsafe"}


def test_a_flag_forgotten_in_the_next_batch(book: Liar) -> None:
    """The account is still below maintenance: without its flag it must be safe."""
    book.venue.run(book.venue.batch(refreshed=[NEEDY, DUE]))
    batch = book.venue.batch(refreshed=[NEEDY])
    honest = transition.close_account

    def close_account(*given: Any) -> Any:
        found = honest(*given)
        return replace(found, below=False) if given[2] == NEEDY else found

    book.bend("close_account", close_account)
    lie = book.outcome(batch)
    assert lie.public.closed
    assert "account.safety" in claims_broken_by(lie)


def test_a_flag_that_the_old_leaf_does_not_have(book: Liar) -> None:
    """To count one less than there are."""
    outcome = book.outcome(book.venue.batch(refreshed=[NEEDY, DUE]))
    records = replay(outcome)
    before, after = records.account.below
    lie = replace(records, account=replace(records.account, below=(after, after)))
    claims = claims_broken_in(lie, outcome.public)
    assert (before != after).any()
    assert {"batch.flagged", "account.opened-once"} <= claims


# Open steps.


def test_risk_that_grows_while_a_step_is_open(opened: Liar) -> None:
    price = DOWN[0]
    more = Match(buy(DUE, 1, price, generation=2), sell(RICH, 1, price, generation=2), 1, price)
    batch = opened.venue.batch(matches=[more])
    assert opened.refusal(batch) is Reason.STEP_RISK
    honest = transition.close_account

    def close_account(batch: Batch, *given: Any) -> Any:
        book = replace(batch.pre.book, open_since=0)
        return honest(with_pre(batch, book=book), *given)

    opened.bend("close_account", close_account)
    assert opened.claims(batch) == {"position.open-step"}


def test_somebody_else_who_calls_himself_the_backstop(opened: Liar) -> None:
    outcome = opened.outcome(opened.venue.batch(takeovers=[liquidation(opened)]))
    assert claims_broken_by(outcome) == set()
    for account, value in ((FEES, 1), (BACKSTOP_ACCOUNT, 0)):
        witness = small_witness(outcome)
        trace, names = witness.traces["account"], ACCOUNT.columns.names()
        (row,) = np.flatnonzero((trace[:, names.index("account")] == account) & (trace[:, 0] == 1))
        trace[row, names.index("backstop")] = value
        assert "account.backstop" in denied(witness.failures())


def test_a_new_market_starts_at_its_price(book: Liar) -> None:
    """Honest: governance lists a third market in a batch that sweeps the others."""
    wider = replace(
        GOVERNANCE,
        markets=(*GOVERNANCE.markets, replace(BTC_MARKET, symbol="SOL")),
        oracle=oracle_terms(("BTC", "ETH", "SOL"), (BTC_PRICE, ETH_PRICE, BTC_PRICE)),
    )
    book.venue.genesis = forge(book.venue.genesis, governance=wider)
    book.venue.prices = (*DOWN, BTC_PRICE)
    outcome = book.outcome(whole(book))
    assert outcome.public.closed and len(outcome.markets_after.frontiers) == 3
    assert claims_broken_by(outcome) == set()


def test_completed_is_what_the_liar_uses(book: Liar) -> None:
    """A batch is told with the leaves of its own moves: nothing else is touched by a lie."""
    batch = whole(book)
    assert completed(batch, book.venue.state) == batch
