"""Takeovers twice: the circuit says yes exactly where the rules do.

Takeovers are drawn at random, many of them within a lot or a quantum of a boundary. Each batch is
judged by the rules; then the rules of liquidation look away, so that the batch comes to the tables
whatever they said, and the tables judge it.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from rollup.protocol import liquidation, transition
from rollup.protocol.batch import Batch
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.openings import completed
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.takeover import Takeover
from tests.helpers.fallen import LONG, SHORT, WELL, Fallen, fallen
from tests.helpers.lies import claim_closings
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import BTC, ETH, Match, buy, credit, real, sell

SEEDS = 6
BATCHES = 12

CHECKS = (
    "require_liquidatable",
    "require_unsigned",
    "require_reduces",
    "require_no_higher_fee",
)


@pytest.fixture(scope="module")
def seen() -> Counter[Reason | None]:
    """What the rules said over all seeds; None: yes."""
    return Counter()


def drawn(place: Fallen, rng: Random) -> Takeover:
    """Of one of three accounts, one of them healthy; sizes and fees about where they may be."""
    account = rng.choice([*[LONG, SHORT] * 5, WELL])
    market = BTC if account == LONG else ETH
    if rng.random() < 0.1:
        market = BTC + ETH - market
    lots = abs(place.venue.state.accounts[account].positions[market])
    fewest = place.needed(account) if account != WELL else 1
    sizes = [1, lots // 3, lots // 4, lots - 1, lots, lots + 1, *[fewest] * 4, fewest + 1]
    size = max(1, rng.choice(sizes))
    whole = size * place.terms[market].liquidation_fee
    left = max(0, place.equity(account))
    near = rng.choice([-1, 0, 0, 0, 1])
    fee = rng.choice([min(whole, left), min(whole, left), whole, whole + near, left + near])
    return Takeover(account, market, size, max(0, fee))


def moved(place: Fallen, rng: Random) -> None:
    """Prices about where the accounts are liquidatable; some brought to within a quantum of it."""
    bitcoin = rng.choice([590_000, 600_000, 600_000, 605_000])
    ether = rng.choice([248_000, 250_000, 250_000, 252_000])
    place.venue.prices = (bitcoin, ether)
    for account in (LONG, SHORT):
        leaf = place.venue.state.accounts[account]
        missing = -value(Holding(leaf.cash, leaf.positions), place.terms).excess
        if missing > 0 and rng.random() < 0.2:
            place.deposit(account, missing - rng.choice([0, 1]))


def batches(seed: int) -> Iterator[tuple[Fallen, Batch]]:
    rng = Random(seed)
    for _ in range(BATCHES):
        place = fallen(real())
        moved(place, rng)
        takeovers = [drawn(place, rng) for _ in range(rng.choice([1, 1, 2, 3]))]
        matches, deposits = [], []
        if rng.random() < 0.15:
            price = place.venue.prices[ETH]
            ether = {"price": price, "market": ETH, "slot": 5}
            matches = [Match(buy(SHORT, 3, **ether), sell(WELL, 3, **ether), 3, price)]
        if rng.random() < 0.2:
            first = place.venue.state.globals.deposits_consumed
            deposits = [credit(first, LONG, rng.choice([1, 10**8]))]
        yield place, place.venue.batch(deposits, matches, takeovers=takeovers)


def verdict(place: Fallen, batch: Batch) -> Reason | None:
    try:
        place.venue.apply(batch)
    except Rejected as refusal:
        return refusal.reason
    return None


def looked_away(place: Fallen, batch: Batch) -> Outcome | None:
    """The outcome of a batch whose takeovers nobody judges: every account that paid less than the
    whole fee is called exhausted. None where another rule has no outcome of it."""
    with pytest.MonkeyPatch.context() as patches:
        for name in CHECKS:
            patches.setattr(liquidation, name, lambda *_: None)
        for name in ("require_equity", "require_needed"):
            patches.setattr(transition, name, lambda *_: None)
        claim_closings(patches, {each.account for each in batch.takeovers}, grew=False)
        patches.setattr(
            transition,
            "require_fees_paid",
            lambda ledger, steps, terms: frozenset(
                step.takeover.account
                for step in steps
                if step.takeover.fee
                != step.takeover.size * terms[step.takeover.market].liquidation_fee
            ),
        )
        try:
            return place.venue.apply(completed(batch, place.venue.state))
        except Rejected:
            return None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_circuit_accepts_takeovers_exactly_where_the_rules_do(
    seed: int, seen: Counter[Reason | None]
) -> None:
    for place, batch in batches(seed):
        said, outcome = verdict(place, batch), looked_away(place, batch)
        if outcome is None:
            continue
        seen[said] += 1
        broken = claims_broken_by(outcome)
        assert (said is None) == (broken == set()), f"rules: {said}; circuit: {sorted(broken)}"


def test_the_seeds_reach_every_verdict(seen: Counter[Reason | None]) -> None:
    if not seen:
        pytest.skip("runs after the seeds")
    assert seen[None] >= SEEDS
    reasons = {
        Reason.NOT_LIQUIDATABLE,
        Reason.LIQUIDATED_SIGNED,
        Reason.TAKEOVER_SIZE,
        Reason.TAKEOVER_FEE,
        Reason.LIQUIDATED_EQUITY,
        Reason.TAKEOVER_UNNEEDED,
    }
    assert reasons <= seen.keys()
