"""Marks of assets, what is held of them, and their custody as public data has it."""

from dataclasses import replace

import pytest

from rollup.protocol.assets import (
    USDC,
    assets_of,
    is_known,
    mark_of,
    market_of,
    markets_of,
    require_known,
    symbol_of,
)
from rollup.protocol.constants import CUSTODY_BITS, POSITION_LIMIT
from rollup.protocol.holding import NOTHING, balance, received
from rollup.protocol.public import GrantedWithdrawal, PublicInput
from rollup.protocol.rejection import Reason
from tests.helpers.assets import (
    ASSET_GOVERNANCE,
    HELD,
    WBTC,
    WBTC_MARK,
    WETH,
    WETH_MARK,
    asset_venue,
    paying,
)
from tests.helpers.venue import BTC, credit, owner, refusal, transfer, withdraw


def test_a_mark_is_the_number_of_a_market_and_one() -> None:
    assert [mark_of(WBTC), mark_of(WETH)] == [WBTC_MARK, WETH_MARK]
    assert [market_of(WBTC_MARK), markets_of(WETH_MARK), markets_of(USDC)] == [WBTC, (WETH,), ()]
    with pytest.raises(ValueError, match="USDC"):
        market_of(USDC)


def test_a_venue_keeps_usdc_and_listed_assets_alone() -> None:
    assert assets_of(ASSET_GOVERNANCE) == (WBTC_MARK, WETH_MARK)
    known = [mark for mark in range(-2, 70) if is_known(ASSET_GOVERNANCE, mark)]
    assert known == [USDC, WBTC_MARK, WETH_MARK]
    names = [symbol_of(ASSET_GOVERNANCE, mark) for mark in known]
    assert names == ["USDC", "WBTC", "WETH"]
    for mark in (-1, BTC + 1, 5, 64, 2**16 - 1):
        told = refusal(lambda mark=mark: require_known(ASSET_GOVERNANCE, mark))  # type: ignore[misc]
        assert told is Reason.ASSET_UNKNOWN


def test_what_comes_of_an_asset_is_lots_and_no_cash() -> None:
    some = received(received(NOTHING, WBTC_MARK, 7), USDC, 5)
    assert (some.cash, some.positions.held) == (5, ((WBTC, 7),))
    assert [balance(some, mark) for mark in (USDC, WBTC_MARK, WETH_MARK)] == [5, 7, 0]
    assert received(some, WBTC_MARK, -7).positions.held == ()
    full = received(NOTHING, WETH_MARK, POSITION_LIMIT - 1)
    assert refusal(lambda: received(full, WETH_MARK, 1)) is Reason.POSITION_OUT_OF_BOUNDS


@pytest.fixture(scope="module")
def public() -> PublicInput:
    """A batch that credits 40 lots of one asset and grants 70, beside a transfer of them."""
    venue = asset_venue()
    entry = credit(venue.state.globals.deposits_consumed, 2, 40, WBTC_MARK)
    outflows = (withdraw(1, 70, asset=WBTC_MARK), transfer(1, 2, 9, slot=4, asset=WBTC_MARK))
    return venue.run(paying(venue, *outflows, deposits=[entry])).public


def test_custody_is_what_was_there_and_came_less_what_was_granted(public: PublicInput) -> None:
    assert [entry.custody for entry in public.book_before.markets] == [0, 0, HELD, HELD]
    assert (public.credited_of(WBTC_MARK), public.withdrawn_of(WBTC_MARK)) == (40, 70)
    assert [entry.custody for entry in public.book_after.markets] == [0, 0, HELD - 30, HELD]
    assert (public.credited, public.withdrawn) == (0, 0), "nothing of it is USDC"


def granting(public: PublicInput, amount: int, mark: int = WETH_MARK) -> PublicInput:
    return replace(public, withdrawals=(GrantedWithdrawal(owner(1), amount, mark),))


def test_no_public_input_grants_beyond_custody(public: PublicInput) -> None:
    assert granting(public, HELD).book_after.custody(WETH) == 0
    assert refusal(lambda: granting(public, HELD + 1)) is Reason.CUSTODY_OUT_OF_BOUNDS
    assert granting(public, HELD + 40, WBTC_MARK).book_after.custody(WBTC) == 0
    assert refusal(lambda: granting(public, HELD + 41, WBTC_MARK)) is Reason.CUSTODY_OUT_OF_BOUNDS


def test_custody_has_a_greatest_number(public: PublicInput) -> None:
    def holding(custody: int) -> PublicInput:
        *others, last = public.book_before.markets
        book = replace(public.book_before, markets=(*others, replace(last, custody=custody)))
        return replace(public, book_before=book)

    most = (1 << CUSTODY_BITS) - 1
    assert holding(most).book_after.custody(WETH) == most
    assert refusal(lambda: holding(most + 1)) is Reason.CUSTODY_OUT_OF_BOUNDS


@pytest.mark.parametrize("mark", [BTC + 1, 5, 60])
def test_no_public_input_grants_what_is_no_asset(public: PublicInput, mark: int) -> None:
    assert refusal(lambda: granting(public, 1, mark)) is Reason.ASSET_UNKNOWN


def test_what_a_grant_is_of_is_in_the_digest(public: PublicInput) -> None:
    one, other = granting(public, 5), granting(public, 5, WBTC_MARK)
    assert one.encode() != other.encode() and one.digest() != other.digest()
