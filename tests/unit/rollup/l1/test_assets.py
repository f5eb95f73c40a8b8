"""Ledgers of assets at the mock L1: kept apart, stored whole, and asked for enough."""

import pytest

from rollup.harness.people import GOVERNANCE, address
from rollup.l1.development import LocalL1
from rollup.l1.interface import Revert, Reverted
from rollup.l1.stored import Stored, stored_from_bytes, stored_to_bytes
from rollup.protocol.assets import USDC
from tests.helpers.asset_l1 import WBTC, asset_l1

ALICE, BOB = address("alice"), address("bob")


@pytest.fixture
def l1() -> LocalL1:
    return asset_l1()


def test_what_is_minted_of_one_token_pays_for_no_other(l1: LocalL1) -> None:
    l1.mint(ALICE, 500, WBTC)
    with pytest.raises(Reverted) as told:
        l1.register(ALICE, (1,) * 14, (2,) * 8, 100)
    assert told.value.reason is Revert.BALANCE_TOO_SMALL
    l1.register(ALICE, (1,) * 14, (2,) * 8, 100, WBTC)
    ledger = l1.assets[WBTC]
    assert (ledger.queued, ledger.funds, ledger.wallets[ALICE]) == (100, 100, 400)
    assert (l1.queued, l1.funds) == (0, 0)


def test_a_place_in_the_queue_costs_lots_that_are_worth_it(l1: LocalL1) -> None:
    """A lot is worth its price in quanta, so one is enough for a few quanta."""
    price = l1.governance.oracle.feeds[WBTC - 1].listing_price
    assert l1.deployment.least_deposit < price
    l1.mint(BOB, 5, WBTC)
    assert l1.register(BOB, (1,) * 14, (2,) * 8, 1, WBTC).amount == 1
    other = asset_l1(2 * price + 1)
    other.mint(BOB, 5, WBTC)
    with pytest.raises(Reverted) as told:
        other.register(BOB, (1,) * 14, (2,) * 8, 2, WBTC)
    assert told.value.reason is Revert.AMOUNT_TOO_SMALL
    assert other.register(BOB, (1,) * 14, (2,) * 8, 3, WBTC).amount == 3


def test_nothing_is_minted_of_a_perpetual(l1: LocalL1) -> None:
    for mark in (1, 2, 4, -1):
        with pytest.raises(Reverted) as told:
            l1.mint(ALICE, 5, mark)
        assert told.value.reason is Revert.UNKNOWN_ASSET
    assert l1.assets == {} and len(GOVERNANCE.markets) == 2
    l1.mint(ALICE, 5, USDC)
    assert l1.wallets[ALICE] == 5


def test_ledgers_of_assets_are_stored_and_come_back(l1: LocalL1) -> None:
    l1.mint(ALICE, 500, WBTC)
    l1.register(ALICE, (1,) * 14, (2,) * 8, 100, WBTC)
    stored = Stored(l1.deployment, l1.checkpoint(), l1.clock.ahead_ms)
    data = stored_to_bytes(stored)
    found = stored_from_bytes(data)
    assert stored_to_bytes(found) == data
    assert found.state.assets == l1.assets
    again = found.state.assets[WBTC]
    assert again.wallets[BOB] == 0, "a ledger that was read grows as one that was not"
