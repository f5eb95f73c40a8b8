"""Lies about how much is taken: no more than a liquidated account needs, by one lot."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from rollup.protocol import transition
from rollup.protocol.margin import Holding, value
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Takeover
from sequencer.engine.liquidation import takings
from tests.helpers.fallen import LONG, OPENING, SHORT, Fallen, fallen
from tests.helpers.lies import Liar
from tests.helpers.statement import claims_broken_in
from tests.helpers.venue import BTC, ETH, USDC, Match, buy, credit, real, sell


@pytest.fixture
def place() -> Fallen:
    return fallen(real())


@pytest.fixture
def liar(place: Fallen, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def holding(place: Fallen, account: int) -> Holding:
    leaf = place.venue.state.accounts[account]
    return Holding(leaf.cash, leaf.positions)


def needed(place: Fallen, account: int = LONG) -> int:
    """The fewest lots that heal an account in one market."""
    (taking,) = takings(holding(place, account), place.terms)
    return taking.size


def taken(place: Fallen, size: int, account: int = LONG) -> Takeover:
    return place.takeover(account, size)


def test_the_fewest_lots_that_heal_break_nothing(place: Fallen, liar: Liar) -> None:
    lots = needed(place)
    assert 1 < lots < 1500
    assert liar.claims(place.batch(taken(place, lots))) == set()


def test_one_lot_fewer_leaves_it_flagged(place: Fallen, liar: Liar) -> None:
    outcome = liar.outcome(place.batch(taken(place, needed(place) - 1)))
    assert outcome.steps.closings[LONG].below
    assert not outcome.public.closed


def most(place: Fallen) -> int:
    """The most lots that may be taken: one beyond them, and the last was not needed."""
    size = needed(place)
    relief = place.terms[BTC].long_relief
    while excess_after(place, size + 1) < relief:
        size += 1
    return size


def excess_after(place: Fallen, size: int) -> int:
    cash, positions = holding(place, LONG)
    each = place.terms[BTC]
    cash += size * (each.value - each.liquidation_fee)
    left = Holding(cash, positions.put(BTC, positions[BTC] - size))
    return value(left, place.terms).excess


def test_one_lot_too_many(place: Fallen, liar: Liar) -> None:
    """The last lot was not needed: without it the account would meet maintenance margin."""
    lots = most(place)
    assert lots - needed(place) <= 1
    assert liar.claims(place.batch(taken(place, lots))) == set()
    batch = place.batch(taken(place, lots + 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.needed"}


def test_everything_of_an_account_that_needs_less(place: Fallen, liar: Liar) -> None:
    batch = place.batch(taken(place, 1500))
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.needed"}


@pytest.mark.parametrize("lots", [1, 5])
def test_of_one_that_a_deposit_of_the_batch_rescued(place: Fallen, liar: Liar, lots: int) -> None:
    """The mark is the old leaf, so it may be liquidated; but nothing need be taken of it."""
    missing = -value(holding(place, LONG), place.terms).excess
    rescue = missing + 15_000 * 1500
    first = place.venue.state.globals.deposits_consumed
    batch = place.venue.batch([credit(first, LONG, rescue)], takeovers=[taken(place, lots)])
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.needed"}


def test_a_deposit_that_rescues_it_in_part_leaves_less_to_take(place: Fallen, liar: Liar) -> None:
    first = place.venue.state.globals.deposits_consumed
    lots = needed(place)
    help_ = credit(first, LONG, 5 * USDC)
    batch = place.venue.batch([help_], takeovers=[taken(place, lots)])
    assert liar.refusal(batch) is Reason.TAKEOVER_UNNEEDED
    assert liar.claims(place.venue.batch([help_], takeovers=[taken(place, lots // 2)])) == set()


def test_exhausted_is_allowed_to_lose_everything(place: Fallen, liar: Liar) -> None:
    left = place.equity(SHORT)
    assert liar.claims(place.batch(place.takeover(SHORT, 4200, left))) == set()


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """The long of BTC holds ETH too, and is liquidated in BTC alone."""
    place = fallen(real())
    place.venue.prices = OPENING
    place.deposit(LONG, 60 * USDC)
    terms = {"market": ETH, "slot": 9, "price": OPENING[ETH]}
    trade = Match(buy(LONG, 800, **terms), sell(2, 800, **terms), 800, OPENING[ETH])
    place.venue.run(place.venue.batch(matches=[trade]))
    place.venue.prices = (575_000, OPENING[ETH])
    return Liar(place.venue, monkeypatch)


def forged(liar: Liar, lots: int, market: int, relief: Any = None) -> set[str]:
    """Claims against one lot too many where another row says that its last lot was needed."""
    place = Fallen(liar.venue)
    liar.blind("require_needed")
    outcome = liar.outcome(place.batch(taken(place, lots)))
    records = replay(outcome)
    rows = records.position.account == LONG
    chosen = (rows & (records.position.market == market)).astype(np.int64)
    position = replace(records.position, needed=chosen)
    account = records.account
    if relief is not None:
        mine = account.account == LONG
        changed = np.where(mine[:, None], np.array(relief), account.relief)
        account = replace(account, relief=changed)
    lie = replace(records, position=position, account=account)
    return claims_broken_in(lie, outcome.public)


def test_by_a_market_in_which_nothing_was_taken(two: Liar) -> None:
    """A lot of ETH would be worth more to it; but none went."""
    place = Fallen(two.venue)
    chosen = takings(holding(place, LONG), place.terms)
    assert [taking.market for taking in chosen] == [BTC]
    found = forged(two, chosen[0].size, ETH)
    assert "position.not-grown" in found


def test_by_a_relief_that_the_account_made_up(two: Liar) -> None:
    place = Fallen(two.venue)
    (taking,) = takings(holding(place, LONG), place.terms)
    found = forged(two, taking.size + 5, BTC, (0, 0, 30))
    assert found == {"account.needed", "position.needed"}


def test_by_no_market_at_all(two: Liar) -> None:
    place = Fallen(two.venue)
    (taking,) = takings(holding(place, LONG), place.terms)
    assert "account.needed" in forged(two, taking.size, 7)


def test_the_rule_is_asked_of_every_liquidated_account(place: Fallen, liar: Liar) -> None:
    """Blind for one of two, and the circuit still sees it."""
    honest = transition.require_needed
    both = place.batch(taken(place, 1400), place.takeover(SHORT, 4200, place.equity(SHORT)))
    liar.bend(
        "require_needed",
        lambda ledger, index, *rest: index == LONG or honest(ledger, index, *rest),
    )
    assert liar.claims(both) == {"account.needed"}
