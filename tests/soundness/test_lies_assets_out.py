"""Lies about assets that leave: who takes them, where to, how many, of what, and when.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol import margin, payment, transition
from rollup.protocol.assets import USDC
from rollup.protocol.ledger import Ledger
from rollup.protocol.openings import completed
from rollup.protocol.outcome import Outcome
from rollup.protocol.outflow import Outflow
from rollup.protocol.public import GrantedWithdrawal
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import SlotState
from tests.helpers.assets import (
    HELD,
    ON_MARGIN,
    WBTC,
    WBTC_MARK,
    WETH_MARK,
    asset_venue,
    bought_on_margin,
    paying,
    spot,
)
from tests.helpers.lies import Liar, claim_closings, forge
from tests.helpers.market_books import terms_at
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    PRICES,
    Match,
    begun,
    buy,
    owner,
    real,
    register,
    sell,
    transfer,
    withdraw,
)

PUBLIC = "public.message"
"""What the verifier says and nobody hears."""


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(asset_venue(real()), monkeypatch)


def told(outcome: Outcome, **changes: Any) -> Outcome:
    """The outcome with another public input, unchecked."""
    return forge(outcome, public=forge(outcome.public, **changes))


def test_a_withdrawal_of_an_asset_twice(liar: Liar) -> None:
    once = withdraw(1, 500, asset=WBTC_MARK)
    liar.venue.run(paying(liar.venue, once))
    assert liar.refusal(paying(liar.venue, once)) is Reason.GENERATION_DEAD
    liar.bend("used_up", lambda generation, _: SlotState(generation + 1), payment)
    assert liar.claims(paying(liar.venue, once)) == {"order.generation"}


@pytest.mark.parametrize("asset", [USDC, WETH_MARK])
def test_a_withdrawal_granted_as_another_asset(liar: Liar, asset: int) -> None:
    outcome = liar.outcome(paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK)))
    granted = (GrantedWithdrawal(owner(1), 500, asset),)
    assert claims_broken_by(told(outcome, withdrawals=granted)) >= {"outflow.granted", PUBLIC}


@pytest.mark.parametrize("amount", [499, 501])
def test_a_withdrawal_of_an_asset_granted_with_another_amount(liar: Liar, amount: int) -> None:
    outcome = liar.outcome(paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK)))
    granted = (GrantedWithdrawal(owner(1), amount, WBTC_MARK),)
    assert claims_broken_by(told(outcome, withdrawals=granted)) == {"outflow.granted", PUBLIC}


def test_a_withdrawal_that_takes_another_asset_than_was_signed(liar: Liar) -> None:
    honest = payment.move
    batch = paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK))
    liar.bend("move", lambda account, _, n: honest(account, WETH_MARK, n), payment)
    assert "position.value-after" in liar.claims(batch)


def test_an_asset_leaves_and_its_position_stays(liar: Liar) -> None:
    batch = paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK))
    outcome = liar.outcome(batch)
    (step,) = outcome.steps.outflows
    steps = forge(outcome.steps, outflows=(forge(step, after=step.before),))
    assert "outflow.cash" in claims_broken_by(forge(outcome, steps=steps))


def test_lots_of_a_perpetual_given_away_as_an_asset(liar: Liar) -> None:
    """They would leave a debt behind: the seller's gain without his risk."""
    perp = {"market": ETH, "price": ETH_PRICE, "slot": 1}
    opened = Match(buy(1, 1000, **perp), sell(2, 1000, **perp), 1000, ETH_PRICE)
    liar.venue.run(liar.venue.batch(matches=[opened]))
    batch = paying(liar.venue, transfer(1, 2, 400, asset=ETH + 1))
    assert liar.refusal(batch) is Reason.ASSET_UNKNOWN
    liar.blind("require_known", payment)
    assert liar.claims(batch) == {"market.asset"}


def test_a_market_that_is_not_listed_leaves_as_an_asset(liar: Liar) -> None:
    batch = paying(liar.venue, transfer(1, 2, 400, asset=60))
    assert liar.refusal(batch) is Reason.ASSET_UNKNOWN
    outcome = liar.outcome(paying(liar.venue, transfer(1, 2, 400, asset=WBTC_MARK)))
    records = replay(outcome)
    elsewhere = np.full_like(records.outflow.asset, 60)
    lie = replace(records, outflow=replace(records.outflow, asset=elsewhere))
    access = {"outflow.cash-access", "position.value-before", "position.value-after"}
    unasked = {"order.outflow", "outflow.signed", "market.asset"}
    claims = {"outflow.asset-listed", *access, *unasked}
    assert claims_broken_in(lie, outcome.public) == claims


@pytest.mark.parametrize("outflow", [withdraw(3, 1), transfer(3, 1, 1)])
def test_borrowed_cash_leaves_against_an_asset(liar: Liar, outflow: Outflow) -> None:
    """Nothing of an asset is collateral: who has an asset and no cash owes what it takes."""
    first = liar.venue.state.globals.deposits_consumed
    liar.venue.run(liar.venue.batch([register(first, 3, HELD, WBTC_MARK)]))
    batch = paying(liar.venue, outflow)
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {3}, below=False, grew=True, safety=lambda _: 0)
    assert liar.claims(batch) == {"account.initial", "account.safety"}


def test_an_asset_leaves_an_account_whose_perpetual_has_no_price(liar: Liar) -> None:
    """Whoever takes an asset out is held to what holds whoever takes cash out."""
    perp = {"market": ETH, "price": ETH_PRICE, "slot": 1}
    opened = Match(buy(1, 1000, **perp), sell(2, 1000, **perp), 1000, ETH_PRICE)
    liar.venue.run(liar.venue.batch(matches=[opened]))
    batch = liar.venue.batch(outflows=[withdraw(1, 500, asset=WBTC_MARK)], reported=False)
    assert liar.refusal(batch) is Reason.OUTFLOW_MARKET
    liar.blind("require_steady")
    assert liar.claims(batch) == {"position.steady"}


def test_an_asset_without_a_price_keeps_nothing_from_leaving(liar: Liar) -> None:
    """Neither itself nor cash: anybody can give an account a lot of it."""
    lot = transfer(1, 2, 1, slot=9, asset=WBTC_MARK)
    cash, lots = withdraw(2, 500), withdraw(1, 500, asset=WBTC_MARK)
    for outflows in ((lot, cash), (lots,)):
        assert liar.claims(liar.venue.batch(outflows=outflows, reported=False)) == set()


def test_an_asset_withdrawn_to_another_owner(liar: Liar) -> None:
    outcome = liar.outcome(paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK)))
    lie = told(outcome, withdrawals=(GrantedWithdrawal(owner(2), 500, WBTC_MARK),))
    assert claims_broken_by(lie) == {"outflow.granted", PUBLIC}
    (step,) = outcome.steps.outflows
    steps = forge(outcome.steps, outflows=(forge(step, owner=owner(2)),))
    assert claims_broken_by(forge(lie, steps=steps)) == {"header.owner", "outflow.owner"}


def test_an_asset_granted_twice(liar: Liar) -> None:
    outcome = liar.outcome(paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK)))
    lie = told(outcome, withdrawals=outcome.public.withdrawals * 2)
    assert claims_broken_by(lie) == {"outflow.granted", PUBLIC}


def test_an_asset_given_to_oneself(liar: Liar) -> None:
    """What is paid would be lost from one access and found in the other."""
    outflow = forge(transfer(1, 2, 500, asset=WBTC_MARK), receiver=1)
    batch = paying(liar.venue, liar.venue.signed_outflow(outflow))
    assert "outflow.distinct-accounts" in liar.claims(batch)


def test_an_asset_given_to_nobody(liar: Liar) -> None:
    """A position has no bit that says whether its account exists: who does not has none."""
    batch = paying(liar.venue, transfer(1, 77, 500, asset=WBTC_MARK))
    assert liar.refusal(batch) is Reason.ACCOUNT_MISSING
    honest = completed(paying(liar.venue, withdraw(1, 500, asset=WBTC_MARK)), liar.venue.state)
    liar.bend("existing", lambda ledger, index, missing=None: ledger.touch(index), Ledger)
    # Whoever does not exist is counted nowhere, so that no leaf of triggers is opened.
    pre = replace(
        batch.pre, triggers=honest.pre.triggers, trigger_siblings=honest.pre.trigger_siblings
    )
    outcome = liar.as_it_is(replace(batch, pre=pre, frontiers=honest.frontiers))
    assert {"position.value-after", "position.value-before"} & claims_broken_by(outcome)


def test_more_of_an_asset_arrives_than_left(liar: Liar) -> None:
    def give(*given: Any) -> Any:
        step = honest(*given)
        entry = given[1].accounts[2]
        entry.set_position(WBTC, entry.positions[WBTC] + 1)
        return forge(step, receiver=forge(step.receiver, after=step.receiver.after + 1))

    honest = transition.apply_outflow
    liar.bend("apply_outflow", give)
    assert liar.claims(paying(liar.venue, transfer(1, 2, 500, asset=WBTC_MARK))) == {"outflow.cash"}


def test_an_asset_leaves_an_open_step(liar: Liar) -> None:
    batch = begun(liar.venue.batch(outflows=[withdraw(1, 500, asset=WBTC_MARK)]))
    assert liar.refusal(batch) is Reason.OUTFLOW_STEP
    liar.blind("require_begins_step", payment)
    liar.blind("require_steady")
    honest = transition.closing
    liar.bend("closing", lambda *given, **how: honest(*given, **{**how, "paid_out": False}))
    assert "outflow.step-begun" in liar.claims(batch)


def test_an_asset_leaves_an_account_below_initial_margin(liar: Liar) -> None:
    """Bought down to maintenance, which is allowed, it stays until its owner is above initial
    margin again."""
    bought_on_margin(liar.venue)
    leaf = liar.venue.state.accounts[2]
    spare = leaf.cash + ON_MARGIN * terms_at(PRICES)[BTC].long_initial
    lots = spare // BTC_PRICE + 1
    liar.venue.run(liar.venue.batch(matches=[spot(1, 2, lots)]))
    batch = paying(liar.venue, withdraw(2, lots, asset=WBTC_MARK))
    assert liar.refusal(batch) is Reason.MARGIN
    liar.blind("_require_initial", margin)
    assert liar.claims(batch) == {"account.initial"}
