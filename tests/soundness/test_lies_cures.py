"""Lies about who cures itself: a flagged account trades by its own orders in the open step.

It may (ADR 0036), if it ends the batch healthy and no position grows or flips.
"""

from dataclasses import replace
from typing import Any

import pytest

from rollup.protocol import transition
from rollup.protocol.batch import Batch
from rollup.protocol.rejection import Reason
from tests.helpers.lies import Liar, claim_closings
from tests.helpers.skipped import DOWN, DUE, NEEDY, RICH, fallen_book
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import Match, buy, sell, with_pre


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """The step is open, and the needy flagged: nobody has liquidated it."""
    found = fallen_book(monkeypatch)
    found.venue.run(found.venue.batch(refreshed=[NEEDY, DUE]))
    assert found.venue.state.accounts[NEEDY].below and found.venue.state.book.is_open
    return found


def cure(book: Liar, lots: int) -> Batch:
    """The needy sells so many of its 1,500 lots of BTC to who is short of them, or buys some."""
    price, size = DOWN[0], abs(lots)
    terms = {"price": price, "generation": 2}
    bid, ask = (RICH, NEEDY) if lots > 0 else (NEEDY, DUE)
    match = Match(buy(bid, size, **terms), sell(ask, size, **terms), size, price)
    return book.venue.batch(matches=[match])


def test_a_flagged_account_cures_itself_by_its_own_orders(book: Liar) -> None:
    outcome = book.outcome(cure(book, 1400))
    assert outcome.public.begins_open and outcome.public.closed
    assert claims_broken_by(outcome) == set()


def test_one_that_sells_too_little_trades_below_maintenance(book: Liar) -> None:
    assert book.refusal(cure(book, 1)) is Reason.BELOW_TRADED
    claim_closings(book.monkeypatch, (NEEDY,), below=True, grew=False, safety=lambda _: 0)
    assert book.claims(cure(book, 1)) == {"account.below-trades-not"}


def test_one_that_buys_more(book: Liar) -> None:
    assert book.refusal(cure(book, -1)) is Reason.MARGIN
    claim_closings(book.monkeypatch, (NEEDY,), below=True, grew=False, safety=lambda _: 0)
    claims = {"account.below-trades-not", "position.not-grown"}
    assert book.claims(cure(book, -1)) == claims


def test_one_that_flips_is_healthy_and_took_risk(book: Liar) -> None:
    batch = cure(book, 1600)
    assert book.refusal(batch) is Reason.STEP_RISK
    unasked(book)
    assert book.claims(batch) == {"position.open-step"}


def unasked(book: Liar) -> None:
    """Let accounts be closed as if the batch began a step."""
    honest = transition.close_account

    def close_account(batch: Batch, *given: Any) -> Any:
        begun = replace(batch.pre.book, open_since=0)
        return honest(with_pre(batch, book=begun), *given)

    book.bend("close_account", close_account)
