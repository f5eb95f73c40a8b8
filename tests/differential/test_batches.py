"""Batches twice: what the rules accept has a satisfying witness, with the same public values.

Small tables, no proof. The batches are drawn by seed: prices that jump, accounts past their
triggers, deposits of every kind, orders over several batches, empty batches.
"""

import pytest

from circuits.stark.lookup import PublicMessage
from circuits.statement.inputs import (
    PUBLICS,
    Hour,
    deposit_message,
    market_message,
    payout_message,
)
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.encoding import limbs
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.market_book import hour_is_due
from rollup.protocol.outcome import Outcome
from rollup.protocol.takeover import Takeover
from tests.helpers.keeper import holding_of, plan
from tests.helpers.market_books import terms_at
from tests.helpers.statement import claims_broken_by, small_witness
from tests.helpers.trading import Trading
from tests.helpers.venue import (
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    real,
    sell,
)

SEEDS = 6
BATCHES = 6

ELSEWHERE = {
    DepositOutcome.ASSET_OVERFLOW,
    DepositOutcome.ASSET_UNKNOWN,
    DepositOutcome.EXIT_BARRED,
}
"""Of assets: in test_assets.py. Of exits: in tests/soundness/test_lies_exit.py."""


@pytest.fixture(scope="module")
def suite() -> Suite:
    return real()


@pytest.fixture(scope="module")
def seen() -> dict[str, set[object]]:
    """What happened over all seeds, so that the last test can ask whether enough did."""
    return {"outcomes": set(), "fills": set()}


def note(seen: dict[str, set[object]], outcome: Outcome) -> None:
    seen["outcomes"] |= {step.outcome for step in outcome.steps.deposits}
    seen["fills"].add(len(outcome.steps.fills))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_the_rules_accept_has_a_satisfying_witness(
    seed: int, suite: Suite, seen: dict[str, set[object]]
) -> None:
    trading = Trading(seed, suite)
    for _ in range(BATCHES):
        outcome = trading.step()
        note(seen, outcome)
        witness = small_witness(outcome)
        assert witness.failures() == []
        assert_publics_agree(outcome, witness.publics, witness.messages)


def assert_publics_agree(
    outcome: Outcome, publics: tuple[int, ...], messages: tuple[PublicMessage, ...]
) -> None:
    """The public vector says what the rules computed."""
    public = outcome.public

    def value(name: str) -> tuple[int, ...]:
        return publics[PUBLICS.find(name)]

    assert value("old_root") == public.old_root
    assert value("new_root") == public.new_root
    assert value("number") == (outcome.globals_before.number + 1,)
    assert value("time") == limbs(outcome.globals_after.time, 52)
    assert value("total_old") == limbs(outcome.globals_before.total, 64)
    assert value("total_new") == limbs(outcome.globals_after.total, 64)
    assert value("begins_open") == (public.book_before.is_open,)
    assert value("closed") == (public.closed,)
    assert value("progress") == (public.progress,)
    assert value("deposits_count") == (len(outcome.steps.deposits),)
    deposits = [deposit_message(d, public.governance) for d in public.deposits]
    entries = public.book_after.markets
    due = hour_is_due(public.book_before, public.time)
    rates = public.premium_rates if due else (0,) * len(entries)
    listed = len(public.book_before.markets)
    rated = [due and entry.is_steady and m < listed for m, entry in enumerate(entries)]
    markets = [
        market_message(m, terms, entries[m], Hour(due, rated[m], rates[m]), taken=0)
        for m, terms in enumerate(outcome.steps.terms)
    ]
    paid = [payout_message(withdrawal) for withdrawal in public.withdrawals]
    assert [m.payload for m in messages] == [*deposits, *markets, *paid]


def test_the_seeds_reach_every_outcome(seen: dict[str, set[object]]) -> None:
    if not seen["fills"]:
        pytest.skip("runs after the seeds")
    assert seen["outcomes"] == set(DepositOutcome) - ELSEWHERE
    assert 0 in seen["fills"]


SIZE = 38_000
"""Account 1 holds this many lots of ETH on a thousand dollars."""

FALLEN = 234_000
"""Ticks at which it is below maintenance, and not below zero."""


def test_an_account_below_maintenance_is_flagged_reduced_and_healed(suite: Suite) -> None:
    """An open step from its first batch to its last: every one has a satisfying witness."""
    venue = Venue(suite=suite).with_traders(1000 * USDC, 10**6 * USDC)
    first = venue.state.globals.deposits_consumed
    venue.run(venue.batch([credit(first, BACKSTOP_ACCOUNT, 10**6 * USDC)]))
    terms = {"market": ETH, "price": ETH_PRICE}
    match = Match(buy(1, SIZE, **terms), sell(2, SIZE, **terms), SIZE, ETH_PRICE)
    opened = venue.run(venue.batch(matches=[match]))
    assert claims_broken_by(opened) == set() and opened.public.closed
    venue.prices = (BTC_PRICE, FALLEN)
    terms_now = terms_at(venue.prices)
    fee = terms_now[ETH].liquidation_fee
    (fewest,) = plan(1, holding_of(venue.state.accounts[1]), terms_now, 1)
    rest = fewest.size - 100
    steps = (
        ({}, False, 0),
        ({"refreshed": [1]}, False, 1),
        ({"takeovers": [Takeover(1, ETH, 100, 100 * fee)]}, False, 1),
        ({"takeovers": [Takeover(1, ETH, rest, rest * fee)]}, True, 0),
        ({}, True, 0),
    )
    for parts, closes, flagged in steps:
        outcome = venue.run(venue.batch(**parts))  # type: ignore[arg-type]
        assert (outcome.public.closed, outcome.globals_after.flagged) == (closes, flagged)
        assert claims_broken_by(outcome) == set()
