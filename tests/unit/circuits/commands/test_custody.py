"""Custody of each token, as `crypsis verify` says it."""

from circuits.commands.custody import custody_of, custody_text, granted_text
from tests.helpers.assets import HELD, WBTC_MARK, WETH_MARK, asset_venue, paying
from tests.helpers.venue import USDC, credit, transfer, withdraw


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
        "after": "99940",
    }
