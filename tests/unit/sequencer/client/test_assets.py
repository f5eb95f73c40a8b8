"""Assets by name and by mark, and their deposits and claims at L1."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from rollup.harness.served import Served
from rollup.program.cli import CommandError
from sequencer.client import depositing, keystore
from sequencer.client.assets import asset_marked, asset_named
from sequencer.client.errors import OutOfRange, WrongAnswer
from tests.helpers.asset_l1 import WBTC, asset_l1
from tests.helpers.assets import ASSET_GOVERNANCE, WBTC_MARK
from tests.helpers.serving import serving

OWNER = bytes(range(1, 21))
MARKETS = ASSET_GOVERNANCE.markets


def test_a_name_and_a_mark_mean_the_same() -> None:
    for symbol, mark, decimals in (("USDC", 0, 6), ("WBTC", 3, 5), ("WETH", 4, 4)):
        named = asset_named(symbol, MARKETS)
        assert (named.mark, named.decimals) == (mark, decimals)
        assert asset_marked(mark, MARKETS) == named


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "DOGE", ""])
def test_a_perpetual_is_not_paid_out(symbol: str) -> None:
    with pytest.raises(OutOfRange, match="USDC, WBTC, WETH"):
        asset_named(symbol, MARKETS)


@pytest.mark.parametrize("mark", [1, 2, 5, 64])
def test_a_venue_that_names_an_asset_that_it_does_not_list_is_not_believed(mark: int) -> None:
    with pytest.raises(WrongAnswer):
        asset_marked(mark, MARKETS)


def test_amounts_are_on_the_grid_of_lots() -> None:
    bitcoin = asset_marked(WBTC_MARK, MARKETS)
    assert bitcoin.steps("1.5") == 150_000 and bitcoin.amount(150_000) == Decimal("1.5")
    for amount in ("0.000001", "0", "10995116.27776"):
        with pytest.raises(OutOfRange):
            bitcoin.steps(amount)


@pytest.fixture
def served() -> Served:
    return Served(asset_l1())


@pytest.fixture
def url(served: Served) -> Iterator[str]:
    with serving(served) as found:
        yield found


def test_an_account_is_opened_by_an_asset_and_credited_with_money(
    tmp_path: Path, url: str, served: Served
) -> None:
    file = tmp_path / "trader.json"
    keystore.create(file, OWNER, "correct horse", keystore.WORK_LEAST)
    first = depositing.deposit(file, url, "0.5", True, "WBTC")
    assert first["asset"] == "WBTC"
    depositing.deposit(file, url, "7", True)
    one, two = served.l1.queue_from(0, 2)
    assert [(each.asset, each.amount) for each in (one, two)] == [(WBTC, 50_000), (0, 7_000_000)]
    assert one.account == two.account == first["account"]
    for amount, asset in (("0.000001", "WBTC"), ("1", "BTC"), ("1", "DOGE")):
        with pytest.raises(CommandError, match="out-of-range"):
            depositing.deposit(file, url, amount, True, asset)
    assert len(served.l1.queue_from(0, 9)) == 2
