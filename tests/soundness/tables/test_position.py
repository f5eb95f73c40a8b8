"""The position row: what may not grow is asked whether it did."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.tables.position.air import TABLE
from rollup.protocol.holding import Holding
from rollup.protocol.terms import MarketTerms, market_terms
from tests.helpers.assets import ASSETS
from tests.helpers.closings import BACKSTOP, honest_offer, records_of
from tests.helpers.collateral import counting_asset
from tests.helpers.isolation import Isolated
from tests.helpers.venue import BTC_PRICE, held
from tests.soundness.tables.test_free_state_cells import TERMS, rows_of

POSITION = Isolated(TABLE, {"backstop_account": BACKSTOP, "begins_open": 0})


@pytest.mark.parametrize("demand", ["shrinks", "deleveraged"])
def test_a_position_that_may_not_grow_is_not_asked(demand: str) -> None:
    """It got larger, and the row that its account or a takeover makes demands of hides it."""
    holdings = (Holding(2**40, held(-5)), Holding(2**40, held(-77)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    grown = np.tile(rows_of(parts)["position"], (4, 1))
    assert POSITION.failed(grown) == set()
    asked = POSITION.forge(grown, 0, demand, 1)
    assert "position.smaller" in POSITION.failed(asked)
    answered = POSITION.forge(asked, 0, "smaller", 1)
    found = POSITION.failed(answered)
    assert "position.least" in found and "position.smaller" not in found
    for name, size in (("least_size.0", 77), ("most_size.0", 5)):
        answered = POSITION.forge(answered, 0, name, size)
    found = POSITION.failed(answered)
    assert "position.not-grown" in found and "position.least" not in found


def test_a_position_that_grew_to_dust() -> None:
    """It flipped from 5 owed to 4 held, where the least order is 20."""
    wholesale = tuple(replace(each, least_order=20) for each in TERMS)
    for size, claims in ((20, set()), (19, {"position.not-grown"}), (4, {"position.not-grown"})):
        holdings = (Holding(2**40, held(-5)), Holding(2**40, held(size)))
        parts = records_of([holdings], [honest_offer(holdings, wholesale)], wholesale)
        assert POSITION.failed(np.tile(rows_of(parts)["position"], (4, 1))) == claims


def test_a_friends_dust_is_no_backstops() -> None:
    wholesale = tuple(replace(each, least_order=20) for each in TERMS)
    holdings = (Holding(2**40, held(-5)), Holding(2**40, held(4)))
    parts = records_of([holdings], [honest_offer(holdings, wholesale)], wholesale)
    grown = np.tile(rows_of(parts)["position"], (4, 1))
    assert "position.excused" in POSITION.failed(POSITION.forge(grown, 0, "excused", 1))


def test_a_position_that_shrank_is_not_excused() -> None:
    """It would be asked nothing, and might have grown."""
    holdings = (Holding(2**40, held(-5)), Holding(2**40, held(-4)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    rows = np.tile(rows_of(parts)["position"], (4, 1))
    for name in ("excused", "clear"):
        rows = POSITION.forge(rows, 0, name, 1)
    assert "position.excused" in POSITION.failed(rows)


def test_risk_taken_against_an_order_while_prices_stand() -> None:
    """Who grows by an order that met another; who grows by taking, or shrinks, does not."""
    shut = Isolated(TABLE, {"backstop_account": BACKSTOP, "begins_open": 1})
    for sizes, name, claims in (
        ((-5, -77), "traded", {"position.open-step"}),
        ((-5, -77), "took", set()),
        ((-77, -5), "traded", set()),
    ):
        before, after = (Holding(2**40, held(size)) for size in sizes)
        parts = records_of([(before, after)], [honest_offer((before, after), TERMS)], TERMS)
        rows = shut.forge(np.tile(rows_of(parts)["position"], (4, 1)), 0, name, 3)
        rows = shut.forge(rows, 0, "grown", 3 * (sizes[1] == -77))
        assert shut.failed(rows) == claims


def test_risk_taken_against_an_order_at_a_price_that_is_held_back() -> None:
    """As while prices stand: who takes may grow, and so may who is paid in."""
    for sizes, name, claims in (
        ((-5, -77), "traded", {"position.unsteady-shrinks"}),
        ((-5, -77), "took", set()),
        ((-5, -77), "dealt", set()),
        ((-77, -5), "traded", set()),
    ):
        before, after = (Holding(2**40, held(size)) for size in sizes)
        parts = records_of([(before, after)], [honest_offer((before, after), TERMS)], TERMS)
        rows = POSITION.forge(np.tile(rows_of(parts)["position"], (4, 1)), 0, name, 3)
        grown = 3 * (sizes[1] == -77 and name != "dealt")
        rows = POSITION.forge(rows, 0, "grown", grown)
        assert POSITION.failed(POSITION.forge(rows, 0, "steady", 0)) == claims


def test_cash_leaves_an_account_at_a_price_that_is_held_back() -> None:
    """Unless what it holds there is an asset, which counts for nothing."""
    holdings = (Holding(2**40, held(5)), Holding(2**40, held(5)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    paid = POSITION.forge(np.tile(rows_of(parts)["position"], (4, 1)), 0, "paid_out", 1)
    assert POSITION.failed(paid) == set()
    held_back = POSITION.forge(paid, 0, "steady", 0)
    assert POSITION.failed(held_back) == {"position.steady"}
    assert POSITION.failed(POSITION.forge(held_back, 0, "asset", 1)) == set()


FLAGS = ("active", "shrinks", "smaller", "liquidated", "kept", "needed")
ZONE_FLAGS = ("excused", "exempt", "deleveraged", "behind", "came", "stays", "due", "closed_out")


@pytest.mark.parametrize("flag", (*FLAGS, *ZONE_FLAGS))
def test_a_flag_that_is_no_bit(flag: str) -> None:
    holdings = (Holding(2**40, held(-77)), Holding(2**40, held(-77)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    rows = np.tile(rows_of(parts)["position"], (4, 1))
    assert "position.flags" in POSITION.failed(POSITION.forge(rows, 0, flag, 2))


COUNTING = market_terms(counting_asset(), BTC_PRICE, 0)
IDLE = market_terms(ASSETS[0], BTC_PRICE, 0)


def bought(terms: MarketTerms, **claimed: Any) -> Any:
    """Rows of an account that buys 72 lots of an asset, and is said to shrink."""
    holdings = (Holding(2**40, held(5)), Holding(2**40, held(77)))
    offer = honest_offer(holdings, (terms,))._replace(shrinks=True, **claimed)
    return np.tile(rows_of(records_of([holdings], [offer], (terms,)))["position"], (4, 1))


@pytest.mark.parametrize(("terms", "claims"), [(COUNTING, {"position.bought"}), (IDLE, set())])
def test_lots_of_an_asset_that_were_bought(terms: MarketTerms, claims: set[str]) -> None:
    """They are risk taken where they count, and an order of the account was filled there."""
    rows = bought(terms)
    assert POSITION.failed(rows) == set()
    for name, times in (("traded", 3), ("took", 2)):
        traded = POSITION.forge(POSITION.forge(rows, 0, name, times), 0, "grown", times)
        assert POSITION.failed(traded) == claims
        assert "position.grown" in POSITION.failed(POSITION.forge(traded, 0, "grown", 0))


def test_an_asset_that_counts_where_dollars_leave() -> None:
    """Over initial margin it counts for nothing there, and only there."""
    for paid_out, uncounted in ((0, 0), (1, 0), (2, 1)):
        rows = bought(COUNTING, paid_out=paid_out)
        assert POSITION.failed(rows) == set()
        lie = POSITION.forge(rows, 0, "uncounted", 1 - uncounted)
        assert "position.uncounted" in POSITION.failed(lie)
    holdings = (Holding(2**40, held(5)), Holding(2**40, held(4)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    perpetual = np.tile(rows_of(parts)["position"], (4, 1))
    lie = POSITION.forge(perpetual, 0, "uncounted", 1)
    assert "position.uncounted" in POSITION.failed(lie)


def test_who_is_deleveraged_took_nothing_there() -> None:
    holdings = (Holding(2**40, held(-77)), Holding(2**40, held(-5)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    rows = POSITION.forge(np.tile(rows_of(parts)["position"], (4, 1)), 0, "took", 1)
    assert POSITION.failed(rows) == set()
    assert "position.took-not" in POSITION.failed(POSITION.forge(rows, 0, "deleveraged", 1))
