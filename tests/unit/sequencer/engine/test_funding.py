"""Funding in the core: what it holds of a fill and of an hour is what the rules say."""

import pytest

from rollup.protocol.funding import HOUR_MS
from rollup.protocol.order import Side
from rollup.protocol.trade import fee, moved
from sequencer.batches.batcher import Batcher
from sequencer.engine.command import CloseBatch, OpenBatch, Submit
from sequencer.engine.core import step
from sequencer.engine.event import BatchClosed
from sequencer.engine.meeting import size_limit
from sequencer.engine.state import CoreState, new_state
from tests.helpers.market_books import book_of, unsigned_reports
from tests.strategies import venues

RICH = 10**6 * 10**6
PRICE = venues.PRICES[0]
F = (1_234, -567)


def charged() -> tuple[CoreState, Batcher]:
    """A venue after hours of funding, as core and rules have it."""
    core, batcher = new_state(venues.genesis()), venues.batcher()
    time = venues.START_MS
    book = book_of(venues.PRICES, venues.GOVERNANCE, funding=F, time=time)
    core.market_book = batcher.state.book = book
    return core, batcher


def closed(core: CoreState) -> BatchClosed:
    last = step(core, CloseBatch())[-1]
    assert isinstance(last, BatchClosed)
    return last


def opened(core: CoreState, time: int, *markets: int) -> None:
    entries = tuple(venues.registration(place, place + 1, RICH) for place in range(2))
    reports = unsigned_reports(venues.GOVERNANCE, *markets, prices=venues.PRICES)
    step(core, OpenBatch(1, time, venues.PRICES, entries, reports=reports))


@pytest.mark.parametrize("taker", list(Side))
def test_a_fill_moves_price_less_funding_and_pays_fees_on_the_price(taker: Side) -> None:
    core, batcher = charged()
    opened(core, venues.START_MS + 1_000, 0, 1)
    for account, side in ((1, Side.BUY), (2, Side.SELL))[:: -1 if taker is Side.BUY else 1]:
        step(core, Submit(venues.order(account, side, PRICE, 700)))
    assert batcher.close(closed(core), core).outcome.public.book_before.markets[0].funding == F[0]
    paid = moved(700, PRICE, F[0])
    assert paid == 700 * (PRICE - F[0])
    rates = (500, 200) if taker is Side.BUY else (200, 500)
    for account, sign, rate in ((1, -1, rates[0]), (2, 1, rates[1])):
        cash = core.ledger.holders[account].holding.cash
        assert cash == RICH + sign * paid - fee(700 * PRICE, rate)


def test_the_book_moves_on_with_the_batch_and_not_before() -> None:
    core, batcher = charged()
    before = core.market_book
    opened(core, venues.START_MS + HOUR_MS, 0, 1)
    assert core.market_book == before and core.work is not None
    assert core.work.terms[0].funding == F[0] + 100 * PRICE // (8 * 10**6)
    done = batcher.close(closed(core), core)
    assert core.market_book == batcher.state.book == done.outcome.public.book_after != before


def test_a_fill_is_no_larger_than_what_it_moves_may_be() -> None:
    assert size_limit(600_000, 0) == (2**52 - 1) // 600_000
    most = size_limit(1_024, -(2**28))
    assert moved(most, 1_024, -(2**28)) < 2**62 <= (most + 1) * (1_024 + 2**28)
    assert size_limit(1_024, 1_024) == (2**52 - 1) // 1_024
