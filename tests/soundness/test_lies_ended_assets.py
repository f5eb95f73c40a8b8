"""Lies about an asset that counts and is over: it counts on, and nobody trades or settles it.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from dataclasses import replace

import pytest

from rollup.protocol import liquidation
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, Takeover
from tests.helpers.assets import WBTC, WBTC_MARK, spot
from tests.helpers.collateral import (
    BACKSTOP,
    FALLEN,
    HOLDER,
    MAKER,
    RICH,
    Pledged,
    lots_of,
    pledged,
)
from tests.helpers.lies import Liar
from tests.helpers.venue import BTC, Match, buy, real, sell, withdraw


@pytest.fixture
def place() -> Pledged:
    """The holder has bought what its asset carries, and then that was delisted."""
    place = pledged(real())
    place.opened()
    governance = place.venue.genesis.governance
    over = replace(governance.markets[WBTC], delisted=True)
    markets = (*governance.markets[:WBTC], over, *governance.markets[WBTC + 1 :])
    place.venue.genesis = replace(
        place.venue.genesis, governance=replace(governance, markets=markets)
    )
    place.venue.run(place.venue.batch())
    assert WBTC in place.venue.state.book.ended
    return place


@pytest.fixture
def liar(place: Pledged, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def test_it_goes_on_to_carry_what_it_carried(place: Pledged, liar: Liar) -> None:
    """Over maintenance margin; over initial margin it counts 0, so that nothing more is bought."""
    assert place.excess() >= 0 and liar.claims(place.venue.batch(refreshed=[HOLDER])) == set()
    terms = {"market": BTC, "slot": 2}
    more = place.venue.batch(matches=[Match(buy(HOLDER, 1, **terms), sell(RICH, 1, **terms), 1)])
    assert liar.refusal(more) is Reason.MARGIN


def test_orders_that_meet_in_it(liar: Liar) -> None:
    batch = liar.venue.batch(matches=[spot(HOLDER, MAKER, 1)])
    assert liar.refusal(batch) is Reason.MARKET_ENDED
    liar.blind("require_live")
    assert "market.missing-untraded" in liar.claims(batch)


def test_it_is_settled(place: Pledged, liar: Liar) -> None:
    """Cash of others for a token that may be worth less."""
    lots = lots_of(place, HOLDER)
    batch = liar.venue.batch(takeovers=[Takeover(HOLDER, WBTC, lots, 0, Route.SETTLED)])
    assert liar.refusal(batch) is Reason.ASSET_TAKEN
    for name in ("require_route", "require_settled"):
        liar.blind(name, liquidation)
    assert liar.claims(batch) & {"takeover.market", "market.take"}


def test_the_backstop_takes_it_of_the_liquidated(place: Pledged, liar: Liar) -> None:
    """Or nobody could ever heal who owes against it."""
    place.falls(FALLEN)
    batch = place.venue.batch(takeovers=place.needed)
    (taken,) = place.needed
    assert taken.market == WBTC and liar.claims(batch) == set()
    place.venue.run(batch)
    assert place.excess() >= 0 and lots_of(place, BACKSTOP) == taken.size


def test_it_leaves_as_before(place: Pledged, liar: Liar) -> None:
    """Of an account that has its initial margin without it."""
    place.deposit(RICH, 5, WBTC_MARK)
    assert lots_of(place, RICH) == 0  # the entry was refused, and goes back
    batch = place.venue.batch(outflows=[withdraw(HOLDER, 1, asset=WBTC_MARK)])
    assert liar.refusal(batch) is Reason.MARGIN
