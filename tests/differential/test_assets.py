"""Assets twice: what the rules accept of them has a satisfying witness."""

import pytest

from rollup.protocol.constants import POSITION_LIMIT
from rollup.protocol.deposit import DepositOutcome
from tests.helpers.assets import HELD, WBTC, WBTC_MARK, WETH, WETH_MARK, asset_venue
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import (
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    Match,
    Suite,
    buy,
    credit,
    real,
    register,
    sell,
    transfer,
    withdraw,
)


@pytest.fixture(scope="module")
def suite() -> Suite:
    return real()


def test_a_deposit_of_an_asset_is_credited_or_refused_by_every_reason(suite: Suite) -> None:
    venue = asset_venue(suite)
    first = venue.state.globals.deposits_consumed
    entries = [
        register(first, 3, 50, WBTC_MARK),
        credit(first + 1, 3, 7, WETH_MARK),
        credit(first + 2, 3, 8, WETH_MARK),
        credit(first + 3, 1, POSITION_LIMIT - HELD, WBTC_MARK),
        credit(first + 4, 1, POSITION_LIMIT - HELD - 1, WBTC_MARK),
        credit(first + 5, 9, 5, WBTC_MARK),
        credit(first + 6, 1, 5, ETH + 1),
        register(first + 7, 8, 5, 60),
        register(first + 8, 3, 5, WETH_MARK),
    ]
    outcome = venue.run(venue.batch(entries))
    assert [step.outcome for step in outcome.steps.deposits] == [
        DepositOutcome.CREDITED,
        DepositOutcome.CREDITED,
        DepositOutcome.CREDITED,
        DepositOutcome.ASSET_OVERFLOW,
        DepositOutcome.CREDITED,
        DepositOutcome.ACCOUNT_MISSING,
        DepositOutcome.ASSET_UNKNOWN,
        DepositOutcome.ASSET_UNKNOWN,
        DepositOutcome.ACCOUNT_EXISTS,
    ]
    assert claims_broken_by(outcome) == set()
    held = venue.state.accounts[3].positions
    assert (venue.state.accounts[3].cash, held.held) == (0, ((WBTC, 50), (WETH, 15)))
    custody = [entry.custody for entry in venue.state.book.markets]
    assert custody == [0, 0, POSITION_LIMIT - 1 + 50, HELD + 15]


def test_lots_are_sold_given_away_and_withdrawn(suite: Suite) -> None:
    venue = asset_venue(suite)
    terms = {"market": WBTC}
    match = Match(buy(2, 400, BTC_PRICE, **terms), sell(1, 400, BTC_PRICE, **terms), 400)
    perp = {"market": ETH, "slot": 1, "price": ETH_PRICE}
    opened = Match(buy(1, 1000, **perp), sell(2, 1000, **perp), 1000, ETH_PRICE)
    outcome = venue.run(venue.batch(matches=[match, opened]))
    assert claims_broken_by(outcome) == set()
    assert venue.state.accounts[2].positions[WBTC] == 400
    paid = [
        transfer(1, 2, 100, asset=WETH_MARK),
        withdraw(2, 150, asset=WBTC_MARK, slot=3),
        withdraw(2, 100, asset=WETH_MARK, slot=4),
        withdraw(1, 10**6, slot=5),
    ]
    outcome = venue.run(venue.batch(outflows=paid, reported=True))
    assert claims_broken_by(outcome) == set()
    sizes = [dict(venue.state.accounts[account].positions.held) for account in (1, 2)]
    assert sizes == [
        {ETH: 1000, WBTC: HELD - 400, WETH: HELD - 100},
        {ETH: -1000, WBTC: 250},
    ]
    granted = [(each.asset, each.amount) for each in outcome.public.withdrawals]
    assert granted == [(WBTC_MARK, 150), (WETH_MARK, 100), (0, 10**6)]
    assert [entry.custody for entry in venue.state.book.markets][2:] == [HELD - 150, HELD - 100]


def test_all_that_is_held_can_go_in_one_batch(suite: Suite) -> None:
    """Deposited, sold, and withdrawn by who bought it: nothing is left behind."""
    venue = asset_venue(suite)
    terms = {"market": WETH, "price": ETH_PRICE}
    match = Match(buy(2, HELD, **terms), sell(1, HELD, **terms), HELD, ETH_PRICE)
    first = venue.state.globals.deposits_consumed
    entries = [credit(first, 2, 3, WETH_MARK)]
    leaving = [withdraw(2, HELD + 3, asset=WETH_MARK, slot=3)]
    outcome = venue.run(venue.batch(entries, [match], outflows=leaving, reported=True))
    assert claims_broken_by(outcome) == set()
    assert all(WETH not in a.positions.markets for a in venue.state.accounts.values())
    assert venue.state.book.markets[WETH].custody == 0
