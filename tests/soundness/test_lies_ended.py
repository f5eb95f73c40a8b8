"""Lies about markets that have ended: who is settled, at what, and what still trades there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records
from rollup.protocol import closing, liquidation
from rollup.protocol.constants import TAKEOVER_TIMESTAMP
from rollup.protocol.holding import Holding
from rollup.protocol.outcome import Outcome, TakeoverStep
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.tally import Tally
from rollup.protocol.terms import MarketTerms, batch_terms
from sequencer.engine.liquidation import Taking, takings
from tests.helpers.assets import ASSET_GOVERNANCE, WBTC, asset_venue, spot
from tests.helpers.ended import (
    LAST_PRICE,
    LONG,
    LOTS,
    OTHER,
    SHORT,
    VALUE,
    delist,
    delisted,
    ended,
    in_need,
    require_conserved,
    settlement,
    settling,
    traded,
)
from tests.helpers.lies import Liar
from tests.helpers.statement import claims_broken_in
from tests.helpers.venue import BTC, ETH, Match, Venue, buy, real, sell


@pytest.fixture
def venue() -> Venue:
    return ended(real())


@pytest.fixture
def liar(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(venue, monkeypatch)


def with_takeovers(records: Records, **changes: Any) -> Records:
    return replace(records, takeover=replace(records.takeover, **changes))


def with_markets(records: Records, **changes: Any) -> Records:
    return replace(records, market=replace(records.market, **changes))


def broken(records: Records, outcome: Outcome) -> set[str]:
    return claims_broken_in(records, outcome.public)


# What is honest.


def test_everybody_is_settled_and_nothing_breaks(liar: Liar) -> None:
    outcome = liar.outcome(settling(liar.venue, LONG, SHORT, OTHER))
    assert outcome.public.closed and not outcome.steps.liquidated
    assert liar.claims(settling(liar.venue, LONG, SHORT, OTHER)) == set()


def test_the_batch_that_ends_a_market_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = traded(real())
    delist(venue, BTC)
    liar = Liar(venue, monkeypatch)
    batch = venue.batch(matches=[Match(buy(LONG, 5, slot=2), sell(SHORT, 5, slot=2), 5)])
    assert liar.outcome(batch).public.ending == {BTC}
    assert liar.claims(batch) == set()


@pytest.mark.parametrize("settled_first", [True, False])
def test_who_is_liquidated_may_be_settled_too(
    settled_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is settled was not needed, and heals nobody: as many lots are taken as without it."""
    venue = in_need(real())
    (taking,) = takings_of(venue)
    both = [Takeover(OTHER, *taking), settlement(OTHER)]
    batch = venue.batch(takeovers=both[::-1] if settled_first else both)
    outcome = Liar(venue, monkeypatch).outcome(batch)
    assert outcome.public.closed and outcome.steps.liquidated == {OTHER}
    assert claims_broken_in(replay(outcome), outcome.public) == set()
    one_more = venue.batch(takeovers=[settlement(OTHER), Takeover(OTHER, ETH, *more(taking))])
    assert venue.refusal(one_more) is Reason.TAKEOVER_UNNEEDED


def test_who_stays_below_maintenance_may_be_settled_and_so_in_the_open_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue = in_need(real())
    liar = Liar(venue, monkeypatch)
    few = Takeover(OTHER, ETH, 10, 10 * 6_925)
    first = venue.run(venue.batch(takeovers=[settlement(LONG), few]))
    assert not first.public.closed and venue.state.accounts[OTHER].below
    batch = venue.batch(takeovers=[settlement(OTHER), settlement(SHORT)])
    outcome = liar.outcome(batch)
    assert outcome.public.begins_open and not outcome.public.closed
    assert not outcome.steps.liquidated
    assert claims_broken_in(replay(outcome), outcome.public) == set()
    venue.run(batch)
    (taking,) = takings_of(venue)
    last = venue.run(venue.batch(takeovers=[Takeover(OTHER, *taking)]))
    assert last.public.closed
    require_conserved(venue.state)


def takings_of(venue: Venue) -> tuple[Taking, ...]:
    """What OTHER has to lose."""
    terms = batch_terms(venue.genesis.governance, venue.batch().book)
    leaf = venue.state.accounts[OTHER]
    return takings(Holding(leaf.cash, leaf.positions), terms)


def more(taking: Taking) -> tuple[int, int]:
    """Three lots more, at the whole fee: one is spared by the fee of others."""
    return taking.size + 3, taking.fee // taking.size * (taking.size + 3)


# Settled where nothing is over.


def test_a_settlement_in_a_live_market(liar: Liar) -> None:
    batch = liar.venue.batch(takeovers=[settlement(LONG, 50, market=ETH)])
    assert liar.refusal(batch) is Reason.MARKET_LIVE
    liar.blind("require_settled", liquidation)
    assert {"takeover.market", "market.take"} & liar.claims(batch)


def test_a_live_market_is_said_to_be_over(liar: Liar) -> None:
    """The terms of the verifier say that it is not."""
    outcome = liar.outcome(settling(liar.venue, LONG))
    for name in ("ended", "ends"):
        honest = getattr(replay(outcome).market, name)
        for forged in (1 - honest, np.ones_like(honest) * 2):
            lie = with_markets(replay(outcome), **{name: forged})
            assert "market.public" in broken(lie, outcome)


def test_a_market_that_is_over_is_said_to_live(liar: Liar) -> None:
    """So that the backstop takes lots there: of nobody who is liquidated, either."""
    outcome = liar.outcome(settling(liar.venue, LONG))
    records = replay(outcome)
    lie = with_takeovers(records, settled=np.zeros_like(records.takeover.settled))
    assert {"takeover.market", "takeover.liquidated"} & broken(lie, outcome)


# Settled at something else.


def bent(liar: Liar, **changes: int) -> None:
    """Let a settlement give other cash, or leave other lots."""

    def _settle(ledger: Any, market: MarketTerms, takeover: Takeover, place: int) -> TakeoverStep:
        account = ledger.existing(takeover.account)
        held = account.positions[takeover.market]
        lots = changes.get("lots", held)
        cash = lots * market.value + changes.get("more", 0)
        step = liquidation.move(takeover.account, account, takeover.market, cash, -lots)
        return TakeoverStep(TAKEOVER_TIMESTAMP + place, takeover, held < 0, step, None)

    liar.bend("_settle", _settle, liquidation)


@pytest.mark.parametrize("more", [1, -1, LOTS[LONG] * 1_234])
def test_settled_at_another_price(liar: Liar, more: int) -> None:
    """The last is the price itself, as if longs had paid no funding."""
    bent(liar, more=more)
    assert "takeover.cash" in liar.claims(settling(liar.venue, LONG))


def test_settled_with_a_fee(liar: Liar) -> None:
    batch = liar.venue.batch(takeovers=[settlement(LONG, fee=5)])
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.blind("require_settled", liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    bent(liar, more=-5)
    assert "takeover.fee" in liar.claims(batch)


@pytest.mark.parametrize("size", [999, 1])
def test_settled_in_part(liar: Liar, size: int) -> None:
    batch = liar.venue.batch(takeovers=[settlement(LONG, size)])
    assert liar.refusal(batch) is Reason.TAKEOVER_SIZE
    liar.blind("require_settled", liquidation)
    bent(liar, lots=size)
    assert "takeover.settled-whole" in liar.claims(batch)


def test_more_lots_than_there_are(liar: Liar) -> None:
    """A long of 1,000 becomes a short of one, and cash."""
    batch = liar.venue.batch(takeovers=[settlement(LONG, 1001)])
    assert liar.refusal(batch) is Reason.TAKEOVER_SIZE
    liar.blind("require_settled", liquidation)
    bent(liar, lots=1001)
    assert "takeover.settled-whole" in liar.claims(batch)


def test_a_short_is_settled_as_if_it_were_long(liar: Liar) -> None:
    outcome = liar.outcome(settling(liar.venue, SHORT))
    records = replay(outcome)
    lie = with_takeovers(records, short=np.zeros_like(records.takeover.short))
    found = broken(lie, outcome)
    assert {"takeover.cash", "takeover.position"} <= found


# What was settled is counted.


def count(liar: Liar, change: Callable[[Tally], Tally]) -> None:
    """Let the tally of BTC be another one."""
    liar.after("count_trades", lambda tallies, *_: (change(tallies[BTC]), *tallies[1:]))


@pytest.mark.parametrize("lots", [1, -1, -LOTS[LONG]])
def test_lots_are_settled_and_others_counted(liar: Liar, lots: int) -> None:
    count(liar, lambda tally: tally.with_settled(lots))
    assert liar.claims(settling(liar.venue, LONG)) == {"market.premium"}


def test_lots_are_counted_and_nobody_is_settled(liar: Liar) -> None:
    count(liar, lambda tally: tally.with_settled(-7))
    assert liar.claims(liar.venue.batch()) == {"market.premium"}


def test_settled_lots_stay_in_the_open_interest(liar: Liar) -> None:
    count(liar, lambda tally: replace(tally, open_interest=LOTS[LONG]))
    assert liar.claims(settling(liar.venue, LONG)) == {"market.open-interest"}


def test_the_premium_of_the_last_hour_passes_for_settled_lots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue = traded(real())
    delist(venue, BTC)
    liar = Liar(venue, monkeypatch)
    liar.bend("ended_again", lambda tallies, _: tallies, closing)
    assert liar.claims(venue.batch()) == {"market.ended-tally"}


def test_what_was_settled_starts_again_with_an_hour(liar: Liar) -> None:
    """So that cash is there of which no count says where it came from."""
    liar.venue.run(settling(liar.venue, LONG))
    count(liar, Tally.begun_again)
    assert liar.claims(liar.venue.batch(step=3_600_000)) == {"market.premium"}


# What trades there.


def test_orders_that_meet_where_the_market_is_over(liar: Liar) -> None:
    terms = {"slot": 3, "price": LAST_PRICE}
    match = Match(buy(SHORT, 1, **terms), sell(LONG, 1, **terms), 1, LAST_PRICE)
    batch = liar.venue.batch(matches=[match])
    assert liar.refusal(batch) is Reason.MARKET_ENDED
    liar.blind("require_live")
    assert "market.ended-untraded" in liar.claims(batch)


def test_orders_that_meet_in_an_asset_that_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = asset_venue(real())
    venue.genesis = replace(venue.genesis, governance=delisted(ASSET_GOVERNANCE, WBTC))
    venue.run(venue.batch())
    liar = Liar(venue, monkeypatch)
    batch = venue.batch(matches=[spot(1, 2, 10)])
    assert liar.refusal(batch) is Reason.MARKET_ENDED
    liar.blind("require_live")
    assert liar.claims(batch) == {"market.missing-untraded"}


def test_the_backstop_takes_where_the_market_is_over(liar: Liar) -> None:
    batch = liar.venue.batch(takeovers=[Takeover(LONG, BTC, 1000, 0)])
    assert liar.refusal(batch) is Reason.MARKET_ENDED
    for name in ("require_route", "require_liquidatable"):
        liar.blind(name, liquidation)
    for name in ("require_needed", "require_equity"):
        liar.blind(name)
    found = liar.claims(batch)
    assert found & {"takeover.market", "market.take"}


def test_an_asset_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that L1 holds become cash that it does not."""
    venue = asset_venue(real())
    venue.genesis = replace(venue.genesis, governance=delisted(ASSET_GOVERNANCE, WBTC))
    venue.run(venue.batch())
    liar = Liar(venue, monkeypatch)
    batch = venue.batch(takeovers=[Takeover(1, WBTC, 100_000, 0, Route.SETTLED)])
    assert liar.refusal(batch) is Reason.ASSET_TAKEN
    for name in ("require_takeable", "require_route", "require_settled"):
        liar.blind(name, liquidation)
    assert "market.asset-not-taken" in liar.claims(batch)


# What stands.


def test_a_price_that_moves_and_an_f_that_moves(liar: Liar) -> None:
    """The verifier computes both: other numbers are no terms of the market."""
    outcome = liar.outcome(settling(liar.venue, LONG))
    terms = outcome.steps.terms
    for change in ({"price": LAST_PRICE + 1}, {"funding": 0}, {"value": VALUE + 1}):
        moved = (replace(terms[BTC], **change), *terms[1:])
        steps = replace(outcome.steps, terms=moved)
        lie = replay(replace(outcome, steps=steps))
        assert "market.public" in broken(lie, outcome)
