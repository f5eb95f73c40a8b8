"""Whole steps twice: every batch by which an honest sequencer brings a step to its end has a
satisfying witness, with open steps, refreshes, takeovers, flagged accounts and lazy sweeps; and
some are proved and verified.
"""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.verifier import verify
from circuits.statement.inputs import PUBLICS
from circuits.statement.replay import replay
from circuits.statement.witness import build_from
from rollup.protocol.outcome import Outcome
from tests.helpers.keeper import Keeper
from tests.helpers.statement import small_witness
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    USDC,
    Match,
    Venue,
    buy,
    real,
    sell,
)
from tests.helpers.whole import whole

SEEDS = 4
STEPS = 5
STEP = min(feed.step for feed in GOVERNANCE.oracle.feeds)


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """What happened over all seeds."""
    return Counter()


def crash(seed: int) -> Keeper:
    """Five traders, most of them poor, each at nine times or so against a rich one."""
    rng = Random(seed)
    amounts = [10**5 * USDC, *[rng.choice([20, 50, 100]) * USDC for _ in range(5)]]
    keeper = Keeper(Venue(suite=real()).with_traders(*amounts), room=2)
    bold = []
    for poor, amount in enumerate(amounts[1:], start=2):
        market, price = rng.choice([(BTC, BTC_PRICE), (ETH, ETH_PRICE)])
        terms = {"market": market, "slot": poor}
        size = amount * 9 // price
        pair = (buy(poor, size, price, **terms), sell(1, size, price, **terms))
        if rng.random() < 0.4:
            pair = (buy(1, size, price, **terms), sell(poor, size, price, **terms))
        bold.append(Match(*pair, size, price))
    keeper.venue.run(keeper.venue.batch(matches=bold))
    return keeper


def sunk(seed: int) -> Keeper:
    """The same after a step down, at the prices of the next, which somebody does not stand."""
    keeper = crash(seed)
    lower = tuple(price * (10_000 - STEP) // 10_000 for price in keeper.venue.prices)
    list(keeper.step(lower))
    keeper.venue.prices = tuple(price * (10_000 - STEP) // 10_000 for price in lower)
    return keeper


def note(seen: Counter[str], outcome: Outcome) -> None:
    public = outcome.public
    seen["closed" if public.closed else "left open"] += 1
    seen["begun open"] += public.begins_open
    seen["taken over"] += len(outcome.steps.takeovers)
    seen["flagged"] += outcome.globals_after.flagged
    seen["swept"] += any(any(leaf.swept) for leaf in outcome.triggers)


def require_satisfied(outcome: Outcome) -> None:
    witness = small_witness(outcome)
    assert witness.failures() == []
    told = {name: witness.publics[PUBLICS.find(name)] for name in ("begins_open", "closed")}
    public = outcome.public
    assert told == {"begins_open": (int(public.begins_open),), "closed": (int(public.closed),)}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_batch_of_every_step_has_a_satisfying_witness(seed: int, seen: Counter[str]) -> None:
    rng, keeper = Random(seed), crash(seed)
    for _ in range(STEPS):
        prices = tuple(
            price * (10_000 + rng.choice([-STEP, -STEP, rng.randint(-STEP, STEP)])) // 10_000
            for price in keeper.venue.prices
        )
        for outcome in keeper.step(prices):
            note(seen, outcome)
            require_satisfied(outcome)
        outcome = keeper.trade(rng, 3)
        note(seen, outcome)
        require_satisfied(outcome)


def test_an_account_that_waits_for_the_next_batch_is_flagged(seen: Counter[str]) -> None:
    keeper = sunk(1)
    venue = keeper.venue
    due = keeper.scan.due()
    outcome = venue.run(venue.batch(refreshed=due))
    note(seen, outcome)
    assert outcome.globals_after.flagged
    require_satisfied(outcome)


def test_the_seeds_reach_everything(seen: Counter[str]) -> None:
    if seen["closed"] < SEEDS:
        pytest.skip("runs after the seeds")
    wanted = ("closed", "left open", "begun open", "taken over", "flagged", "swept")
    assert all(seen[name] for name in wanted), seen


@pytest.mark.parametrize("closes", [True, False])
def test_a_step_is_proved_closed_or_open_and_not_otherwise(closes: bool) -> None:
    """A batch that sweeps, in the real prover and verifier at the lowest heights."""
    keeper = sunk(2)
    venue = keeper.venue
    outcome = venue.run(venue.batch()) if not closes else list(keeper.step(venue.prices))[-1]
    assert outcome.public.closed is closes
    lowest = whole()
    records, blinded = replay(outcome), INSECURE_TEST.blinded_rows
    witness = build_from(records, outcome.public, lowest.circuit, blinded)
    assert witness.failures() == []
    traces = [witness.traces[placed.name] for placed in lowest.circuit.tables]
    proof = lowest.prover.prove(traces, *witness.known).proof
    verify(lowest.circuit, lowest.key, *witness.known, INSECURE_TEST, proof)
    lie = build_from(records, replace(outcome.public, closed=not closes), lowest.circuit, blinded)
    assert {failure.claim for failure in lie.failures()} & {"batch.closed", "batch.open"}
