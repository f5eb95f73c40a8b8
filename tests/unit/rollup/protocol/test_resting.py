"""An order rests in its slot: signed once, filled in parts, cancelled for ever."""

from dataclasses import fields, replace

import pytest

from rollup.protocol.batch import Batch
from rollup.protocol.constants import (
    CANCEL_TIMESTAMP,
    FILL_TIMESTAMP,
    PLACE_TIMESTAMP,
    RESTING_PLACE,
)
from rollup.protocol.order import Order, Side, TimeInForce
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import (
    FRESH_SLOT,
    RestingOrder,
    SlotState,
    cancelled,
    filled,
    lapsed,
    placed,
    used_up,
)
from tests.helpers.venue import (
    BTC_PRICE,
    ETH,
    MAX_FEE,
    START,
    USDC,
    Match,
    Venue,
    buy,
    cancel,
    public_key,
    refusal,
    rotate,
    sell,
    with_pre,
    withdraw,
)

RICH = 1_000_000 * USDC
BID = buy(1, 1000)
KEY = (1, 0)


@pytest.fixture
def venue() -> Venue:
    """Trader 1 bid for 1,000 lots, of which 400 were met."""
    venue = Venue().with_traders(RICH, RICH, RICH)
    venue.run(venue.batch(matches=[offered(400)]))
    return venue


def offered(size: int, slot: int = 0, **terms: int) -> Match:
    """Trader 2 sells to the bid, signing anew."""
    return Match(BID, sell(2, size, slot=slot, **terms), size)


def more(venue: Venue, size: int) -> Batch:
    return venue.batch(matches=[offered(size, slot=1)])


def resting(venue: Venue, key: tuple[int, int] = KEY) -> RestingOrder:
    order = venue.state.slot(*key).order
    assert order is not None
    return order


def test_what_is_left_rests_with_its_terms_and_the_mark_of_its_key(venue: Venue) -> None:
    assert venue.state.slot(*KEY).generation == BID.generation + 1
    found = resting(venue)
    assert found.left == 600
    assert found.key_mark == public_key(1).x[0]
    as_order = found.order(BID.chain, BID.venue, KEY, BID.generation)
    assert as_order == replace(BID, size=600)


def test_it_fills_on_without_a_signature(venue: Venue) -> None:
    batch = more(venue, 250)
    assert batch.resting == (KEY,)
    assert [signed.order.account for signed in batch.orders] == [2]
    outcome = venue.run(batch)
    assert resting(venue).left == 350
    (step,) = outcome.steps.resting
    assert (step.key, step.order.size, step.uses) == (KEY, 600, 1)
    assert outcome.steps.order_of(RESTING_PLACE) == step.order
    venue.run(venue.batch(matches=[offered(350, slot=2)]))
    assert venue.state.slot(*KEY) == SlotState(BID.generation + 1)


def test_no_more_is_filled_than_is_left(venue: Venue) -> None:
    assert venue.refusal(more(venue, 601)) is Reason.OVERFILLED
    twice = [offered(400, slot=1), offered(201, slot=2)]
    assert venue.refusal(venue.batch(matches=twice)) is Reason.OVERFILLED


def test_its_signature_is_used_up(venue: Venue) -> None:
    signed = venue.signed(BID)
    batch = more(venue, 100)
    named = replace(batch, orders=(*batch.orders, signed), resting=())
    again = replace(named, fills=tuple(replace(fill, buy=1) for fill in batch.fills))
    assert venue.refusal(again) is Reason.GENERATION_DEAD


def test_two_orders_that_rest_meet(venue: Venue) -> None:
    offer = sell(2, 500, slot=5)
    venue.run(venue.batch(placed=[offer]))
    batch = venue.batch(matches=[Match(BID, offer, 500)])
    assert not batch.orders
    venue.run(batch)
    assert resting(venue).left == 100
    assert venue.state.slot(2, 5) == SlotState(offer.generation + 1)


def test_it_expires(venue: Venue) -> None:
    time = venue.state.globals.time
    late = venue.batch(matches=[offered(1, slot=1, expiry=START + 10**10)], step=BID.expiry - time)
    venue.apply(late)
    assert venue.refusal(replace(late, time=late.time + 1)) is Reason.ORDER_EXPIRED


def test_it_is_of_one_key(venue: Venue) -> None:
    """Whoever rotates a key is rid of what rests under it."""
    batch = venue.batch([rotate(3, 1, USDC)], [offered(1, slot=1)])
    assert venue.refusal(batch) is Reason.ORDER_SIGNATURE
    venue.run(venue.batch([rotate(3, 1, USDC)]))
    assert venue.refusal(more(venue, 1)) is Reason.ORDER_SIGNATURE


def test_an_order_that_is_not_there_is_unknown(venue: Venue) -> None:
    batch = more(venue, 1)
    nowhere = replace(batch, resting=((2, 0),))
    assert venue.refusal(nowhere) is Reason.OPENING_MISSING
    assert venue.refusal(replace(batch, resting=((2, 1),))) is Reason.ORDER_UNKNOWN
    beyond = (replace(batch.fills[0], buy=RESTING_PLACE + 1),)
    assert venue.refusal(replace(batch, fills=(*batch.fills, *beyond))) is Reason.ORDER_UNKNOWN


def test_it_is_named_once_and_for_something(venue: Venue) -> None:
    batch = more(venue, 1)
    assert venue.refusal(replace(batch, resting=(KEY, KEY))) is Reason.ORDER_UNUSED
    both = (*batch.fills, replace(batch.fills[0], buy=RESTING_PLACE + 1))
    twice = replace(batch, resting=(KEY, KEY), fills=both)
    assert venue.refusal(twice) is Reason.ORDER_REPEATED


@pytest.mark.parametrize("name", [each.name for each in fields(RestingOrder)])
def test_no_term_of_it_is_changed(venue: Venue, name: str) -> None:
    """The slot is shown with another term than it has: its account's leaf denies it."""
    old = resting(venue)
    other = {
        "market": ETH,
        "side": Side.SELL,
        "left": old.left + 1,
        "key_mark": old.key_mark + 1,
    }.get(name)
    value = getattr(old, name)
    if other is None:
        other = not value if isinstance(value, bool) else value + 1
    if name == "pegged":
        old = replace(old, price=5)
    bent = replace(old, **{name: other})  # type: ignore[arg-type]
    batch = venue.batch(lapsed=[KEY])
    (opening,) = batch.pre.slots
    lie = replace(opening, state=replace(opening.state, order=bent))
    assert venue.refusal(with_pre(batch, slots=(lie,))) is Reason.SLOTS_ROOT


def test_an_immediate_order_never_rests() -> None:
    venue = Venue().with_traders(RICH, RICH)
    bid = replace(BID, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    outcome = venue.run(venue.batch(matches=[Match(bid, sell(2, 400), 400)]))
    assert venue.state.slot(*KEY) == SlotState(2)
    (slot, _) = (each for account in outcome.accounts for each in account.slots)
    assert (slot.left, slot.after.left) == (600, 0)
    assert [step.rests for step in outcome.steps.orders] == [False, False]
    assert venue.refusal(venue.batch(placed=[replace(bid, slot=3)])) is Reason.ORDER_UNUSED


def test_an_order_comes_to_rest_without_a_fill(venue: Venue) -> None:
    offer = sell(2, 5, slot=4)
    outcome = venue.run(venue.batch(placed=[offer]))
    (step,) = outcome.steps.orders
    assert step.rests
    assert step.placing.timestamp == PLACE_TIMESTAMP
    assert step.placing.before == FRESH_SLOT
    assert resting(venue, (2, 4)).left == 5


def test_an_order_for_nothing_is_refused(venue: Venue) -> None:
    """One that neither fills nor rests: another took its slot, or it lapses at once."""
    offers = [sell(2, 5, slot=4), sell(2, 5, slot=4, generation=2)]
    assert venue.refusal(venue.batch(placed=offers)) is Reason.ORDER_UNUSED
    batch = venue.batch(placed=offers[:1])
    assert venue.refusal(replace(batch, lapsed=((2, 4),))) is Reason.ORDER_UNUSED


def test_a_later_order_takes_the_slot(venue: Venue) -> None:
    """A batch may fill an order, and then the one that its owner put in its place."""
    newer = replace(BID, generation=2, price=BTC_PRICE + 1)
    matches = [offered(10, slot=1), Match(newer, sell(2, 20, slot=2), 20)]
    outcome = venue.run(venue.batch(matches=matches))
    assert resting(venue).left == 980
    assert resting(venue).price == BTC_PRICE + 1
    placing = next(s.placing for s in outcome.steps.orders if s.signed.order == newer)
    assert placing.before.left == 590
    assert FILL_TIMESTAMP < placing.timestamp < outcome.steps.fills[1].timestamp
    assert venue.refusal(venue.batch(matches=[Match(BID, sell(2, 1, slot=7), 1)])) is (
        Reason.GENERATION_DEAD
    )


def test_no_order_fills_once_another_has_its_slot(venue: Venue) -> None:
    newer = replace(BID, generation=2)
    matches = [Match(newer, sell(2, 20, slot=2), 20), offered(10, slot=1)]
    assert venue.refusal(venue.batch(matches=matches)) is Reason.GENERATION_DEAD


def test_a_cancel_ends_an_order_for_ever(venue: Venue) -> None:
    outcome = venue.run(venue.batch(cancels=[cancel(1)]))
    (step,) = outcome.steps.cancels
    assert step.placing.timestamp == CANCEL_TIMESTAMP
    assert (step.placing.before.left, step.placing.after) == (600, SlotState(2))
    assert venue.state.slot(*KEY) == SlotState(2)
    assert venue.refusal(venue.batch(matches=[offered(1, slot=1)])) is Reason.GENERATION_DEAD


def test_a_cancel_ends_an_order_that_never_was_in_the_state(venue: Venue) -> None:
    venue.run(venue.batch(cancels=[cancel(3, slot=8, generation=7)]))
    late = Match(buy(3, 1, slot=8, generation=7), sell(2, 1, slot=1), 1)
    assert venue.refusal(venue.batch(matches=[late])) is Reason.GENERATION_DEAD
    venue.run(venue.batch(matches=[replace(late, buy=replace(late.buy, generation=8))]))


def test_a_cancel_comes_after_the_fills_of_its_batch(venue: Venue) -> None:
    outcome = venue.run(venue.batch(matches=[offered(100, slot=1)], cancels=[cancel(1)]))
    assert outcome.steps.cancels[0].placing.before.left == 500
    assert venue.state.slot(*KEY) == SlotState(2)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({}, {"generation": 2}, Reason.ORDER_REPEATED),
        ({"generation": 0}, {}, Reason.GENERATION_DEAD),
    ],
)
def test_a_cancel_that_is_late_or_one_of_two_is_refused(
    venue: Venue, first: dict[str, int], second: dict[str, int], reason: Reason
) -> None:
    batch = venue.batch(cancels=[cancel(1, **first), cancel(1, **second)])
    assert venue.refusal(batch) is reason


def test_a_cancel_that_changes_nothing_is_refused(venue: Venue) -> None:
    venue.run(venue.batch(cancels=[cancel(1)]))
    assert venue.refusal(venue.batch(cancels=[cancel(1)])) is Reason.ORDER_UNUSED


def test_a_cancel_is_its_owners_word(venue: Venue) -> None:
    batch = venue.batch(cancels=[cancel(1)])
    forged = replace(batch, cancels=(venue.signed_cancel(cancel(1), by=2),))
    assert venue.refusal(forged) is Reason.ORDER_SIGNATURE
    elsewhere = venue.batch(cancels=[cancel(1, venue=8)])
    assert venue.refusal(elsewhere) is Reason.ORDER_VENUE


def test_the_venue_may_let_an_order_lapse(venue: Venue) -> None:
    outcome = venue.run(venue.batch(lapsed=[KEY]))
    assert venue.state.slot(*KEY) == SlotState(2)
    (slot,) = (each for account in outcome.accounts for each in account.slots)
    assert (slot.left, slot.after.left) == (600, 0)
    assert venue.refusal(venue.batch(lapsed=[KEY])) is Reason.ORDER_UNKNOWN


def test_an_outflow_takes_the_slot_of_an_order(venue: Venue) -> None:
    venue.run(venue.batch(outflows=[withdraw(1, USDC, slot=0, generation=2)]))
    assert venue.state.slot(*KEY) == SlotState(3)


def test_a_batch_made_anew_fills_nothing_that_rests(venue: Venue) -> None:
    batch = replace(more(venue, 1), redo=True, orders=(), fills=())
    assert venue.refusal(batch) is Reason.REDO_FILLS
    venue.apply(replace(venue.batch(cancels=[cancel(1)]), redo=True))


def test_a_batch_signs_no_more_than_its_class_takes(venue: Venue) -> None:
    small = replace(venue.shape_class, orders=2)
    cancels = [cancel(3, slot=slot) for slot in range(3)]
    batch = replace(venue.batch(cancels=cancels), shape_class=small)
    assert venue.refusal(batch) is Reason.TOO_MANY


LAST = 2**26 - 2


@pytest.mark.parametrize(
    ("stored", "generation"), [(FRESH_SLOT, 0), (SlotState(4), 4), (SlotState(4), LAST)]
)
def test_a_generation_takes_the_slot_to_the_next(stored: SlotState, generation: int) -> None:
    order = buy(1, 10, generation=generation)
    assert placed(order, public_key(1), stored).generation == generation + 1
    assert used_up(generation, stored) == SlotState(generation + 1)
    assert cancelled(generation, stored) == SlotState(generation + 1)


def test_a_slot_that_is_worn_out_takes_nothing_more() -> None:
    worn = SlotState(LAST + 1)
    last = buy(1, 1, generation=LAST)
    assert refusal(lambda: placed(last, public_key(1), worn)) is Reason.GENERATION_DEAD
    assert refusal(lambda: used_up(LAST, worn)) is Reason.GENERATION_DEAD
    assert refusal(lambda: SlotState(LAST + 2)) is Reason.GENERATION_OUT_OF_BOUNDS


def test_a_slot_without_an_order_has_nothing_to_fill_or_to_lapse() -> None:
    assert refusal(lambda: filled(1, SlotState(2), 1)) is Reason.GENERATION_DEAD
    assert refusal(lambda: lapsed(SlotState(2))) is Reason.ORDER_UNKNOWN


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"left": 0}, Reason.SIZE_OUT_OF_BOUNDS),
        ({"left": 2**40}, Reason.SIZE_OUT_OF_BOUNDS),
        ({"price": 0}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"expiry": 2**43}, Reason.TIME_OUT_OF_BOUNDS),
        ({"max_fee": 2**13}, Reason.FEE_RATE_OUT_OF_BOUNDS),
        ({"market": 2**16}, Reason.MARKET_OUT_OF_BOUNDS),
        ({"pegged": True, "price": 2**20}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"key_mark": 2**31}, Reason.WORD_OUT_OF_BOUNDS),
        ({"side": 1}, Reason.MALFORMED),
        ({"reduce_only": 1}, Reason.MALFORMED),
    ],
)
def test_a_resting_order_out_of_bounds_cannot_be(
    changes: dict[str, object], reason: Reason
) -> None:
    state = placed(buy(1, 10), public_key(1), FRESH_SLOT)
    assert state.order is not None
    order = state.order
    assert refusal(lambda: replace(order, **changes)) is reason  # type: ignore[arg-type]


def test_nothing_rests_in_a_slot_before_its_first_generation() -> None:
    order = placed(buy(1, 10, generation=0), public_key(1), FRESH_SLOT).order
    assert refusal(lambda: SlotState(0, order)) is Reason.MALFORMED


def steps_of(outcome: Outcome) -> list[Order]:
    return [step.order for step in outcome.steps.resting]


def test_a_resting_order_keeps_its_highest_fee(venue: Venue) -> None:
    (order,) = steps_of(venue.apply(more(venue, 1)))
    assert order.max_fee == MAX_FEE
