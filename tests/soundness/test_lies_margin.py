"""Lies about margin: an account is left in a state that the rule forbids, under a false clause."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from circuits.statement.inputs import risk_digits
from circuits.statement.replay import replay
from circuits.tables.market.air import TABLE as MARKET
from circuits.tables.position.air import TABLE
from circuits.tables.total.air import TABLE as TOTAL
from rollup.protocol import transition
from rollup.protocol.batch import Batch
from rollup.protocol.ledger import Ledger
from rollup.protocol.order import Order, Side
from rollup.protocol.outcome import MarginCase
from rollup.protocol.rejection import Reason
from rollup.protocol.terms import MarketTerms
from tests.helpers.lies import Liar
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


def claim_clause(crowd: Liar, clause: MarginCase) -> None:
    """Let the bold trader's account be passed under a clause, true or not."""
    honest = transition.require_margin

    def require_margin(ledger: Ledger, index: int, terms: Sequence[MarketTerms]) -> MarginCase:
        return clause if index == BOLD else honest(ledger, index, terms)

    crowd.bend("require_margin", require_margin)


@pytest.mark.parametrize(
    ("clause", "claims"),
    [
        (MarginCase.INITIAL, {"account.initial"}),
        (MarginCase.MAINTENANCE, {"position.not-grown"}),
        (
            MarginCase.HEALTHIER,
            {"position.not-grown", "account.healthier", "account.no-deeper-hole"},
        ),
        (MarginCase.UNCHANGED, {"position.unchanged-sizes", "account.unchanged"}),
    ],
)
def test_an_account_left_under_its_margin(
    crowd: Liar, clause: MarginCase, claims: set[str]
) -> None:
    greedy = deal(crowd, Side.BUY, 17_000)
    assert crowd.refusal(greedy) == Reason.MARGIN
    claim_clause(crowd, clause)
    assert crowd.claims(greedy) == claims


def test_an_account_under_maintenance_that_trades_for_the_fun_of_it(crowd: Liar) -> None:
    """It reduces, but pays more in a bad price than it sheds in risk, and claims maintenance."""
    crowd.venue.run(deal(crowd, Side.BUY, 16_000))
    crowd.venue.prices = (BTC_PRICE * 9 // 10 + 1000, ETH_PRICE)
    reduction = deal(crowd, Side.SELL, 1000, 2, price=BTC_PRICE * 88 // 100)
    assert crowd.refusal(reduction) == Reason.MARGIN
    claim_clause(crowd, MarginCase.MAINTENANCE)
    assert crowd.claims(reduction) == {"account.maintenance"}


@pytest.mark.parametrize(("first", "then"), [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)])
def test_a_flip_passed_off_as_a_reduction(crowd: Liar, first: Side, then: Side) -> None:
    crowd.venue.run(deal(crowd, first, 16_000))
    move = -15_000 if first is Side.BUY else 15_000
    crowd.venue.prices = (BTC_PRICE + move, ETH_PRICE)
    flip = deal(crowd, then, 30_000, 2)
    assert crowd.refusal(flip) == Reason.MARGIN
    claim_clause(crowd, MarginCase.MAINTENANCE)
    assert crowd.claims(flip) == {"position.no-flip"}


def test_healthier_at_a_friends_price(crowd: Liar) -> None:
    """A sinking account sells to a friend below the market: less risk, but a worse share."""
    crowd.venue.run(deal(crowd, Side.BUY, 38_000, market=ETH))
    crowd.venue.prices = (BTC_PRICE, 230_000)
    gift = deal(crowd, Side.SELL, 10_000, 2, market=ETH, price=221_000)
    assert crowd.refusal(gift) == Reason.MARGIN
    claim_clause(crowd, MarginCase.HEALTHIER)
    assert crowd.claims(gift) == {"account.healthier"}


def test_a_debt_left_behind_with_nothing_held(crowd: Liar) -> None:
    crowd.venue.run(deal(crowd, Side.BUY, 38_000, market=ETH))
    crowd.venue.prices = (BTC_PRICE, 220_000)
    exit_ = deal(crowd, Side.SELL, 38_000, 2, market=ETH)
    assert crowd.refusal(exit_) == Reason.MARGIN
    claim_clause(crowd, MarginCase.HEALTHIER)
    assert crowd.claims(exit_) == {"account.healthier"}


def test_margin_at_other_prices_than_the_batchs(crowd: Liar) -> None:
    """The account's row is filled with a friendlier price than the public one."""
    greedy = deal(crowd, Side.BUY, 17_000)
    assert crowd.refusal(greedy) == Reason.MARGIN
    claim_clause(crowd, MarginCase.INITIAL)
    outcome = crowd.outcome(greedy)
    records = replay(outcome)
    friendly = terms_at((2 * BTC_PRICE, ETH_PRICE), outcome.public.governance)
    risk = np.array([risk_digits(each) for each in friendly])
    lie = replace(records, market=replace(records.market, risk=risk))
    assert claims_broken_in(lie, outcome.public) == {"market.public", "public.message"}


def test_margin_with_other_fractions_than_governance_set(crowd: Liar) -> None:
    greedy = deal(crowd, Side.BUY, 17_000)
    claim_clause(crowd, MarginCase.INITIAL)
    outcome = crowd.outcome(greedy)
    records = replay(outcome)
    public = outcome.public
    risky = [replace(m, initial_fraction=950) for m in public.governance.markets]
    bold = replace(public.governance, markets=tuple(risky))
    risk = np.array([risk_digits(each) for each in terms_at(public.prices, bold)])
    lie = replace(records, market=replace(records.market, risk=risk))
    assert claims_broken_in(lie, public) == {"market.public", "public.message"}


def test_a_position_at_the_terms_of_another_market(crowd: Liar) -> None:
    """Its row takes the cheaper market's numbers and says that it is in its own."""
    greedy = deal(crowd, Side.BUY, 17_000)
    claim_clause(crowd, MarginCase.INITIAL)
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
    claim_clause(crowd, MarginCase.INITIAL)
    outcome = crowd.outcome(greedy)
    witness = small_witness(outcome)
    trace, names = witness.traces["total"], TOTAL.columns.names()
    place = names.index("initial_after.limbs.3")
    (row,) = np.flatnonzero((trace[:, names.index("account")] == BOLD) & (trace[:, 0] == 1))
    trace[row, names.index("initial_after.negative")] = 0
    trace[row, place] += 5
    assert {"total.sum", "account.positions-complete"} <= denied(witness.failures())


def test_no_clause_at_all(crowd: Liar) -> None:
    outcome = crowd.outcome(deal(crowd, Side.BUY, 100))
    records = replay(outcome)
    none = np.full_like(records.account.clause, 9)
    lie = replace(records, account=replace(records.account, clause=none))
    assert claims_broken_in(lie, outcome.public) == {"account.one-clause"}
