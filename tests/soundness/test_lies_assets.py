"""Lies about assets: who has lots, who owes them, what they are of, and what they count for.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from dataclasses import replace
from typing import Any

import pytest

from rollup.protocol import liquidation, margin, payment, transition
from rollup.protocol.assets import USDC
from rollup.protocol.continuing import require_continues
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.market import Market, MarketKind
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import ConsumedDeposit
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import MarketTerms
from tests.helpers.assets import (
    ASSET_GOVERNANCE,
    ASSETS,
    HELD,
    ON_MARGIN,
    WBTC,
    WBTC_MARK,
    WETH,
    WETH_MARK,
    asset_market,
    asset_venue,
    bought_on_margin,
    paying,
    spot,
)
from tests.helpers.lies import Liar, claim_closings, forge
from tests.helpers.market_books import terms_at
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    PRICES,
    Match,
    buy,
    credit,
    real,
    refusal,
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


def next_entry(liar: Liar) -> int:
    return liar.venue.state.globals.deposits_consumed


def told(outcome: Outcome, **changes: Any) -> Outcome:
    """The outcome with another public input, unchecked."""
    return forge(outcome, public=forge(outcome.public, **changes))


# Nobody owes an asset.

SHORT: dict[str, dict[str, Any]] = {
    "sold": {"matches": [spot(2, 1, 400)]},
    "sold beyond what is held": {"matches": [spot(1, 2, HELD + 1, WETH, ETH_PRICE)]},
    "withdrawn": {"outflows": [withdraw(2, 400, asset=WBTC_MARK)], "reported": True},
    "given away": {"outflows": [transfer(2, 1, 400, asset=WBTC_MARK)], "reported": True},
    "given away beyond what is held": {
        "outflows": [transfer(1, 2, HELD + 1, asset=WETH_MARK)],
        "reported": True,
    },
}


@pytest.mark.parametrize("parts", SHORT.values(), ids=SHORT.keys())
def test_an_asset_below_zero(liar: Liar, parts: dict[str, Any]) -> None:
    batch = liar.venue.batch(**parts)
    assert liar.refusal(batch) is Reason.ASSET_OWED
    liar.blind("require_not_owed", margin)
    assert liar.claims(batch) == {"position.asset-not-owed"}


def test_two_withdrawals_that_are_each_covered_and_not_together(liar: Liar) -> None:
    liar.venue.run(paying(liar.venue, transfer(1, 2, 500, asset=WETH_MARK)))
    both = [withdraw(2, 300, asset=WETH_MARK, slot=s) for s in (4, 5)]
    assert liar.refusal(paying(liar.venue, *both)) is Reason.ASSET_OWED
    liar.blind("require_not_owed", margin)
    assert liar.claims(paying(liar.venue, *both)) == {"position.asset-not-owed"}


def test_an_asset_that_is_sold_and_bought_back_in_one_batch_is_owed_by_nobody(liar: Liar) -> None:
    """The rule is net over the batch, as that of margin is."""
    back = Match(buy(2, 400, market=WBTC, slot=6), sell(1, 400, market=WBTC, slot=6), 400)
    assert liar.claims(liar.venue.batch(matches=[spot(2, 1, 400), back])) == set()


def test_a_debt_of_an_asset_said_to_be_lots_that_are_held(liar: Liar) -> None:
    """The other sign of a position is another word of memory, and another leaf."""
    batch = liar.venue.batch(matches=[spot(2, 1, 400)])

    def hidden(result: Any, _: Any, ledger: Any, *__: Any) -> Any:
        entry = ledger.accounts[2]
        entry.set_position(WBTC, abs(entry.positions[WBTC]))
        return result

    liar.after("apply_fill", hidden)
    assert "position.value-after" in liar.claims(batch)


# Deposits.


@pytest.mark.parametrize("asset", [USDC, WETH_MARK])
def test_a_deposit_of_another_asset_than_l1_enqueued(liar: Liar, asset: int) -> None:
    first = next_entry(liar)
    outcome = liar.outcome(liar.venue.batch([credit(first, 1, 500, WBTC_MARK)]))
    queued = ConsumedDeposit(credit(first, 1, 500, asset), DepositOutcome.CREDITED)
    assert claims_broken_by(told(outcome, deposits=(queued,))) >= {"deposit.queue", PUBLIC}


@pytest.mark.parametrize("mark", [USDC, WETH_MARK])
def test_a_deposit_credited_as_something_else(liar: Liar, mark: int) -> None:
    honest = payment.move
    batch = liar.venue.batch([credit(next_entry(liar), 1, 500, WBTC_MARK)])
    liar.bend("move", lambda account, _, amount: honest(account, mark, amount))
    broken = liar.claims(batch)
    wanted = "account.value-after" if mark == USDC else "position.value-after"
    assert wanted in broken


def test_a_deposit_credited_to_another_account(liar: Liar) -> None:
    first = next_entry(liar)
    outcome = liar.outcome(liar.venue.batch([credit(first, 1, 500, WBTC_MARK)]))
    queued = ConsumedDeposit(credit(first, 2, 500, WBTC_MARK), DepositOutcome.CREDITED)
    assert claims_broken_by(told(outcome, deposits=(queued,))) == {"deposit.queue", PUBLIC}


def test_lots_of_a_perpetual_deposited(liar: Liar) -> None:
    """Its mark names no asset, so whoever verifies says that the entry is refused."""
    batch = liar.venue.batch([credit(next_entry(liar), 1, 500, ETH + 1)])
    assert liar.outcome(batch).steps.deposits[0].outcome is DepositOutcome.ASSET_UNKNOWN
    liar.bend("judge", lambda *_, **__: DepositOutcome.CREDITED)
    assert liar.claims(batch) == {"deposit.queue", PUBLIC}


@pytest.mark.parametrize("lie", [DepositOutcome.ASSET_UNKNOWN, DepositOutcome.ASSET_OVERFLOW])
def test_a_good_deposit_of_an_asset_refused(liar: Liar, lie: DepositOutcome) -> None:
    batch = liar.venue.batch([credit(next_entry(liar), 1, 500, WBTC_MARK)])
    liar.bend("judge", lambda *_, **__: lie)
    wanted = {
        DepositOutcome.ASSET_UNKNOWN: {"deposit.queue", PUBLIC},
        DepositOutcome.ASSET_OVERFLOW: {"deposit.cash"},
    }
    assert liar.claims(batch) == wanted[lie]


def test_more_lots_than_an_account_may_hold(liar: Liar) -> None:
    most = 2**40 - 1
    batch = liar.venue.batch([credit(next_entry(liar), 1, most, WBTC_MARK)])
    assert liar.outcome(batch).steps.deposits[0].outcome is DepositOutcome.ASSET_OVERFLOW
    first = next_entry(liar)
    overflowing = liar.outcome(batch)
    lie = told(
        overflowing,
        deposits=(ConsumedDeposit(credit(first, 1, most, WBTC_MARK), DepositOutcome.CREDITED),),
    )
    assert "deposit.queue" in claims_broken_by(lie)


def test_an_account_that_an_asset_opens_twice(liar: Liar) -> None:
    batch = liar.venue.batch([register(next_entry(liar), 1, 5, WBTC_MARK)])
    assert liar.outcome(batch).steps.deposits[0].outcome is DepositOutcome.ACCOUNT_EXISTS
    liar.bend("judge", lambda *_, **__: DepositOutcome.CREDITED)
    assert "deposit.account" in liar.claims(batch)


# What an asset counts for.


def test_risk_taken_against_an_asset_alone(liar: Liar) -> None:
    """Account 3 has an asset and no cash: nothing of it is margin for a perpetual."""
    entries = [register(next_entry(liar), 3, HELD, WBTC_MARK)]
    liar.venue.run(liar.venue.batch(entries))
    perp = {"market": BTC, "slot": 4}
    batch = liar.venue.batch(matches=[Match(buy(3, 10, **perp), sell(2, 10, **perp), 10)])
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {3}, below=False, grew=True, safety=lambda _: 0)
    assert {"account.initial", "account.safety"} <= liar.claims(batch)


def test_a_purchase_of_an_asset_below_maintenance(liar: Liar) -> None:
    """What was paid for it is gone from all that counts."""
    bought_on_margin(liar.venue)
    leaf = liar.venue.state.accounts[2]
    lots = (leaf.cash + ON_MARGIN * terms_at(PRICES)[BTC].long_maintenance) // BTC_PRICE + 1
    batch = liar.venue.batch(matches=[spot(1, 2, lots)])
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {2}, below=False, grew=False, safety=lambda _: 0)
    assert "account.safety" in liar.claims(batch)


def test_a_debt_against_an_asset(liar: Liar) -> None:
    """Account 3 has an asset worth more than he owes, and nothing else: it counts for nothing."""
    entries = [register(next_entry(liar), 3, HELD, WBTC_MARK)]
    liar.venue.run(liar.venue.batch(entries))
    batch = liar.venue.batch(matches=[spot(1, 3, 100, WETH, ETH_PRICE)])
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, {3}, below=False, grew=False, safety=lambda _: 0)
    assert liar.claims(batch) == {"account.safety"}


def test_a_debt_against_an_asset_flagged(liar: Liar) -> None:
    """Nor may the account be flagged, as one whose positions the price made too little for."""
    entries = [register(next_entry(liar), 3, HELD, WBTC_MARK)]
    liar.venue.run(liar.venue.batch(entries))
    batch = liar.venue.batch(matches=[spot(1, 3, 100, WETH, ETH_PRICE)])
    claim_closings(liar.monkeypatch, {3}, below=True, grew=False, safety=lambda _: 0)
    assert {"account.safest", "account.below-at-the-mark"} <= liar.claims(batch)


def test_an_asset_that_counts_as_margin(liar: Liar) -> None:
    """Terms of a perpetual for an asset's lots: the verifier derives those of the asset."""
    honest = transition.batch_terms

    def worth(*given: Any) -> tuple[MarketTerms, ...]:
        found = list(honest(*given))
        found[WBTC] = replace(terms_at(liar.venue.prices[:2])[0])
        return tuple(found)

    liar.bend("batch_terms", worth)
    broken = liar.claims(liar.venue.batch(refreshed=[1]))
    assert {"market.public", PUBLIC} <= broken


def test_lots_of_an_asset_taken_over(liar: Liar) -> None:
    """Taken at what they count for, they would be taken for nothing."""
    batch = liar.venue.batch(takeovers=[Takeover(1, WBTC, 10, 0)])
    assert liar.refusal(batch) is Reason.ASSET_TAKEN
    liar.blind("require_takeable", liquidation)
    liar.blind("require_liquidatable", liquidation)
    liar.blind("require_needed")
    assert "market.asset-not-taken" in liar.claims(batch)


# Governance.


def test_an_asset_that_counts_for_new_debt_alone() -> None:
    """It would be taken as soon as somebody owed against it."""
    assert refusal(lambda: replace(ASSETS[0], initial_fraction=9_999)) is Reason.HAIRCUT


@pytest.mark.parametrize("name", ["liquidation_fee", "bucket", "funding_cap", "interest"])
def test_an_asset_that_is_liquidated_funded_or_counted_in_buckets(name: str) -> None:
    assert refusal(lambda: replace(ASSETS[0], **{name: 1})) is Reason.ASSET_TERMS


def changed(market: int, to: Market) -> Reason:
    markets = list(ASSET_GOVERNANCE.markets)
    markets[market] = to
    after = replace(ASSET_GOVERNANCE, markets=tuple(markets))
    return refusal(lambda: require_continues(ASSET_GOVERNANCE, after))


def test_a_digest_that_changes_the_kind_of_a_market() -> None:
    """An asset that becomes a perpetual could be owed; a perpetual as an asset could be taken out
    of custody."""
    perp = replace(
        ASSET_GOVERNANCE.markets[0], symbol="WBTC", price_decimals=ASSETS[0].price_decimals
    )
    assert changed(WBTC, perp) is Reason.GOVERNANCE_CHANGED
    asset = replace(asset_market("BTC", 1), kind=MarketKind.ASSET)
    assert changed(0, asset) is Reason.GOVERNANCE_CHANGED


def test_a_digest_that_changes_the_scale_of_an_asset() -> None:
    """A lot would be another part of the token that L1 holds."""
    assert changed(WBTC, asset_market("WBTC", 2)) is Reason.GOVERNANCE_CHANGED
