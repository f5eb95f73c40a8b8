"""Lies about margin: an account is closed as the rule forbids, with a false safety or flag."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.inputs import risk_numbers
from circuits.statement.replay import replay
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.market.air import TABLE as MARKET
from circuits.tables.position.air import TABLE
from circuits.tables.total.air import TABLE as TOTAL
from rollup.protocol.batch import Batch
from rollup.protocol.order import Order, Side
from rollup.protocol.rejection import Reason
from tests.helpers.lies import Liar, claim_closings
from tests.helpers.market_books import terms_at
from tests.helpers.statement import claims_broken_in, denied, small_witness
from tests.helpers.venue import BTC_PRICE, ETH, ETH_PRICE, USDC, Match, buy, register, sell

BOLD = 3
"""The trader who goes too far; trader 4 is rich and takes the other side."""

RICH = 4


@pytest.fixture
def crowd(liar: Liar) -> Liar:
    """The liar's venue with a rich trader."""
    venue = liar.venue
    venue.run(venue.batch([register(3, RICH, 10**6 * USDC)]))
    return liar


def deal(crowd: Liar, side: Side, size: int, generation: int = 1, **terms: int) -> Batch:
    """The bold trader buys or sells `size` lots, with the rich one as taker."""
    price = terms.setdefault("price", crowd.venue.prices[terms.get("market", 0)])
    terms["generation"] = generation
    bid, ask = (BOLD, RICH) if side is Side.BUY else (RICH, BOLD)
    orders: tuple[Order, Order] = (buy(bid, size, **terms), sell(ask, size, **terms))
    taker = Side.SELL if side is Side.BUY else Side.BUY
    return crowd.venue.batch(matches=[Match(*orders, size, price, taker)])


def claim_closing(crowd: Liar, **claimed: Any) -> None:
    """Let the bold trader's account be closed as claimed, true or not."""
    claim_closings(crowd.monkeypatch, (BOLD,), **claimed)


def one_more(best: int) -> int:
    return best + 1


def one_less(best: int) -> int:
    return best - 1


def none(best: int) -> int:
    return 0 * best


@pytest.mark.parametrize(
    ("claimed", "claims"),
    [
        ({}, {"account.initial"}),
        ({"grew": False}, {"position.not-grown"}),
        ({"safety": one_more}, {"account.initial", "account.safety", "account.safest"}),
        ({"safety": one_less}, {"account.initial", "account.safest"}),
    ],
)
def test_an_account_left_under_its_initial_margin(
    crowd: Liar, claimed: dict[str, Any], claims: set[str]
) -> None:
    greedy = deal(crowd, Side.BUY, 17_000)
    assert crowd.refusal(greedy) == Reason.MARGIN
    claim_closing(crowd, **claimed)
    assert crowd.claims(greedy) == claims


@pytest.mark.parametrize(
    ("claimed", "claims"),
    [
        ({"below": False}, {"account.initial", "account.safety", "account.safest"}),
        ({"below": False, "safety": one_more}, {"account.initial", "account.safety"}),
        (
            {"below": True, "safety": none, "grew": False},
            {"position.not-grown", "account.below-at-the-mark", "account.below-trades-not"},
        ),
        (
            {"below": True, "safety": none},
            {
                "account.below-shrinks",
                "account.initial",
                "account.below-at-the-mark",
                "account.below-trades-not",
            },
        ),
    ],
)
def test_an_account_left_under_maintenance_margin(
    crowd: Liar, claimed: dict[str, Any], claims: set[str]
) -> None:
    greedy = deal(crowd, Side.BUY, 60_000)
    assert crowd.refusal(greedy) == Reason.MARGIN
    claim_closing(crowd, **claimed)
    assert crowd.claims(greedy) - {"account.safest"} == claims - {"account.safest"}


@pytest.mark.parametrize(
    ("safety", "claims"),
    [(one_more, {"account.safety"}), (one_less, {"account.safest"})],
    ids=["one bucket deeper than it is safe", "one bucket nearer than it must be"],
)
def test_triggers_that_are_not_where_safety_puts_them(
    crowd: Liar, safety: Any, claims: set[str]
) -> None:
    """An account is looked at later than it must be, so that it is skipped; or earlier, so that it
    is the first where the nearest come first."""
    fair = deal(crowd, Side.BUY, 12_000)
    assert crowd.claims(fair) == set()
    claim_closing(crowd, safety=safety)
    assert crowd.claims(fair) - {"account.safest"} == claims - {"account.safest"}
    assert claims <= crowd.claims(fair)


def test_a_safety_above_the_cap(crowd: Liar) -> None:
    """Fewer buckets than 2^12 are one limb: more of them could wrap a column."""
    tiny = deal(crowd, Side.BUY, 2)
    claim_closing(crowd, safety=lambda best: best + 1)
    assert "account.closing-limbs" in crowd.claims(tiny)


def test_a_safety_said_to_be_the_cap_to_be_let_off_the_largest(crowd: Liar) -> None:
    outcome = crowd.outcome(deal(crowd, Side.BUY, 12_000))
    witness = small_witness(outcome)
    trace, names = witness.traces["account"], ACCOUNT.columns.names()
    (row,) = np.flatnonzero((trace[:, names.index("account")] == BOLD) & (trace[:, 0] == 1))
    trace[row, names.index("capped")] = 1
    assert denied(witness.failures()) == {"account.capped"}


@pytest.mark.parametrize(
    ("claimed", "claims"),
    [
        ({"below": False}, {"account.safety"}),
        ({"below": True, "safety": none}, {"account.below-trades-not"}),
    ],
)
def test_an_account_under_maintenance_that_trades_for_the_fun_of_it(
    crowd: Liar, claimed: dict[str, Any], claims: set[str]
) -> None:
    """It reduces in a bad price, to a friend, and is in need before and after."""
    crowd.venue.run(deal(crowd, Side.BUY, 16_000))
    crowd.venue.prices = (BTC_PRICE * 9 // 10 + 1000, ETH_PRICE)
    reduction = deal(crowd, Side.SELL, 1000, 2, price=BTC_PRICE * 88 // 100)
    assert crowd.refusal(reduction) in (Reason.BELOW_TRADED, Reason.MARGIN)
    claim_closing(crowd, **claimed)
    assert crowd.claims(reduction) - {"account.safest"} == claims


@pytest.mark.parametrize(("first", "then"), [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)])
def test_a_flip_passed_off_as_a_reduction(crowd: Liar, first: Side, then: Side) -> None:
    crowd.venue.run(deal(crowd, first, 16_000))
    move = -15_000 if first is Side.BUY else 15_000
    crowd.venue.prices = (BTC_PRICE + move, ETH_PRICE)
    flip = deal(crowd, then, 30_000, 2)
    assert crowd.refusal(flip) == Reason.MARGIN
    claim_closing(crowd, grew=False)
    assert crowd.claims(flip) == {"position.no-flip"}


@pytest.mark.parametrize(
    ("claimed", "claims"),
    [
        ({"below": False}, {"account.safety"}),
        ({"below": True, "safety": none}, {"account.safest", "account.below-trades-not"}),
    ],
    ids=["closed", "flagged"],
)
def test_a_debt_left_behind_with_nothing_held(
    crowd: Liar, claimed: dict[str, Any], claims: set[str]
) -> None:
    crowd.venue.run(deal(crowd, Side.BUY, 38_000, market=ETH))
    crowd.venue.prices = (BTC_PRICE, 220_000)
    exit_ = deal(crowd, Side.SELL, 38_000, 2, market=ETH)
    assert crowd.refusal(exit_) == Reason.MARGIN
    claim_closing(crowd, **claimed)
    assert crowd.claims(exit_) == claims


def test_margin_at_other_prices_than_the_batchs(crowd: Liar) -> None:
    """The account's row is filled with a friendlier price than the public one."""
    greedy = deal(crowd, Side.BUY, 17_000)
    assert crowd.refusal(greedy) == Reason.MARGIN
    claim_closing(crowd)
    outcome = crowd.outcome(greedy)
    records = replay(outcome)
    friendly = terms_at((2 * BTC_PRICE, ETH_PRICE), outcome.public.governance)
    risk = np.array([risk_numbers(each) for each in friendly])
    lie = replace(records, market=replace(records.market, risk=risk))
    assert {"market.public", "public.message"} <= claims_broken_in(lie, outcome.public)


def test_margin_with_other_fractions_than_governance_set(crowd: Liar) -> None:
    greedy = deal(crowd, Side.BUY, 17_000)
    claim_closing(crowd)
    outcome = crowd.outcome(greedy)
    records = replay(outcome)
    public = outcome.public
    risky = [replace(m, initial_fraction=950) for m in public.governance.markets]
    bold = replace(public.governance, markets=tuple(risky))
    risk = np.array([risk_numbers(each) for each in terms_at(public.prices, bold)])
    lie = replace(records, market=replace(records.market, risk=risk))
    assert claims_broken_in(lie, public) == {"market.public", "public.message"}


def test_a_position_at_the_terms_of_another_market(crowd: Liar) -> None:
    """Its row takes the cheaper market's numbers and says that it is in its own."""
    greedy = deal(crowd, Side.BUY, 17_000)
    claim_closing(crowd)
    outcome = crowd.outcome(greedy)
    witness = small_witness(outcome)
    names = [name for name in TABLE.columns.names() if name.startswith("risk.")]
    columns = [TABLE.columns.names().index(name) for name in names]
    ether = witness.traces["market"][1]
    market_names = MARKET.columns.names()
    rows = np.flatnonzero(witness.traces["position"][:, 0])
    for row in rows:
        for name, column in zip(names, columns, strict=True):
            witness.traces["position"][row, column] = ether[market_names.index(name)]
    assert {"position.terms", "position.sums"} <= denied(witness.failures())


def test_a_short_valued_as_a_long(crowd: Liar) -> None:
    """The sign of a position is turned over: its word says another."""
    outcome = crowd.outcome(deal(crowd, Side.SELL, 100))
    witness = small_witness(outcome)
    trace, names = witness.traces["position"], TABLE.columns.names()
    column = names.index("after.short")
    (row,) = np.flatnonzero((trace[:, names.index("account")] == BOLD) & (trace[:, 0] == 1))
    trace[row, column] = 0
    claims = denied(witness.failures())
    assert {"position.size", "position.sums"} <= claims


def test_sums_that_are_not_those_of_the_positions(crowd: Liar) -> None:
    """The limbs of a sum are made larger where they leave the chain."""
    greedy = deal(crowd, Side.BUY, 17_000)
    claim_closing(crowd)
    outcome = crowd.outcome(greedy)
    witness = small_witness(outcome)
    trace, names = witness.traces["total"], TOTAL.columns.names()
    place = names.index("initial_after.limbs.3")
    (row,) = np.flatnonzero((trace[:, names.index("account")] == BOLD) & (trace[:, 0] == 1))
    trace[row, names.index("initial_after.negative")] = 0
    trace[row, place] += 5
    assert {"total.sum", "account.positions-complete"} <= denied(witness.failures())
