"""Lies about orders that take lots of liquidated accounts, and about what orders are marked as.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import BatchRecords, Records
from rollup.protocol import actions, by_order, liquidation
from rollup.protocol.batch import Batch
from rollup.protocol.order import PEG_BIAS, Order, TimeInForce
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import full_rest
from tests.helpers.fallen import LONG, RICH, SHORT, WELL, Fallen, fallen
from tests.helpers.lies import Liar, claim_closings, forge, overfilled
from tests.helpers.market_books import unsigned_reports
from tests.helpers.statement import claims_broken_in
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    ByOrder,
    Match,
    buy,
    real,
    sell,
)

SLOT = 7
BELOW = BTC_PRICE - 2_000
"""A price of bids: less than a quarter of the fee below the oracle's."""

BELOW_CLAIMS = {"account.below-shrinks", "account.below-trades-not"}


@pytest.fixture
def place() -> Fallen:
    return fallen(real())


@pytest.fixture
def liar(place: Fallen, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def bid(size: int, price: int = BELOW, account: int = RICH, **marks: Any) -> Order:
    return buy(account, size, price, **{"slot": SLOT, "when_clamped": True, **marks})


def take(
    order: Order, size: int, account: int = LONG, price: int = BELOW, rest: int | None = None
) -> ByOrder:
    return ByOrder(order, account, size, price, rest)


def batch_of(place: Fallen, *takes: ByOrder, **others: Any) -> Batch:
    return place.venue.batch(by_orders=takes, **others)


@pytest.fixture
def lots(place: Fallen) -> int:
    """What a long must lose."""
    return place.needed(LONG)


def test_honest_takeovers_by_orders_break_nothing(place: Fallen, liar: Liar, lots: int) -> None:
    """Two bids and the backstop share a long; an offer closes a short, which is exhausted."""
    terms = place.terms[ETH]
    price, left = ETH_PRICE + 500, place.equity(SHORT)
    offer = sell(WELL, 5_000, price, slot=SLOT, market=ETH, when_clamped=True)
    rest = full_rest(4_200, price, offer.side, terms) - 4_200 * terms.liquidation_fee + left
    first, second = bid(200), bid(100, BTC_PRICE + 700, WELL, slot=SLOT + 1)
    batch = batch_of(
        place,
        take(second, 100, price=BTC_PRICE + 700),
        take(first, 150),
        take(offer, 4_200, SHORT, price, rest),
        takeovers=[place.takeover(LONG, lots - 250)],
        matches=[Match(buy(RICH, 9, slot=9), sell(WELL, 9, slot=9), 9)],
    )
    outcome = liar.outcome(batch)
    assert outcome.public.closed and SHORT in outcome.steps.exhausted
    assert liar.claims(batch) == set()


def test_of_a_healthy_account(place: Fallen, liar: Liar) -> None:
    """A friend picks lots at a price of his own."""
    price = ETH_PRICE - 500
    order = buy(RICH, 100, price, slot=SLOT, market=ETH, when_clamped=True)
    batch = batch_of(place, take(order, 100, WELL, price))
    assert liar.refusal(batch) is Reason.NOT_LIQUIDATABLE
    liar.blind("require_liquidatable", by_order)
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.liquidatable", "account.needed"}


def test_an_order_of_the_account_itself(place: Fallen, liar: Liar) -> None:
    """It would buy its own lots of itself, and be left alone."""
    batch = batch_of(place, take(bid(100, account=LONG), 100))
    assert liar.refusal(batch) is Reason.LIQUIDATED_SIGNED
    liar.blind("require_unsigned", by_order)
    claim_closings(liar.monkeypatch, (LONG,))
    assert {"fill.distinct-accounts", "account.liquidated-unsigned"} <= liar.claims(batch)


def test_an_order_that_takes_while_another_one_of_the_account_trades(
    place: Fallen, liar: Liar, lots: int
) -> None:
    trade = Match(buy(WELL, 10, slot=5), sell(LONG, 10, slot=5), 10)
    batch = batch_of(place, take(bid(lots), lots - 10), matches=[trade])
    assert liar.refusal(batch) is Reason.LIQUIDATED_SIGNED
    liar.blind("require_unsigned", by_order)
    liar.blind("require_needed")
    claim_closings(liar.monkeypatch, (LONG,))
    assert "account.liquidated-unsigned" in liar.claims(batch)


def test_a_worse_price_than_a_quarter_of_the_fee_below(
    place: Fallen, liar: Liar, lots: int
) -> None:
    """What a friend pays less is the backstop's loss."""
    least = place.terms[BTC].least_bid
    order = bid(lots, 2**29)
    assert liar.claims(batch_of(place, take(order, lots, price=least))) == set()
    batch = batch_of(place, take(order, lots, price=least - 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_PRICE
    liar.bend("require_price", lambda *_: None, by_order)
    assert liar.claims(batch) == {"fill.band"}


def test_a_worse_price_than_the_fee_below(place: Fallen, liar: Liar, lots: int) -> None:
    """Then the account itself would get less than from the backstop."""
    terms = place.terms[BTC]
    price = terms.price - terms.liquidation_fee - 1
    batch = batch_of(place, take(bid(lots, 2**29), lots, price=price, rest=0))
    assert liar.refusal(batch) is Reason.TAKEOVER_PRICE
    liar.bend("require_price", lambda *_: None, by_order)
    assert liar.refusal(batch) is Reason.TAKEOVER_REST
    liar.bend("require_rest", lambda *_: -lots, by_order)
    liar.bend("require_rests_paid", lambda *_: frozenset())
    found = liar.claims(batch)
    assert {"fill.band", "fill.rest"} <= found


def test_a_price_above_the_band(place: Fallen, liar: Liar, lots: int) -> None:
    """The backstop gains what its friend's friend loses."""
    price = place.terms[BTC].band_high + 1
    batch = batch_of(place, take(bid(lots, 2**29), lots, price=price))
    assert liar.refusal(batch) is Reason.TAKEOVER_PRICE
    liar.bend("require_price", lambda *_: None, by_order)
    assert liar.claims(batch) == {"fill.band"}


def test_a_price_outside_the_limit(place: Fallen, liar: Liar, lots: int) -> None:
    batch = batch_of(place, take(bid(lots, BELOW - 1), lots))
    assert liar.refusal(batch) is Reason.PRICE_OUTSIDE_LIMIT
    liar.bend("require_price", lambda *_: None, by_order)
    assert liar.claims(batch) == {"fill.limit"}


@pytest.mark.parametrize("away", [-2_001, 2_001 - 2**19])
def test_a_price_outside_the_signed_offset(place: Fallen, liar: Liar, lots: int, away: int) -> None:
    order = bid(lots, PEG_BIAS + away, pegged=True)
    honest = replace(order, price=PEG_BIAS - 2_000)
    assert liar.claims(batch_of(place, take(honest, lots))) == set()
    batch = batch_of(place, take(order, lots))
    assert liar.refusal(batch) is Reason.PRICE_OUTSIDE_LIMIT
    liar.bend("require_price", lambda *_: None, by_order)
    assert liar.claims(batch) == {"fill.limit"}


def test_a_pair_that_is_not_in_the_list(place: Fallen, liar: Liar, lots: int) -> None:
    """Two accounts below maintenance, one of which has the order: both are relieved at a price of
    theirs."""
    offer = buy(SHORT, 100, BELOW, slot=SLOT, when_clamped=True)
    batch = batch_of(place, take(offer, 100), takeovers=[place.takeover(SHORT, 1_000)])
    assert liar.refusal(batch) is Reason.LIQUIDATED_SIGNED
    liar.blind("require_unsigned", by_order)
    liar.blind("require_unsigned", liquidation)
    claim_closings(liar.monkeypatch, (SHORT, LONG), grew=False)
    assert "account.liquidated-unsigned" in liar.claims(batch)


def test_more_than_the_account_has(place: Fallen, liar: Liar) -> None:
    """It is given a position of a side that it never asked for."""
    batch = batch_of(place, take(bid(2_000), 1_600))
    assert liar.refusal(batch) is Reason.TAKEOVER_SIZE
    liar.blind("_require_lots", by_order)
    liar.blind("require_equity")
    liar.blind("require_needed")
    claim_closings(liar.monkeypatch, (LONG,), grew=False)
    found = liar.claims(batch)
    assert found - {"account.liquidated-equity", "account.needed"} == {"position.no-flip"}


def test_of_the_other_side(place: Fallen, liar: Liar) -> None:
    """A short is sold more: what an order buys is never owed."""
    order = buy(RICH, 100, ETH_PRICE, slot=SLOT, market=ETH, when_clamped=True)
    batch = batch_of(place, take(order, 100, SHORT, ETH_PRICE))
    assert liar.refusal(batch) is Reason.TAKEOVER_SIZE
    liar.blind("_require_lots", by_order)
    liar.blind("require_equity")
    liar.blind("require_needed")
    claim_closings(liar.monkeypatch, (SHORT,), grew=False)
    found = liar.claims(batch)
    assert {"fill.taken", "position.taken", "position.not-grown"} <= found


def test_one_lot_too_many(place: Fallen, liar: Liar, lots: int) -> None:
    batch = batch_of(place, take(bid(lots + 2), lots + 2))
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.needed"}


def test_a_debt(place: Fallen, liar: Liar) -> None:
    """The whole rest is more than the account has."""
    order = sell(RICH, 4_200, ETH_PRICE, slot=SLOT, market=ETH, when_clamped=True)
    batch = batch_of(place, take(order, 4_200, SHORT, ETH_PRICE))
    assert liar.refusal(batch) is Reason.LIQUIDATED_EQUITY
    liar.blind("require_equity")
    claim_closings(liar.monkeypatch, (SHORT,), below=False)
    assert "account.liquidated-equity" in liar.claims(batch)


def test_less_left_to_the_backstop_than_is_due(place: Fallen, liar: Liar, lots: int) -> None:
    """A friend is liquidated for less than others, and has something left."""
    whole = full_rest(lots, BELOW, bid(1).side, place.terms[BTC])
    batch = batch_of(place, take(bid(lots), lots, rest=whole - 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_REST
    liar.bend("require_rests_paid", lambda *_: frozenset())
    assert liar.claims(batch) == {"fill.rest-waived"}
    liar.bend("require_rests_paid", lambda *_: frozenset({LONG}))
    assert liar.claims(batch) == {"account.exhausted"}


def test_more_left_to_the_backstop_than_is_due(place: Fallen, liar: Liar, lots: int) -> None:
    """The account gets less than the backstop would give it."""
    whole = full_rest(lots, BELOW, bid(1).side, place.terms[BTC])
    batch = batch_of(place, take(bid(lots), lots, rest=whole + 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_REST
    liar.bend("require_rest", lambda *_: whole, by_order)
    liar.bend("require_rests_paid", lambda *_: frozenset())
    assert "fill.rest" in liar.claims(batch)


def with_batch(records: Records, **changes: Any) -> Records:
    return replace(records, batch=replace(records.batch, **changes))


def test_a_rest_that_nobody_is_credited(place: Fallen, liar: Liar, lots: int) -> None:
    outcome = liar.outcome(batch_of(place, take(bid(lots), lots)))
    records = replay(outcome)
    found = claims_broken_in(with_batch(records, rested=0), outcome.public)
    assert {"batch.rests"} <= found
    nothing = np.zeros(4, dtype=np.int64)
    lie = with_batch(records, rested=0, rests=0, rest_sums=nothing)
    assert "batch.fees" in claims_broken_in(lie, outcome.public)


def test_a_rest_for_a_friend(place: Fallen, liar: Liar, lots: int) -> None:
    honest = by_order.credit_rests

    def credit_rests(ledger: Any, backstop: int, steps: Any, refreshed: int) -> Any:
        assert (backstop, refreshed) == (GOVERNANCE.backstop_account, 0)
        return honest(ledger, RICH, steps)

    batch = batch_of(place, take(bid(lots), lots))
    liar.bend("credit_rests", credit_rests)
    assert "batch.backstop" in liar.claims(batch)


def test_more_credited_than_was_left(place: Fallen, liar: Liar, lots: int) -> None:
    outcome = liar.outcome(batch_of(place, take(bid(lots), lots)))
    records = replay(outcome)
    batch: BatchRecords = records.batch
    cash = replace(batch.rest_cash, after=batch.rest_cash.after + np.uint64(1))
    assert "batch.credit" in claims_broken_in(with_batch(records, rest_cash=cash), outcome.public)


def test_an_order_that_did_not_agree_to_such_prices(place: Fallen, liar: Liar, lots: int) -> None:
    order = bid(lots, when_clamped=False)
    assert liar.claims(batch_of(place, take(order, lots))) == set()
    clamped(place)
    batch = batch_of(place, take(order, lots))
    assert liar.refusal(batch) is Reason.TAKEOVER_UNSTEADY
    liar.bend("require_when_clamped", lambda *_, **__: None, by_order)
    assert liar.claims(batch) == {"fill.when-clamped"}


def test_an_order_that_did_not_agree_to_prices_of_an_open_step(
    place: Fallen, liar: Liar, lots: int
) -> None:
    """They were fresh as it began, and stand since."""
    first = place.venue.run(place.venue.batch(refreshed=[LONG, SHORT]))
    assert first.public.book_after.is_open and first.public.book_after.markets[BTC].is_steady
    assert liar.claims(batch_of(place, take(bid(lots), lots))) == set()
    batch = batch_of(place, take(bid(lots, when_clamped=False), lots))
    assert liar.refusal(batch) is Reason.TAKEOVER_UNSTEADY
    liar.bend("require_when_clamped", lambda *_, **__: None, by_order)
    assert liar.claims(batch) == {"fill.when-clamped"}


def clamped(place: Fallen) -> None:
    """The price of BTC is held back."""
    reported = (2 * BTC_PRICE, ETH_PRICE)
    place.venue.reports = unsigned_reports(GOVERNANCE, BTC, ETH, prices=reported)


def test_who_takes_may_grow_at_a_price_that_is_held_back(
    place: Fallen, liar: Liar, lots: int
) -> None:
    clamped(place)
    outcome = liar.outcome(batch_of(place, take(bid(lots), lots)))
    assert outcome.public.book_after.markets[BTC].clamped
    assert liar.claims(batch_of(place, take(bid(lots), lots))) == set()


def test_who_takes_and_meets_an_order_has_not_grown_at_a_price_held_back(
    place: Fallen, liar: Liar, lots: int
) -> None:
    """The lots that it took are risk that its other order did not agree to keep small."""
    clamped(place)
    trade = Match(buy(WELL, 10, slot=5), sell(RICH, 10, slot=5), 10)
    batch = batch_of(place, take(bid(lots, account=WELL), lots), matches=[trade])
    assert liar.refusal(batch) is Reason.MARKET_UNSTEADY
    liar.blind("require_shrinking")
    assert liar.claims(batch) == {"position.unsteady-shrinks"}


def test_an_order_that_takes_where_no_price_is_known(place: Fallen, liar: Liar, lots: int) -> None:
    """Pegged to it, it would have no limit."""
    place.venue.reports = unsigned_reports(GOVERNANCE, ETH)
    order = bid(lots, PEG_BIAS - 2_000, pegged=True)
    batch = batch_of(place, take(order, lots))
    assert liar.refusal(batch) is Reason.MARKET_MISSING
    liar.blind("require_prices_known")
    assert liar.claims(batch) == {"market.missing-untraded"}
    by_backstop = batch_of(place, takeovers=[place.takeover(LONG, lots)])
    assert liar.claims(by_backstop) == set()


def test_an_order_taken_past_its_size(place: Fallen, liar: Liar, lots: int) -> None:
    order = bid(lots - 1, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    batch = batch_of(place, take(order, lots))
    assert liar.refusal(batch) is Reason.OVERFILLED
    liar.bend("filled", overfilled, actions)
    assert liar.claims(batch) == {"fill.left"}


def test_a_taker_without_the_margin(place: Fallen, liar: Liar, lots: int) -> None:
    """Somebody takes risk with nothing behind it, because others are in need."""
    order = buy(SHORT, lots, BELOW, slot=SLOT, when_clamped=True)
    batch = batch_of(place, take(order, lots))
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, (SHORT,))
    found = liar.claims(batch)
    assert {"account.initial"} <= found <= {"account.initial", *BELOW_CLAIMS}


def test_a_batch_made_anew(place: Fallen, liar: Liar, lots: int) -> None:
    """Which bids take is chosen with the knowledge of what came later."""
    batch = forge(batch_of(place, take(bid(lots), lots)), redo=True)
    assert liar.refusal(batch) is Reason.REDO_FILLS
    liar.blind("require_follows")
    assert liar.claims(batch) == {"fill.redo"}


# What orders are marked as, where they meet each other.


@pytest.mark.parametrize(
    ("order", "other", "size"),
    [
        (sell(WELL, 99, slot=3, market=ETH, price=1, reduce_only=True), buy, 99),
        (buy(WELL, 1, 2**29, slot=3, market=ETH, reduce_only=True), sell, 1),
        (sell(WELL, 5_000, slot=3, market=ETH, price=1, reduce_only=True), buy, 4_201),
        (buy(WELL, 1, 2**29, slot=3, reduce_only=True), sell, 1),
    ],
    ids=["it reduces", "it grows", "it flips", "there is nothing to reduce"],
)
def test_a_reduce_only_order_that_does_not_reduce(
    place: Fallen, liar: Liar, order: Order, other: Any, size: int
) -> None:
    price = ETH_PRICE if order.market == ETH else BTC_PRICE
    met = other(RICH, size, price, slot=4, market=order.market)
    pair = (met, order) if other is buy else (order, met)
    batch = place.venue.batch(matches=[Match(*pair, size, price)])
    if size == 99:
        assert liar.claims(batch) == set()
        return
    assert liar.refusal(batch) is Reason.REDUCE_ONLY
    liar.blind("require_reduce_only", by_order)
    assert liar.claims(batch) == {"fill.reduce-only"}


def test_dust(place: Fallen, liar: Liar) -> None:
    """Positions that grew, and are smaller than the least order."""
    markets = tuple(replace(market, least_order=50) for market in GOVERNANCE.markets)
    place.venue.genesis = replace(
        place.venue.genesis, governance=replace(GOVERNANCE, markets=markets)
    )
    terms = {"slot": 3, "market": ETH, "price": ETH_PRICE}
    match = Match(buy(RICH, 49, **terms), sell(WELL, 49, **terms), 49, ETH_PRICE)
    batch = place.venue.batch(matches=[match])
    assert liar.refusal(batch) is Reason.LEAST_ORDER
    liar.blind("require_no_dust")
    assert liar.claims(batch) == {"position.not-grown"}
