"""What the backstop takes of an account below maintenance margin: as little as is needed."""

from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from rollup.protocol.holding import Holding
from rollup.protocol.liquidation import require_needed
from rollup.protocol.margin import excess, value
from rollup.protocol.order import Side
from rollup.protocol.positions import Positions
from rollup.protocol.shape_class import CLASS_S
from rollup.protocol.takeover import Route, full_fee
from rollup.protocol.terms import MarketTerms
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import (
    BatchClosed,
    Deleveraged,
    Event,
    Liquidated,
    OrderEnded,
    OrderRefused,
    Traded,
    VenueReason,
)
from sequencer.engine.holder import Holder
from sequencer.engine.liquidation import Taking, lost, takings
from sequencer.engine.work import Work
from tests.helpers import market_books
from tests.strategies import venues

USDC = 10**6
BTC, ETH = venues.PRICES
BACKSTOP = venues.GOVERNANCE.backstop_account
LONG, MAKER = 1, 2
SIZE = 10_000


def terms_at(btc: int, eth: int = ETH) -> tuple[MarketTerms, ...]:
    return market_books.terms_at((btc, eth), venues.GOVERNANCE)


def holding(cash: int, *held: tuple[int, int]) -> Holding:
    return Holding(cash, Positions(held))


def after(account: Holding, chosen: tuple[Taking, ...], terms: tuple[MarketTerms, ...]) -> Holding:
    return lost(account, chosen, terms)


def test_one_lot_less_would_not_be_enough() -> None:
    terms = terms_at(BTC)
    account = holding(-SIZE * BTC + SIZE * BTC // 25, (0, SIZE))
    assert excess(account, terms) < 0
    (taking,) = takings(account, terms)
    assert 0 < taking.size < SIZE and taking.fee == full_fee(taking.size, terms[0])
    assert excess(after(account, (taking,), terms), terms) >= 0
    fewer = taking.size - 1
    less = Taking(0, fewer, full_fee(fewer, terms[0]))
    assert excess(after(account, (less,), terms), terms) < 0


def test_lots_that_relieve_most_go_first() -> None:
    terms = terms_at(BTC)
    cash = -SIZE * BTC + SIZE * ETH + SIZE * (BTC + ETH) // 20
    account = holding(cash, (0, SIZE), (1, -SIZE))
    assert excess(account, terms) < 0
    assert [taking.market for taking in takings(account, terms)] == [0]


def test_a_second_market_goes_where_the_first_is_not_enough() -> None:
    terms = terms_at(BTC)
    account = holding(-SIZE * BTC + SIZE * ETH + SIZE * 29_000, (0, SIZE), (1, -SIZE))
    first, second = takings(account, terms)
    assert (first.market, first.size, second.market) == (0, SIZE, 1)
    assert 0 < second.size < SIZE
    assert excess(after(account, (first, second), terms), terms) >= 0


def test_an_exhausted_account_pays_what_it_has_and_owes_nothing() -> None:
    terms = terms_at(BTC)
    account = holding(-SIZE * BTC + 77 * USDC, (0, SIZE))
    assert 0 < value(account, terms).equity < full_fee(SIZE, terms[0])
    chosen = takings(account, terms)
    assert chosen == (Taking(0, SIZE, 77 * USDC),)
    assert after(account, chosen, terms) == holding(0)


def test_of_less_than_nothing_nothing_can_be_taken() -> None:
    terms = terms_at(BTC)
    account = holding(-SIZE * BTC - 1, (0, SIZE))
    assert takings(account, terms) == ()


def random_account(random: Random, terms: tuple[MarketTerms, ...]) -> Holding:
    """Below maintenance margin, and with no less than nothing."""
    while True:
        sizes = [(market, random.choice((-1, 1)) * random.randrange(1, 10**6)) for market in (0, 1)]
        held = tuple(sorted(random.sample(sizes, random.randint(1, 2))))
        owed = sum(size * terms[market].value for market, size in held)
        needed = sum(abs(size) * terms[market].maintenance for market, size in held)
        account = holding(-owed + random.randrange(needed), *held)
        if excess(account, terms) < 0:
            return account


@pytest.mark.parametrize("seed", range(4))
def test_every_account_with_something_left_has_an_ending(seed: int) -> None:
    random = Random(seed)
    for _ in range(500):
        terms = terms_at(random.randrange(2**11, 2**23), random.randrange(2**11, 2**23))
        account = random_account(random, terms)
        chosen = takings(account, terms)
        end = after(account, chosen, terms)
        assert excess(end, terms) >= 0 and value(end, terms).equity >= 0
        full = [taking.fee == full_fee(taking.size, terms[taking.market]) for taking in chosen]
        assert all(full) or value(end, terms).equity == 0
        for market, size, _ in chosen:
            assert 0 < size <= abs(account.positions[market])


def dear(fee: int, btc: int, eth: int) -> tuple[MarketTerms, ...]:
    """Terms under a liquidation fee in ten-thousandths, of a maintenance margin of 500."""
    margins = {"maintenance_fraction": 500, "initial_fraction": 1000}
    markets = tuple(
        replace(each, liquidation_fee=fee, **margins) for each in venues.GOVERNANCE.markets
    )
    governance = replace(venues.GOVERNANCE, markets=markets)
    return market_books.terms_at((btc, eth), governance)


@pytest.mark.parametrize("lots", [1, 2, 5, 20])
@pytest.mark.parametrize("fee", [200, 250, 260, 300, 400, 489])
def test_coarse_lots_at_dear_fees_have_an_ending(lots: int, fee: int) -> None:
    """No part that keeps half its share for ever, and no whole that may not be, is left over."""
    random = Random(lots * fee)
    for _ in range(100):
        terms = dear(fee, random.randrange(2**11, 2**23), random.randrange(2**11, 2**23))
        held = ((0, random.choice((-lots, lots))), (1, random.choice((-lots, lots))))
        account = below(random, terms, held[: random.randint(1, 2)])
        chosen = takings(account, terms)
        end = after(account, chosen, terms)
        assert excess(end, terms) >= 0 and value(end, terms).equity >= 0
        needed(account, end, chosen, terms)


def below(
    random: Random, terms: tuple[MarketTerms, ...], held: tuple[tuple[int, int], ...]
) -> Holding:
    """An account that holds this, below maintenance and with no less than nothing."""
    owed = sum(size * terms[market].value for market, size in held)
    margin = -excess(holding(-owed, *held), terms)
    return holding(-owed + random.randrange(margin), *held)


def needed(
    old: Holding, end: Holding, chosen: tuple[Taking, ...], terms: tuple[MarketTerms, ...]
) -> None:
    """What the rules ask of who is liquidated, unless they refuse it."""
    entry = SimpleNamespace(holding_before=old, positions=end.positions)
    ledger: Any = SimpleNamespace(accounts={LONG: entry}, place=str)
    found: Any = SimpleNamespace(below=False, after=value(end, terms))
    assert chosen
    require_needed(ledger, LONG, terms, found)


def open_batch(state: CoreState, btc: int = BTC, **others: object) -> list[Event]:
    is_open = state.market_book.is_open
    times = (state.number + 1, state.time + 1_000)
    opening = venues.opening(*times, (btc, ETH), is_open=is_open)
    return step(state, replace(opening, **others))  # type: ignore[arg-type]


def close(state: CoreState) -> BatchClosed:
    closed = step(state, CloseBatch())[-1]
    assert isinstance(closed, BatchClosed)
    return closed


def long_account(backstop: int = 1_000_000 * USDC) -> CoreState:
    """Account 1 is long at about ten times its cash, and has two orders that rest; the batch is
    closed."""
    state = new_state(venues.genesis())
    entries = [
        venues.registration(0, LONG, 700 * USDC),
        venues.registration(1, MAKER, 10**6 * USDC),
        venues.registration(2, 3, 10**6 * USDC),
    ]
    if backstop:
        entries.append(venues.credit(3, BACKSTOP, backstop))
    open_batch(state, deposits=tuple(entries))
    step(state, Submit(venues.order(MAKER, Side.SELL, BTC, SIZE)))
    events = step(state, Submit(venues.order(LONG, Side.BUY, BTC, SIZE)))
    assert any(isinstance(event, Traded) for event in events)
    for slot, market in ((5, 0), (6, 1)):
        price = (BTC, ETH)[market] * 98 // 100
        step(state, Submit(venues.order(LONG, Side.BUY, price, 10, slot=slot, market=market)))
    close(state)
    return state


FALLEN = BTC * 93 // 100


def test_a_liquidated_account_is_told_and_its_orders_end() -> None:
    state = long_account()
    events = open_batch(state, FALLEN)
    ended = [each.key for each in events if isinstance(each, OrderEnded)]
    assert ended == [(LONG, 5, 0), (LONG, 6, 0)]
    reasons = {each.reason for each in events if isinstance(each, OrderEnded)}
    assert reasons == {VenueReason.LIQUIDATED}
    (told,) = [each for each in events if isinstance(each, Liquidated)]
    assert (told.account, told.market, told.price) == (LONG, 0, FALLEN)
    assert told.side is Side.SELL and told.fee > 0
    held = state.ledger.holders
    assert held[LONG].holding.positions[0] == SIZE - told.size
    assert held[BACKSTOP].holding.positions[0] == told.size
    (takeover,) = close(state).takeovers
    assert (takeover.account, takeover.market) == (LONG, 0)
    assert (takeover.size, takeover.fee) == (told.size, told.fee)


def test_no_order_of_it_is_taken_in_that_batch_and_the_next_one_takes_them() -> None:
    state = long_account()
    open_batch(state, FALLEN)
    order = venues.order(LONG, Side.SELL, FALLEN, 5, slot=9)
    (refused,) = step(state, Submit(order))
    assert isinstance(refused, OrderRefused) and refused.reason is VenueReason.LIQUIDATED
    close(state)
    open_batch(state, FALLEN)
    assert not isinstance(step(state, Submit(order))[0], OrderRefused)


@pytest.mark.parametrize("room", [1, CLASS_S.triggers])
def test_of_whom_a_batch_has_no_room_for_nothing_is_asked(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full batch in a crash would cost as much as there are accounts due."""
    asked: list[int] = []

    def nothing(state: CoreState, work: Work, account: int) -> tuple[list[Event], bool]:
        asked.append(account)
        return [], False

    state = long_account()
    monkeypatch.setattr("sequencer.engine.due.liquidate", nothing)
    state.ledger.shape_class = replace(CLASS_S, triggers=room)
    open_batch(state, FALLEN)
    assert asked == ([LONG] if room > 1 else [])


def test_a_deposit_in_time_rescues() -> None:
    state = long_account()
    events = open_batch(state, FALLEN, deposits=(venues.credit(4, LONG, 700 * USDC),))
    assert not any(isinstance(each, Liquidated) for each in events)
    assert close(state).takeovers == ()


def test_without_margin_of_the_backstop_and_with_nobody_in_line_nothing_is_taken() -> None:
    """What is owed to the account is in no index here: nobody's lots can be closed."""
    state = long_account(backstop=0)
    for account, holder in state.ledger.holders.items():
        if holder.holding.positions[0] < 0:
            state.ledger.index.drop(account, holder)
    events = open_batch(state, FALLEN)
    assert not any(isinstance(each, Liquidated | OrderEnded) for each in events)
    assert state.ledger.holders[LONG].holding.positions[0] == SIZE


def test_without_margin_of_the_backstop_lots_of_the_other_side_are_closed() -> None:
    state = long_account(backstop=0)
    told = [each for each in open_batch(state, FALLEN) if isinstance(each, Deleveraged)]
    lost = SIZE - state.ledger.holders[LONG].holding.positions[0]
    assert sum(each.size for each in told) == lost > 0
    takeovers = close(state).takeovers
    assert {each.route for each in takeovers} == {Route.DELEVERAGED}
    assert {each.fee for each in takeovers} == {0}


def fallen_fee_account() -> CoreState:
    """The fee account holds lots, and so little cash that at FALLEN it cannot pay the whole fee of
    a liquidation."""
    state = long_account()
    fees = venues.GOVERNANCE.fee_account
    left = full_fee(SIZE, terms_at(FALLEN)[0]) // 2
    owned = holding(-SIZE * FALLEN + left, (0, SIZE))
    state.ledger.holders[fees].holding = owned
    state.ledger.holders[LONG].holding = holding(10**6 * USDC)
    state.ledger.index.put(fees, Holder(state.ledger.holders[fees].header, owned, below=True))
    return state


def test_no_fee_reaches_an_exhausted_fee_account() -> None:
    """It ends its batch with exactly nothing (take.fee): a fee of a fill would be something, and
    the batch would have no proof."""
    state, fees = fallen_fee_account(), venues.GOVERNANCE.fee_account
    events = open_batch(state, FALLEN)
    assert [each.account for each in events if isinstance(each, Liquidated)] == [fees]
    for account, side in ((MAKER, Side.SELL), (LONG, Side.BUY)):
        step(state, Submit(venues.order(account, side, FALLEN, 50, slot=9)))
    closed = close(state)
    assert closed.takeovers and not closed.fills
    assert state.ledger.holders[fees].holding == holding(0)
    assert any(isinstance(each, Traded) for each in open_batch(state, FALLEN))
