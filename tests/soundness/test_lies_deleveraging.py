"""Lies about deleveraging: who loses his place, when, in which order, at which price."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records
from rollup.protocol import closing, deleveraging, liquidation, transition
from rollup.protocol.margin import value
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.takeover import Takeover, full_fee
from rollup.protocol.triggers import SHORT
from tests.helpers.lies import Liar
from tests.helpers.skipped import uncounted
from tests.helpers.statement import claims_broken_in
from tests.helpers.thin import (
    BACKSTOP,
    FAR,
    IDLE,
    LONG,
    LOTS,
    MIDDLE,
    NEAR,
    Thin,
    thin,
)
from tests.helpers.venue import BTC, ETH, GOVERNANCE, USDC, Match, buy, real, sell


@pytest.fixture
def place() -> Thin:
    return thin(real())


@pytest.fixture
def liar(place: Thin, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def no_order(liar: Liar) -> None:
    """Let anybody be deleveraged before anybody, and count what is there."""
    uncounted(liar.monkeypatch)
    liar.blind("require_whole", closing)
    liar.blind("require_swept", closing)


def with_positions(records: Records, account: int, **changes: int) -> Records:
    """Records in which an account's positions say something else."""
    mine = records.position.account == account
    changed = {
        name: np.where(mine, value, getattr(records.position, name))
        for name, value in changes.items()
    }
    return replace(records, position=replace(records.position, **changed))


def with_markets(records: Records, **changes: Any) -> Records:
    return replace(records, market=replace(records.market, **changes))


# What is honest.


def test_the_nearest_first_and_the_last_in_part_breaks_nothing(place: Thin, liar: Liar) -> None:
    assert LOTS[NEAR] < place.needed < LOTS[NEAR] + LOTS[MIDDLE]
    assert place.trigger(NEAR) > place.trigger(MIDDLE) > place.trigger(FAR)
    outcome = liar.outcome(place.batch(*place.plan()))
    assert outcome.steps.zones == {(BTC, SHORT): place.trigger(MIDDLE)}
    assert outcome.public.closed
    assert claims_broken_in(replay(outcome), outcome.public) == set()


def test_what_is_deleveraged_costs_nobody_anything(place: Thin, liar: Liar) -> None:
    """Equity at the oracle price is what it was, on both sides."""
    outcome = liar.outcome(place.batch(*place.plan()))
    for account in outcome.accounts:
        if account.index in (LONG, NEAR, MIDDLE):
            assert account.closing.mark.equity == account.closing.after.equity


# When.


def funded(monkeypatch: pytest.MonkeyPatch, amount: int) -> tuple[Thin, Liar]:
    place = thin(real(), funded=amount)
    return place, Liar(place.venue, monkeypatch)


@pytest.mark.parametrize("spare", [0, 1, 10**9])
def test_while_the_backstop_could_take_one_lot_more(
    spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly enough for the initial margin of one lot is enough."""
    place, liar = funded(monkeypatch, 60_000 + spare)
    assert place.terms[BTC].initial == 60_000
    batch = place.batch(*place.plan())
    assert liar.refusal(batch) is Reason.BACKSTOP_NOT_FULL
    liar.blind("require_full")
    assert liar.claims(batch) == {"market.full"}


def test_a_backstop_that_lacks_one_quantum_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    place, liar = funded(monkeypatch, 59_999)
    assert liar.claims(place.batch(*place.plan())) == set()


def test_a_backstop_that_would_be_above_initial_margin_and_not_safe_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It lacks nothing for the initial margin of one lot; but maintenance counts in whole buckets.
    Were it not full, it could not take and nobody would be deleveraged: no batch would end this."""
    close = {"initial_fraction": 505, "band_fraction": 4, "liquidation_fee": 0}
    governance = replace(GOVERNANCE, markets=tuple(replace(m, **close) for m in GOVERNANCE.markets))
    place = thin(real(), funded=30_400, governance=governance)
    place.venue.prices = (600_500, place.venue.prices[ETH])
    terms, left = place.terms[BTC], value(place.holding(BACKSTOP), place.terms)
    assert terms.initial <= left.initial == left.excess < terms.long_relief
    liar = Liar(place.venue, monkeypatch)
    assert liar.refusal(place.batch(Takeover(LONG, BTC, 1, 0))) is Reason.MARGIN
    assert liar.claims(place.batch(*place.plan())) == set()


def test_a_backstop_said_to_be_full_for_another_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lacks nothing of what is named."""
    place, liar = funded(monkeypatch, 59_999)
    outcome = liar.outcome(place.batch(*place.plan()))
    for why in (1, 2):
        full = np.full_like(replay(outcome).market.full, why)
        lie = with_markets(replay(outcome), full=full)
        assert claims_broken_in(lie, outcome.public) == {"market.full"}


def test_by_the_means_of_somebody_poorer(monkeypatch: pytest.MonkeyPatch) -> None:
    place, liar = funded(monkeypatch, 10 * USDC)
    liar.blind("require_full")
    outcome = liar.outcome(place.batch(*place.plan()))
    lie = with_markets(replay(outcome), backstop=np.zeros(16, dtype=np.int64))
    assert claims_broken_in(lie, outcome.public) == {"market.full", "account.backstop-told"}
    records = replay(outcome)
    told = np.where(records.account.account == NEAR, 1, 0)
    other = replace(records.account, told=told)
    assert "account.backstop-told" in claims_broken_in(replace(lie, account=other), outcome.public)


def test_while_the_backstop_has_lots_of_that_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is short itself: what it takes of the long would make it smaller, for a fee."""
    place, liar = short_backstop(monkeypatch)
    batch = place.batch(*place.plan())
    assert liar.refusal(batch) is Reason.BACKSTOP_NOT_FULL
    liar.blind("require_full")
    assert liar.claims(batch) == {"position.backstop-clear"}


def short_backstop(monkeypatch: pytest.MonkeyPatch) -> tuple[Thin, Liar]:
    """The backstop owes 10 lots of BTC, and lost so much with ETH that it could not carry one."""
    place = thin(real(), funded=10_700_000)
    venue = place.venue
    venue.prices = (620_000, 250_000)
    bitcoin = {"price": 620_000, "market": BTC, "slot": 1}
    ether = {"price": 250_000, "market": ETH, "slot": 2}
    matches = [
        Match(buy(IDLE, 10, **bitcoin), sell(BACKSTOP, 10, **bitcoin), 10, 620_000),
        Match(buy(BACKSTOP, 400, **ether), sell(IDLE, 400, **ether), 400, 250_000),
    ]
    with monkeypatch.context() as once:
        once.setattr(transition, "note_exchange", lambda *_: None)
        venue.run(venue.batch(matches=matches))
    venue.prices = (600_000, 245_000)
    found = value(place.holding(BACKSTOP), place.terms)
    assert deleveraging.is_full(found, place.terms[BTC], 0)
    return place, Liar(venue, monkeypatch)


def test_a_side_that_is_deleveraged_and_not_swept(place: Thin, liar: Liar) -> None:
    """Another of its side is due: it could be under water, and is not looked at."""
    zones = {(BTC, SHORT): 5}
    at = tuple(each.numbers for each in place.terms)
    deleveraging.require_swept(zones, at, place.terms)
    above = ((at[BTC][0], at[BTC][1] + 1), at[ETH])
    with pytest.raises(Rejected, match="deleveraged-order"):
        deleveraging.require_swept(zones, above, place.terms)
    outcome = liar.outcome(place.batch(*place.plan()))
    records = replay(outcome)
    before, after = (each.copy() for each in records.market.frontier)
    before[BTC, SHORT], after[BTC, SHORT] = at[BTC][1] + 9, at[BTC][1] + 3
    lie = with_markets(records, frontier=(before, after))
    assert "market.zone-swept" in claims_broken_in(lie, outcome.public)


# In which order.


def test_out_of_order(place: Thin, liar: Liar) -> None:
    """A friend is nearest, and another is taken."""
    batch = place.batch(*place.plan(600, FAR))
    assert liar.refusal(batch) is Reason.DELEVERAGED_ORDER
    no_order(liar)
    assert liar.claims(batch) == {"trigger.swept-is-empty"}


def test_out_of_order_with_a_zone_that_ends_nearer(place: Thin, liar: Liar) -> None:
    """It is said that nobody but the friend's neighbour was asked: then one further away was."""
    no_order(liar)
    outcome = liar.outcome(place.batch(*place.plan(600, FAR)))
    lie = zone_at(outcome, place.trigger(NEAR))
    assert claims_broken_in(lie, outcome.public) == {"position.in-line"}


def zone_at(outcome: Outcome, lowest: int) -> Records:
    """Records in which a zone ends elsewhere, and leaves are swept as far."""
    records = replay(outcome)
    zone = records.market.zone.copy()
    zone[BTC, SHORT] = lowest
    index = records.trigger.index
    side = index >> 13 == BTC * 2 + SHORT
    place = (index & 2**13 - 1)[:, None] * 8 + np.arange(8)[None, :]
    number = records.market.risk[BTC, -1]
    inside = side[:, None] & (place > lowest) & (place <= number)
    swept = np.where(side[:, None], inside, records.trigger.swept).astype(np.int64)
    trigger = replace(records.trigger, swept=swept)
    return replace(with_markets(records, zone=zone), trigger=trigger)


def test_a_zone_said_to_be_empty(place: Thin, liar: Liar) -> None:
    """The last that is deleveraged is said to have been at the price."""
    outcome = liar.outcome(place.batch(*place.plan()))
    lie = zone_at(outcome, place.terms[BTC].numbers[SHORT])
    found = claims_broken_in(lie, outcome.public)
    assert found == {"position.in-line", "position.taken-whole"}


def test_a_zone_that_nobody_looked_through(place: Thin, liar: Liar) -> None:
    """Its counters are not opened as swept: whoever is in it was not counted."""
    outcome = liar.outcome(place.batch(*place.plan()))
    records = replay(outcome)
    nothing = np.zeros_like(records.trigger.swept)
    unseen = replace(records.trigger, swept=nothing, staying=np.zeros_like(records.trigger.staying))
    claims = claims_broken_in(replace(records, trigger=unseen), outcome.public)
    assert claims == {"market.zone-whole", "market.sweep"}


def test_a_friend_who_loses_one_lot_while_others_behind_him_lose_theirs(
    place: Thin, liar: Liar
) -> None:
    batch = place.batch(place.closes(NEAR, 1), place.closes(MIDDLE, 400), place.closes(FAR, 282))
    assert liar.refusal(batch) is Reason.DELEVERAGED_ORDER
    no_order(liar)
    outcome = liar.outcome(batch)
    lie = with_staying(replay(outcome))
    assert claims_broken_in(lie, outcome.public) == {"position.taken-whole"}


def test_a_friend_hidden_by_a_touch(place: Thin, liar: Liar) -> None:
    """He is touched, stays where he was, and is said to have come there in this batch."""
    batch = place.batch(*place.plan(600, FAR), refreshed=(NEAR, MIDDLE))
    assert liar.refusal(batch) is Reason.DELEVERAGED_ORDER
    no_order(liar)
    outcome = liar.outcome(batch)
    assert claims_broken_in(replay(outcome), outcome.public) == {"trigger.swept-is-empty"}
    for said, claim in (
        ({"came": 1}, "position.came"),
        ({"behind": 1}, "position.in-line"),
        ({}, "position.stays"),
    ):
        assert claims_broken_in(hidden(outcome, **said), outcome.public) == {claim}


def test_a_friend_said_to_be_exempt(place: Thin, liar: Liar) -> None:
    batch = place.batch(*place.plan(600, FAR), refreshed=(NEAR, MIDDLE))
    no_order(liar)
    outcome = liar.outcome(batch)
    records = hidden(outcome)
    friends = np.isin(records.account.account, (NEAR, MIDDLE))
    exempt = np.where(friends, 1, records.account.exempt)
    lie = replace(records, account=replace(records.account, exempt=exempt))
    assert claims_broken_in(lie, outcome.public) == {"account.exempt"}


def hidden(outcome: Outcome, **said: int) -> Records:
    """Records in which two who were nearer say that they may stay, and are counted so."""
    records = replay(outcome)
    for account in (NEAR, MIDDLE):
        records = with_positions(records, account, stays=1, **said)
    return with_staying(records)


def with_staying(records: Records) -> Records:
    """Records in which leaves claim that whoever is counted in a zone may stay."""
    trigger = records.trigger
    staying = np.where(trigger.swept == 1, trigger.old + trigger.taken - trigger.left, 0)
    return replace(records, trigger=replace(trigger, staying=staying))


def test_a_counter_said_to_count_who_does_not_say_so(place: Thin, liar: Liar) -> None:
    """Nobody asked the friends, and the leaf claims that they may stay."""
    no_order(liar)
    outcome = liar.outcome(place.batch(*place.plan(600, FAR)))
    lie = with_staying(replay(outcome))
    assert claims_broken_in(lie, outcome.public) == {"trigger.staying"}


def test_one_who_came_in_the_batch_may_stay(place: Thin, liar: Liar) -> None:
    """He traded, and has his place from today: no rule could ask him before."""
    price = place.venue.prices[BTC]
    terms = {"price": price, "market": BTC, "slot": 3}
    match = Match(buy(FAR, 5, **terms), sell(IDLE, 5, **terms), 5, price)
    batch = place.venue.batch(matches=[match], takeovers=place.plan())
    outcome = liar.outcome(batch)
    assert claims_broken_in(replay(outcome), outcome.public) == set()


# Whom.


def test_more_lots_than_it_has(place: Thin, liar: Liar) -> None:
    """It flips."""
    batch = place.batch(place.closes(NEAR, 600), place.closes(MIDDLE, place.needed - 600))
    assert liar.refusal(batch) is Reason.TAKEOVER_SIZE
    liar.blind("require_other_side", liquidation)
    no_order(liar)
    assert "position.no-flip" in liar.claims(batch)


def test_one_of_whom_an_order_was_filled_there(place: Thin, liar: Liar) -> None:
    """He grows at a friend's price first, and loses it at the oracle's."""
    price = place.venue.prices[BTC]
    terms = {"price": price, "market": BTC, "slot": 3}
    match = Match(buy(IDLE, 2, **terms), sell(NEAR, 2, **terms), 2, price)
    takeovers = [place.closes(NEAR, 500), *place.plan(place.needed - 500, MIDDLE)]
    batch = place.venue.batch(matches=[match], takeovers=takeovers)
    assert liar.refusal(batch) is Reason.TAKER_ORDERED
    liar.blind("require_unordered", liquidation)
    no_order(liar)
    found = liar.claims(batch)
    assert "takeover.position-access" in found


def test_one_who_is_not_in_line(place: Thin, liar: Liar) -> None:
    """The taker's row does not say that it is deleveraged."""
    outcome = liar.outcome(place.batch(*place.plan()))
    records = with_positions(replay(outcome), NEAR, deleveraged=0)
    found = claims_broken_in(records, outcome.public)
    assert {"takeover.other-side", "position.liquidated-only"} <= found


def test_the_backstop_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is deleveraged for nothing, where it would be paid a fee."""
    place, liar = short_backstop(monkeypatch)
    batch = place.batch(place.closes(BACKSTOP, 10), *place.plan(place.needed - 10))
    assert liar.refusal(batch) is Reason.TAKER_STANDING
    liar.blind("require_no_backstop", liquidation)
    no_order(liar)
    assert "position.deleveraged-only" in liar.claims(batch)


def test_one_that_is_liquidated_in_the_batch(place: Thin, liar: Liar) -> None:
    """Called deleveraged, a liquidated account need not end as one."""
    outcome = liar.outcome(place.batch(*place.plan()))
    records = replay(outcome)
    liquidated = np.where(records.account.account == NEAR, 1, records.account.liquidated)
    exempt = np.where(records.account.account == NEAR, 1, records.account.exempt)
    account = replace(records.account, liquidated=liquidated, exempt=exempt)
    found = claims_broken_in(replace(records, account=account), outcome.public)
    assert {"position.deleveraged-only", "account.liquidatable"} <= found


# At which price.


def test_for_a_fee(place: Thin, liar: Liar) -> None:
    """The long pays the fee, and the friend who loses his place is paid it."""
    first, *others = place.plan()
    batch = place.batch(replace(first, fee=full_fee(first.size, place.terms[BTC])), *others)
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.blind("require_no_higher_fee", liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    assert "takeover.fee-free" in liar.claims(batch)


@pytest.mark.parametrize("price", [590_000, 610_000])
def test_away_from_the_oracle_price(place: Thin, liar: Liar, price: int) -> None:
    honest = liquidation.terms_of
    liar.bend("terms_of", lambda *given: replace(honest(*given), value=price), liquidation)
    liar.blind("require_needed")
    assert "takeover.cash" in liar.claims(place.batch(*place.plan()))


def test_as_if_the_taker_were_the_backstop(place: Thin, liar: Liar) -> None:
    """Its row says that a friend is the backstop: no line, no end of its position is asked."""
    outcome = liar.outcome(place.batch(*place.plan()))
    records = replay(outcome)
    nothing = np.zeros_like(records.takeover.closes)
    lie = replace(records, takeover=replace(records.takeover, closes=nothing))
    found = claims_broken_in(lie, outcome.public)
    assert {"takeover.backstop", "position.taken"} <= found
