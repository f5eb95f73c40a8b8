"""Batches twice: what the rules accept has a satisfying witness, with the same public values.

Small tables, no proof. The batches are drawn by seed: prices that jump, accounts under water,
deposits of every kind, orders over several batches, empty batches.
"""

import pytest

from circuits.stark.lookup import PublicMessage
from circuits.statement.inputs import PUBLICS, deposit_message, market_message
from rollup.hash.poseidon import chain
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.encoding import TypeCode, limbs
from rollup.protocol.order import Side
from rollup.protocol.outcome import Outcome
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
    real,
    sell,
)

SEEDS = 6
BATCHES = 6


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
    prices = outcome.markets_after.prices
    count_and_prices = (len(prices), *prices, *[0] * (-(len(prices) + 1) % 8))
    assert value("prices") == chain(TypeCode.PRICES, [count_and_prices])
    assert value("deposits_count") == (len(outcome.steps.deposits),)
    deposits = [deposit_message(d) for d in public.deposits]
    markets = [market_message(m, terms) for m, terms in enumerate(outcome.steps.terms)]
    assert [m.payload for m in messages] == [*deposits, *markets]


def test_the_seeds_reach_every_outcome(seen: dict[str, set[object]]) -> None:
    if not seen["fills"]:
        pytest.skip("runs after the seeds")
    assert seen["outcomes"] == set(DepositOutcome)
    assert 0 in seen["fills"]


SIZE = 38_000
REDUCED = 10_000
"""Account 1 holds this many lots of ETH on a thousand dollars, and gives up some at a time."""

DISTRESS = [
    (240_000, 240_000, "maintenance"),
    (222_000, 222_000, "healthier"),
    (212_000, 216_000, "healthier"),
]
"""Market price, price at which account 1 sells, and the clause that lets it; the last time its
equity is negative, and only a price above the market's makes it healthier."""


def test_an_account_under_water_is_reduced_step_by_step(suite: Suite) -> None:
    venue = Venue(suite=suite).with_traders(1000 * USDC, 10**6 * USDC)

    def trade(price: int, size: int, *, opens: bool, generation: int) -> Outcome:
        """Account 1 buys to open or sells to close, as the maker, who pays no fee in ETH."""
        terms = {"market": ETH, "price": price, "generation": generation}
        first, second = (buy, sell) if opens else (sell, buy)
        orders = sorted([first(1, size, **terms), second(2, size, **terms)], key=lambda o: o.side)
        taker = Side.SELL if opens else Side.BUY
        return venue.run(venue.batch(matches=[Match(*orders, size, price, taker)]))

    opened = trade(ETH_PRICE, SIZE, opens=True, generation=1)
    assert claims_broken_by(opened) == set()
    for step, (market_price, price, clause) in enumerate(DISTRESS):
        venue.prices = (BTC_PRICE, market_price)
        outcome = trade(price, REDUCED, opens=False, generation=2 + step)
        account = outcome.accounts[1]
        assert account.margin == clause
        assert (account.value_after.equity < 0) == (step == 2)
        assert claims_broken_by(outcome) == set()
