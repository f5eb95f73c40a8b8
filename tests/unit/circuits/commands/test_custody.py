"""Custody of each token, as `crypsis verify` says it."""

from circuits.commands.custody import custody_of, custody_text, estate_text, granted_text
from rollup.protocol.takeover import Route, Takeover
from tests.helpers.assets import HELD, WBTC_MARK, WETH_MARK, asset_venue, paying
from tests.helpers.collateral import HOLDER, WBTC, pledged
from tests.helpers.venue import USDC, Venue, credit, take_out, transfer, withdraw


def test_each_token_is_added_up_over_all_batches() -> None:
    venue = asset_venue()
    first = venue.state.globals.deposits_consumed
    entries = [credit(first, 2, 40, WBTC_MARK), credit(first + 1, 99, 7, WETH_MARK)]
    publics = [
        venue.run(venue.batch(entries)).public,
        venue.run(
            paying(
                venue,
                withdraw(1, 70, asset=WBTC_MARK),
                transfer(1, 2, 9, slot=4, asset=WETH_MARK),
                withdraw(2, 30, asset=WBTC_MARK),
                withdraw(1, 5 * USDC, slot=6),
            )
        ).public,
    ]
    cash, bitcoin, ether = custody_of(publics)
    assert (cash.symbol, cash.before, cash.after) == ("USDC", 2 * 10**5 * USDC, 199_995 * USDC)
    assert (bitcoin.before, bitcoin.credited, bitcoin.granted) == (HELD, 40, 100)
    assert (ether.symbol, ether.credited, ether.granted, ether.after) == ("WETH", 0, 0, HELD)
    assert custody_text((cash, bitcoin, ether)) == (
        "199,995.000000 USDC, 0.99940 WBTC, 10.0000 WETH"
    )
    assert granted_text((cash, bitcoin, ether)) == (
        "5.000000 USDC, 0.00100 WBTC, in 3 grants for L1 to pay"
    )
    assert granted_text((ether,)) == "nothing"
    assert bitcoin.to_record() == {
        "asset": "WBTC",
        "decimals": 5,
        "before": "100000",
        "credited": "40",
        "granted": "100",
        "estate": "0",
        "after": "99940",
    }


def test_an_exit_that_is_paid_is_a_grant_and_one_that_is_refused_is_nothing() -> None:
    venue = Venue().with_traders(100 * USDC, 100 * USDC)
    asked = [take_out(2, 1, 30 * USDC), take_out(3, 2, 101 * USDC)]
    public = venue.run(venue.batch(asked, exits=[2])).public
    (cash,) = custody_of([public])
    assert (cash.before, cash.credited, cash.granted) == (200 * USDC, 0, 30 * USDC)
    assert (cash.after, public.total) == (170 * USDC, 170 * USDC)
    assert granted_text((cash,)) == "30.000000 USDC, in 1 grant for L1 to pay"


def test_what_the_estate_took_is_owed_in_dollars() -> None:
    place = pledged(funded=0)
    place.opened()
    place.falls()
    lots = -(place.excess() // place.terms[WBTC].long_relief)
    takeover = Takeover(HOLDER, WBTC, lots, 0, Route.ESTATE)
    public = place.venue.run(place.venue.batch(takeovers=[takeover])).public
    cash, bitcoin, ether = custody_of([public])
    assert (bitcoin.estate, bitcoin.after) == (-lots, HELD - lots)
    assert (cash.estate, cash.after) == (lots * 600_000, public.total)
    assert estate_text((cash, bitcoin, ether)) == (
        f"took {bitcoin.amount(lots)} for {cash.amount(lots * 600_000)}, "
        "lacking until they are sold"
    )
    assert estate_text((ether,)) == ""
