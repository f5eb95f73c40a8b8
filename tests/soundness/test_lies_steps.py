"""Lies about the work on an open step, and about prices that are clamped or missing.

The rules refuse each lie, or say otherwise, in tests/unit/rollup/protocol/test_progress.py and
test_steady.py; here they look away, or a row says what is not so.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.market.air import TABLE as MARKET
from circuits.tables.records import Records
from rollup.protocol.progress import quotas
from rollup.protocol.rejection import Reason
from tests.helpers.lies import Liar, make_liar
from tests.helpers.market_books import unsigned_reports
from tests.helpers.skipped import DUE, NEEDY, RICH, fallen_book, liquidation, said
from tests.helpers.statement import (
    SMALL_CLASS,
    claims_broken_by,
    claims_broken_in,
    denied,
    small_circuit,
    small_witness,
)
from tests.helpers.thin import NEAR, Thin, thin
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    USDC,
    Match,
    buy,
    credit,
    real,
    sell,
    withdraw,
)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """The needy and the due are past their triggers, the rich is not."""
    return fallen_book(monkeypatch)


@pytest.fixture
def place() -> Thin:
    """The long is below maintenance; the nearest short is next in line."""
    return thin(real())


def rows_of(records: Records, account: int, market: int | None = None) -> Any:
    """Which position rows are an account's, or its one of a market."""
    mine = records.position.account == account
    return mine if market is None else mine & (records.position.market == market)


def counting(records: Records, **more: int) -> Records:
    """The batch says that so much more was done for its step."""
    places = ("finished", "accounts", "positions", "buckets")
    spent = tuple(
        each + more.get(name, 0) for name, each in zip(places, records.batch.spent, strict=True)
    )
    return replace(records, batch=replace(records.batch, spent=spent))


def showing(records: Records, name: str, rows: Any) -> Records:
    """These position rows say so of themselves too."""
    column = getattr(records.position, name) | rows
    return replace(records, position=replace(records.position, **{name: column.astype(np.int64)}))


def called(records: Records, account: int, **values: int) -> Records:
    """An account's row says otherwise."""
    mine = records.account.account == account
    changed = {
        name: np.where(mine, value, getattr(records.account, name)).astype(np.int64)
        for name, value in values.items()
    }
    return replace(records, account=replace(records.account, **changed))


# What is done for a step.


def test_honest_work_breaks_nothing(book: Liar, place: Thin) -> None:
    outcome = book.outcome(book.venue.batch(refreshed=[DUE, RICH]))
    assert outcome.spent[:3] == (0, 1, 2) and outcome.spent.buckets
    assert claims_broken_by(outcome) == set()
    outcome = place.venue.apply(place.batch(*place.plan()))
    assert outcome.spent.finished == 2
    assert claims_broken_by(outcome) == set()


def test_honest_progress_breaks_nothing(book: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    """By each reason but that of a step that closes, in a class in which next to nothing is
    much."""
    outcome = book.outcome(book.venue.batch(refreshed=[DUE]))
    assert outcome.progress is None and not outcome.public.closed
    records = counting(replay(outcome))
    for by, have in enumerate(outcome.spent, 1):
        want = quotas(SMALL_CLASS)[by - 1]
        claimed = replace(
            records, batch=replace(records.batch, progress_by=by, progress_over=have - want)
        )
        public = said(outcome, progress=True).public
        enough = have >= want
        found = claims_broken_in(claimed, public)
        assert found == (set() if enough else {"batch.progress-enough"})
    assert outcome.spent.buckets >= quotas(SMALL_CLASS).buckets


def test_progress_claimed_for_no_reason(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch())
    assert not outcome.public.progress
    assert claims_broken_by(said(outcome, progress=True)) == {"batch.progress"}


def test_progress_because_a_step_that_is_open_closes(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch())
    records = replay(outcome)
    lie = replace(records, batch=replace(records.batch, progress_by=0))
    public = said(outcome, progress=True).public
    assert claims_broken_in(lie, public) == {"batch.progress-closed"}


@pytest.mark.parametrize("kind", ["finished", "accounts", "positions"])
def test_more_said_to_be_spent_than_is(book: Liar, kind: str) -> None:
    outcome = book.outcome(book.venue.batch(refreshed=[DUE]))
    lie = counting(replay(outcome), **{kind: 20})
    found = claims_broken_in(lie, outcome.public)
    assert "batch.spent" in found and found <= {"batch.spent", "account.spent", "position.spent"}


def test_frontiers_said_to_have_come_down_further(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch(refreshed=[DUE]))
    lie = counting(replay(outcome), buckets=1000)
    assert claims_broken_in(lie, outcome.public) == {"batch.frontiers", "market.frontiers"}


def test_a_market_row_that_adds_what_did_not_come_down(place: Thin) -> None:
    """A zone is swept as often as somebody loses a lot in it: it is no frontier that fell."""
    outcome = place.venue.apply(place.batch(*place.plan(1, NEAR)))
    assert outcome.steps.zones
    witness = small_witness(outcome)
    column = MARKET.columns.names().index("fold.fallen")
    witness.traces["market"][1, column] += 1000
    assert "market.frontiers" in denied(witness.failures())


# Who is due.


def test_an_account_that_nobody_had_to_look_at(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch(refreshed=[RICH]))
    records = counting(replay(outcome), accounts=1, positions=2)
    lie = called(records, RICH, due=1, dues=1, dealt=1)
    assert claims_broken_in(lie, outcome.public) == {"account.due"}
    lie = showing(lie, "due", rows_of(records, RICH, BTC))
    assert claims_broken_in(lie, outcome.public) == {"position.due"}
    silent = called(records, RICH, dealt=1)
    assert claims_broken_in(silent, outcome.public) == {"account.dealt"}


def test_an_account_that_was_refreshed_already(book: Liar) -> None:
    """The same account in every batch."""
    book.venue.run(book.venue.batch(refreshed=[DUE]))
    outcome = book.outcome(book.venue.batch(refreshed=[DUE]))
    assert outcome.spent.accounts == 0
    lie = called(counting(replay(outcome), accounts=1, positions=2), DUE, due=1, dues=1, dealt=1)
    lie = showing(lie, "due", rows_of(lie, DUE, BTC))
    assert claims_broken_in(lie, outcome.public) == {"position.due"}


def test_a_position_that_was_not_there_and_was_due(book: Liar) -> None:
    """What is empty has no trigger, whatever its cells say."""
    book.venue.prices = (BTC_PRICE, ETH_PRICE)
    trade = {"market": ETH, "slot": 5, "price": ETH_PRICE}
    match = Match(buy(NEEDY, 1, **trade), sell(RICH, 1, **trade), 1, ETH_PRICE)
    outcome = book.outcome(book.venue.batch(matches=[match]))
    lie = called(counting(replay(outcome), accounts=1, positions=2), NEEDY, due=1, dues=1, dealt=1)
    rows = rows_of(lie, NEEDY, ETH)
    lie = showing(lie, "due", rows)
    before, after = lie.position.trigger
    high = np.where(rows, 2**16 - 1, before)
    lie = replace(lie, position=replace(lie.position, trigger=(high, after)))
    assert claims_broken_in(lie, outcome.public) == {"position.due"}


def test_one_that_stays_below_counts_for_every_lot(book: Liar) -> None:
    lot = replace(liquidation(book), size=1)
    fee = liquidation(book).fee // liquidation(book).size
    book.venue.run(book.venue.batch(refreshed=[NEEDY, DUE]))
    outcome = book.outcome(book.venue.batch(takeovers=[replace(lot, fee=fee)]))
    assert outcome.spent == (0, 0, 0, 0) and not outcome.public.closed
    lie = called(counting(replay(outcome), accounts=1, positions=1), NEEDY, dealt=1)
    assert claims_broken_in(lie, outcome.public) == {"account.dealt"}


def test_a_cure_breaks_nothing(book: Liar) -> None:
    """By a takeover, and by a deposit."""
    book.venue.run(book.venue.batch(refreshed=[NEEDY, DUE]))
    outcome = book.outcome(book.venue.batch(takeovers=[liquidation(book)]))
    assert outcome.spent[:3] == (1, 1, 1)
    assert claims_broken_by(outcome) == set()
    rescue = credit(book.venue.state.globals.deposits_consumed, NEEDY, 1000 * USDC)
    outcome = book.outcome(book.venue.batch([rescue]))
    assert outcome.spent[:3] == (0, 1, 1)
    assert claims_broken_by(outcome) == set()


def test_one_position_counts_for_another_account(book: Liar) -> None:
    """The chain carries what the account's row says."""
    outcome = book.outcome(book.venue.batch(refreshed=[RICH]))
    witness = small_witness(outcome)
    table = witness.traces["position"]
    names = small_columns("position")
    column, active = names.index("dealt"), names.index("active")
    (row, *_) = np.flatnonzero(table[:, active] == 1)
    table[row, column] = 1
    found = denied(witness.failures())
    assert {"position.chain"} <= found and "position.spent" in found


def small_columns(name: str) -> list[str]:
    return list(small_circuit().table(name).table.columns.names())


def test_one_that_is_deleveraged_and_was_not_due(place: Thin) -> None:
    """It loses its place, and pays for being looked at as well."""
    outcome = place.venue.apply(place.batch(*place.plan()))
    records = counting(replay(outcome), accounts=1, positions=1)
    lie = called(records, NEAR, due=1, dues=1, dealt=1)
    lie = showing(lie, "due", rows_of(records, NEAR, BTC))
    assert "position.due" in claims_broken_in(lie, outcome.public)


# What is closed out.


def test_a_position_of_which_a_part_was_taken(place: Thin) -> None:
    outcome = place.venue.apply(place.batch(*place.plan(1, NEAR)))
    records = counting(replay(outcome), finished=1)
    lie = showing(records, "closed_out", rows_of(records, NEAR, BTC))
    assert claims_broken_in(lie, outcome.public) == {"position.closed-out"}


def test_a_position_that_its_holder_sold(book: Liar) -> None:
    book.venue.prices = (BTC_PRICE, ETH_PRICE)
    match = Match(buy(RICH, 1500, slot=5), sell(NEEDY, 1500, slot=5), 1500)
    outcome = book.outcome(book.venue.batch(matches=[match]))
    records = counting(replay(outcome), finished=1)
    lie = showing(records, "closed_out", rows_of(records, NEEDY, BTC))
    assert claims_broken_in(lie, outcome.public) == {"position.closed-out"}


def test_a_liquidated_account_that_keeps_a_part(book: Liar) -> None:
    outcome = book.outcome(book.venue.batch(takeovers=[liquidation(book)]))
    records = counting(replay(outcome), finished=1)
    lie = showing(records, "closed_out", rows_of(records, NEEDY, BTC))
    assert claims_broken_in(lie, outcome.public) == {"position.closed-out"}


# Prices that are clamped or missing.


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """Trader 1 is long and 2 short of 1,000 lots."""
    return make_liar(monkeypatch)


def clamped(liar: Liar) -> None:
    far = (BTC_PRICE * 2, ETH_PRICE)
    liar.venue.reports = unsigned_reports(GOVERNANCE, BTC, ETH, prices=far)


def missing(liar: Liar) -> None:
    liar.venue.reports = unsigned_reports(GOVERNANCE, ETH)


def back(size: int) -> Match:
    """Trader 1 sells what it has to trader 2, who owes it."""
    return Match(buy(2, size, slot=4), sell(1, size, slot=4), size)


def test_shrinking_at_a_clamped_price_breaks_nothing(liar: Liar) -> None:
    clamped(liar)
    assert liar.claims(liar.venue.batch(matches=[back(100)])) == set()


def test_a_fill_that_grows_while_the_price_is_held_back(liar: Liar) -> None:
    clamped(liar)
    batch = liar.trade(100)
    assert liar.refusal(batch) is Reason.MARKET_UNSTEADY
    liar.blind("require_shrinking")
    outcome = liar.outcome(batch)
    assert claims_broken_by(outcome) == {"position.unsteady-shrinks"}
    steady = replay(outcome)
    ones = np.ones_like(steady.market.steady)
    lie = replace(steady, market=replace(steady.market, steady=ones))
    assert "market.public" in claims_broken_in(lie, outcome.public)


def test_a_side_that_grows_while_the_other_shrinks(liar: Liar) -> None:
    clamped(liar)
    batch = liar.venue.batch(matches=[Match(buy(3, 10, slot=4), sell(1, 10, slot=4), 10)])
    assert liar.refusal(batch) is Reason.MARKET_UNSTEADY
    liar.blind("require_shrinking")
    assert liar.claims(batch) == {"position.unsteady-shrinks"}


def test_growth_that_is_passed_off_as_a_reduction(liar: Liar) -> None:
    clamped(liar)
    liar.blind("require_shrinking")
    witness = small_witness(liar.outcome(liar.trade(100)))
    table, names = witness.traces["position"], small_columns("position")
    table[table[:, names.index("active")] == 1, names.index("smaller")] = 1
    found = denied(witness.failures())
    assert "position.least" in found and "position.unsteady-shrinks" not in found


def test_orders_that_met_are_said_to_have_taken_as_they_may(liar: Liar) -> None:
    clamped(liar)
    liar.blind("require_shrinking")
    outcome = liar.outcome(liar.trade(100))
    records = replay(outcome)
    met, took = records.position.traded, records.position.took
    lie = replace(records, position=replace(records.position, traded=took, took=met))
    found = claims_broken_in(lie, outcome.public)
    assert "position.value-after" in found and "position.unsteady-shrinks" not in found


@pytest.mark.parametrize("match", [None, back(100)], ids=["grows", "shrinks"])
def test_a_fill_where_no_price_is_known(liar: Liar, match: Match | None) -> None:
    missing(liar)
    batch = liar.trade(100) if match is None else liar.venue.batch(matches=[match])
    assert liar.refusal(batch) is Reason.MARKET_MISSING
    liar.blind("require_prices_known")
    liar.blind("require_shrinking")
    outcome = liar.outcome(batch)
    wanted = {"market.missing-untraded"} | (set() if match else {"position.unsteady-shrinks"})
    assert claims_broken_by(outcome) == wanted
    records = replay(outcome)
    known = replace(records.market, missing=np.zeros_like(records.market.missing))
    assert "market.public" in claims_broken_in(replace(records, market=known), outcome.public)


def test_cash_that_leaves_at_a_price_held_back(liar: Liar) -> None:
    clamped(liar)
    batch = liar.venue.batch(outflows=[withdraw(1, 1)])
    assert liar.refusal(batch) is Reason.OUTFLOW_MARKET
    liar.blind("require_steady")
    assert liar.claims(batch) == {"position.steady"}
