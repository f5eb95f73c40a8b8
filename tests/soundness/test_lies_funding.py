"""Lies about funding: a fill without it, at another rate, sign or time, and margins beside it."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.statement.inputs import risk_numbers, trade_numbers
from circuits.statement.replay import replay
from rollup.protocol.funding import HOUR_MS
from rollup.protocol.outcome import Outcome
from tests.helpers.lies import Liar, forge
from tests.helpers.market_books import book_of, terms_at, unsigned_reports
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import BTC, PRICES

F = (1_234, -567)


@pytest.fixture
def charged(liar: Liar) -> Liar:
    """The liar's venue after hours of funding: F of each market is far from 0."""
    liar.venue.state.book = book_of(PRICES, funding=F, time=liar.venue.state.globals.time)
    return liar


def test_fills_and_margins_at_price_less_funding_are_proved(charged: Liar) -> None:
    outcome = charged.outcome(charged.trade())
    (step,) = outcome.steps.fills
    assert step.moved == 100 * (PRICES[BTC] - F[BTC]) != step.notional
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda size, price, funding: size * price, id="a fill without its offset"),
        pytest.param(lambda size, price, funding: size * (price + funding), id="another sign"),
        pytest.param(lambda size, price, funding: size * (price - 1_233), id="another rate"),
    ],
)
def test_a_fill_that_moves_other_cash(charged: Liar, lie) -> None:  # type: ignore[no-untyped-def]
    batch = charged.trade()
    charged.bend("moved", lie)
    assert charged.claims(batch) == {"fill.moved"}


def bent(outcome: Outcome, funding: tuple[int, int]) -> Outcome:
    """The public input says that the batch before left other funding."""
    public = outcome.public
    book = book_of(PRICES, funding=funding, time=public.time)
    return forge(outcome, public=replace(public, book_before=book))


@pytest.mark.parametrize("funding", [(0, 0), (1_235, -567), (-1_234, -567), (1_234, 567)], ids=str)
def test_funding_other_than_the_market_book_gives(charged: Liar, funding: tuple[int, int]) -> None:
    """The batch follows funding of its own; the verifier derives that of the book that L1 holds."""
    lie = bent(charged.outcome(charged.trade()), funding)
    assert claims_broken_by(lie) == {"market.public", "public.message"}


def test_funding_at_another_time(charged: Liar) -> None:
    """The batch is of a later hour, and its fills are from before the charge."""
    venue = charged.venue
    venue.reports = unsigned_reports(venue.genesis.governance, BTC)
    batch = venue.batch(step=HOUR_MS)
    late = charged.outcome(batch)
    assert late.public.book_after.markets[BTC].funding == F[BTC] + 7
    assert claims_broken_by(late) == set()
    early = forge(late, steps=forge(late.steps, terms=terms_at(PRICES, funding=F)))
    assert claims_broken_by(early) == {"market.public", "public.message"}


def test_a_fill_at_the_funding_of_another_market(charged: Liar) -> None:
    """The row of its market is honest; the fill takes the other market's F, and what follows."""
    batch = charged.trade()
    charged.bend("moved", lambda size, price, funding: size * (price - F[1]))
    outcome = charged.outcome(batch)
    records = replay(outcome)
    funding = np.array([trade_numbers(outcome.steps.terms[1])[-5:-2]])
    lie = replace(records, fill=replace(records.fill, funding=funding))
    assert claims_broken_in(lie, outcome.public) == {"fill.market", "market.trade"}


def test_a_margin_without_funding(charged: Liar) -> None:
    """Positions are valued at the price alone: longs look richer than they are."""
    outcome = charged.outcome(charged.trade())
    records = replay(outcome)
    risk = np.array([risk_numbers(each) for each in terms_at(PRICES)])
    lie = replace(records, market=replace(records.market, risk=risk))
    assert claims_broken_in(lie, outcome.public) >= {"market.public", "public.message"}
