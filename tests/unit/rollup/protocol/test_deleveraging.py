"""The rules of deleveraging on records made by hand: when, of whom, how far, and who may stay.

Whole batches that lie: tests/soundness/test_lies_deleveraging.py.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from rollup.protocol.constants import LADDER_BITS
from rollup.protocol.deleveraging import (
    is_full,
    require_full,
    require_whole,
    staying,
    zones_of,
)
from rollup.protocol.outcome import Valuation
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms, market_terms
from rollup.protocol.triggers import LONG, SHORT, Seat
from tests.helpers.venue import BTC, BTC_MARKET, BTC_PRICE, refusal

BACKSTOP, NEAR, FAR = 99, 1, 2
TERMS = market_terms(BTC_MARKET, BTC_PRICE, 0)
PLENTY = Valuation(10**9, 10**9, 10**9, 10**6)


def full(side: int = LONG, terms: MarketTerms = TERMS, **members: int) -> bool:
    return is_full(PLENTY._replace(**members), terms, side)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_backstop_is_full_for_want_of_initial_margin(side: int) -> None:
    assert full(side, initial=TERMS.initial - 1)
    assert not full(side, initial=TERMS.initial)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_backstop_is_full_for_want_of_safety(side: int) -> None:
    """A lot more may leave it above initial margin and below maintenance, whose sides count in
    whole buckets: nothing else would end a batch then."""
    relief = TERMS.reliefs[side]
    assert full(side, excess=relief - 1)
    assert not full(side, excess=relief)


def test_initial_margin_alone_may_be_too_little_where_buckets_are_coarse() -> None:
    terms = replace(TERMS, price=20_000, value=20_000, bucket=1_000, maintenance=400, initial=700)
    assert terms.reliefs == (1_000, 1_000)
    between = PLENTY._replace(initial=740, excess=740)
    assert is_full(between, terms, LONG)
    assert not is_full(between._replace(initial=1_000, excess=1_000), terms, LONG)


def test_a_backstop_is_full_for_want_of_a_ladder() -> None:
    """Another bucket of all that it has would be past what a proof can divide by."""
    edge = (1 << LADDER_BITS) - TERMS.bucket
    assert full(ladder=edge)
    assert not full(ladder=edge - 1)


def entry(lots: int = 0, before: Any = None) -> Any:
    return SimpleNamespace(
        positions=NO_POSITIONS.put(BTC, lots) if lots else {BTC: 0}, before=before
    )


def old(lots: int, trigger: int) -> Any:
    """An account as it was, with one position."""
    return SimpleNamespace(positions=NO_POSITIONS.put(BTC, lots), triggers=(trigger,), below=False)


def ledger(**accounts: Any) -> Any:
    named = {"backstop": BACKSTOP, "near": NEAR, "far": FAR}
    found = {named[name]: value for name, value in accounts.items()}
    return SimpleNamespace(accounts=found, existing=lambda index, _: found[index])


def ask_full(lots: int = 0, *, below: bool = False, liquidated: bool = False, **has: int) -> None:
    """Ask whether somebody short may be deleveraged beside a backstop that has lots."""
    closings: Any = {BACKSTOP: SimpleNamespace(after=PLENTY._replace(**has), below=below)}
    who = frozenset({BACKSTOP} if liquidated else ())
    backstop = ledger(backstop=entry(lots))
    require_full(backstop, {(BTC, SHORT): 5}, BACKSTOP, closings, (TERMS,), who)


def test_nobody_is_deleveraged_while_the_backstop_could_take_a_lot() -> None:
    ask_full(initial=TERMS.initial - 1)
    ask_full(initial=TERMS.initial - 1, lots=10)
    with pytest.raises(Rejected, match="backstop-not-full"):
        ask_full(initial=TERMS.initial)


def test_nobody_is_deleveraged_while_the_backstop_has_lots_of_that_side() -> None:
    """But its lots are no reason where it may take none: it is liquidated itself, or flagged."""
    with pytest.raises(Rejected, match="backstop-not-full"):
        ask_full(-10, initial=TERMS.initial - 1)
    ask_full(-10, initial=TERMS.initial - 1, below=True)
    ask_full(-10, initial=TERMS.initial - 1, liquidated=True)


def test_where_nobody_is_deleveraged_the_backstop_is_not_asked() -> None:
    require_full(ledger(), {}, BACKSTOP, {}, (TERMS,), frozenset())


def step(taker: int, route: Route = Route.DELEVERAGED) -> Any:
    return SimpleNamespace(takeover=Takeover(50, BTC, 5, 0, route, taker))


def test_a_zone_ends_at_the_lowest_trigger_that_was_asked() -> None:
    book = ledger(near=entry(before=old(-9, 700)), far=entry(before=old(-9, 650)))
    assert zones_of(book, [step(NEAR)]) == {(BTC, SHORT): 700}
    assert zones_of(book, [step(FAR), step(NEAR)]) == {(BTC, SHORT): 650}
    assert zones_of(book, [step(NEAR, Route.LIQUIDATED)]) == {}


def touched(index: int, before: Any, after: Any, *, exempt: bool = False) -> Any:
    return SimpleNamespace(index=index, before=before, after=after, exempt=exempt)


def whole(*accounts: Any, lowest: int) -> None:
    taken = frozenset((each.index, BTC) for each in accounts)
    require_whole(accounts, taken, {(BTC, SHORT): lowest})


def test_who_is_nearer_than_the_last_loses_all() -> None:
    part, nothing = old(-4, 700), SimpleNamespace(positions={BTC: 0})
    whole(touched(NEAR, old(-9, 700), nothing), touched(FAR, old(-9, 650), part), lowest=650)
    whole(touched(NEAR, old(-9, 700), part), lowest=700)
    lie = touched(NEAR, old(-9, 700), part)
    found = refusal(lambda: whole(lie, touched(FAR, old(-9, 650), nothing), lowest=650))
    assert found is Reason.DELEVERAGED_ORDER


@pytest.mark.parametrize(
    ("was", "exempt", "stays"),
    [(700, False, 0), (650, False, 1), (649, False, 1), (None, False, 1), (700, True, 1)],
    ids=["it was nearer", "it was last", "behind", "it came", "it was dealt with"],
)
def test_who_may_stay_in_a_zone(was: int | None, exempt: bool, stays: int) -> None:
    before = None if was is None else old(-9, was)
    found = staying([touched(NEAR, before, old(-9, 690), exempt=exempt)], {(BTC, SHORT): 650})
    assert found == ({Seat(BTC, SHORT, 690): 1} if stays else {})
    behind = staying([touched(NEAR, before, old(-9, 650), exempt=exempt)], {(BTC, SHORT): 650})
    assert not behind
