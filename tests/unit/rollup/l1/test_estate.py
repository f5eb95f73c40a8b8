"""The estate: what a sale costs when, what comes in, and what a file of L1 keeps of it."""

import pytest

from rollup.harness.people import address
from rollup.harness.scenario import load
from rollup.harness.served import Served
from rollup.harness.suite import run
from rollup.harness.targets import RemoteTarget
from rollup.l1.development import LocalL1
from rollup.l1.estate import Estate, Sale
from rollup.l1.interface import Revert, Reverted
from rollup.l1.remote import RemoteL1
from rollup.l1.stored import Stored, stored_from_bytes, stored_to_bytes
from tests.helpers.asset_l1 import WBTC, asset_l1
from tests.helpers.serving import serving, under_test

DAY = 86_400_000
BOB = address("bob")


@pytest.mark.parametrize(
    ("after", "price"), [(0, 630_000), (-5, 630_000), (DAY // 2, 315_000), (DAY - 1, 1), (DAY, 0)]
)
def test_a_price_falls_evenly_to_nothing_and_is_rounded_up(after: int, price: int) -> None:
    assert Sale(5, 630_000, 1_000).price(1_000 + after, DAY) == price


def test_a_sale_starts_again_with_what_comes() -> None:
    estate = Estate()
    estate.take(3, 40, 600_000, 1_000)
    estate.take(3, 2, 500_001, 9_000)
    assert estate.sales == {3: Sale(42, 525_002, 9_000)}
    assert estate.lacks == 40 * 600_000 + 2 * 500_001


def test_what_comes_in_lowers_what_is_lacking_and_the_rest_is_surplus() -> None:
    estate = Estate()
    estate.take(3, 2, 100, 0)
    estate.sold(3, 1, 150)
    assert (estate.lacks, estate.surplus, estate.sales[3].lots) == (50, 0, 1)
    estate.sold(3, 1, 60)
    assert (estate.lacks, estate.surplus, estate.sales) == (0, 10, {})
    with pytest.raises(Reverted) as told:
        estate.cost(3, 1, 0, DAY)
    assert told.value.reason is Revert.NOT_FOR_SALE


def with_estate() -> LocalL1:
    """An L1 whose estate has five lots, of custody that is not looked at here."""
    l1 = asset_l1()
    l1.mint(BOB, 5, WBTC)
    vault = l1.assets[WBTC]
    vault.take(BOB, 5)
    vault.estate += 5
    l1.estate.take(WBTC, 5, 600_000, l1.now())
    return l1


def test_a_surplus_that_no_entry_can_bring_waits() -> None:
    l1 = with_estate()
    l1.estate.lacks, l1.estate.surplus = 0, 1 << 62
    l1.mint(BOB, 10**7)
    assert l1.buy(BOB, WBTC, 1, 10**7) == 630_000
    assert (l1.estate.surplus, l1.queued, list(l1.queue)) == ((1 << 62) + 630_000, 0, [])


def test_the_estate_is_stored_and_comes_back() -> None:
    l1 = with_estate()
    data = stored_to_bytes(Stored(l1.deployment, l1.checkpoint(), l1.clock.ahead_ms))
    found = stored_from_bytes(data).state
    assert found.estate == l1.estate and found.assets[WBTC].estate == 5
    assert stored_to_bytes(stored_from_bytes(data)) == data


def test_what_a_view_shows_stays_as_it_was() -> None:
    l1 = with_estate()
    seen = l1.view()["estate"]
    l1.mint(BOB, 10**9)
    l1.buy(BOB, WBTC, 5, 10**9)
    assert isinstance(seen, Estate) and seen.sales and not l1.estate.sales


def test_scenarios_of_the_estate_over_a_socket() -> None:
    chosen = [scenario for scenario in load() if scenario.group == "estate"]
    with serving(Served(with_estate())) as url, RemoteL1(under_test(url)) as remote:
        assert run(RemoteTarget(remote), chosen).failed == ()
