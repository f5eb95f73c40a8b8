"""Only the key in the account's leaf moves the account, and every signed word counts."""

from dataclasses import fields, replace

import pytest

from rollup.field.koalabear import P
from rollup.hash import many
from rollup.hash.poseidon import chain
from rollup.protocol.batch import Batch
from rollup.protocol.encoding import TypeCode
from rollup.protocol.order import (
    Order,
    Side,
    SignedOrder,
    TimeInForce,
    message_digest,
    order_blocks,
)
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import SlotState
from tests.helpers.venue import (
    CHAIN,
    USDC,
    VENUE,
    Match,
    Venue,
    buy,
    held,
    refusal,
    register,
    sell,
    toy_compress_many,
)

RICH = 1_000_000 * USDC


@pytest.fixture
def venue() -> Venue:
    return Venue().with_traders(RICH, RICH)


def honest(venue: Venue) -> Batch:
    return venue.batch(matches=[Match(buy(1, 1000), sell(2, 1000), 500)])


def with_order(batch: Batch, signed: SignedOrder) -> Batch:
    return replace(batch, orders=(signed, *batch.orders[1:]))


def test_a_forged_signature_is_refused(venue: Venue) -> None:
    batch = honest(venue)
    forged = bytes([batch.orders[0].signature[0] ^ 1]) + batch.orders[0].signature[1:]
    bent = with_order(batch, replace(batch.orders[0], signature=forged))
    assert venue.refusal(bent) is Reason.ORDER_SIGNATURE


def test_swapped_signatures_are_refused(venue: Venue) -> None:
    batch = honest(venue)
    first, second = batch.orders
    swapped = (
        replace(first, signature=second.signature),
        replace(second, signature=first.signature),
    )
    assert venue.refusal(replace(batch, orders=swapped)) is Reason.ORDER_SIGNATURE


def test_an_order_signed_by_another_accounts_key_is_refused(venue: Venue) -> None:
    batch = honest(venue)
    bent = with_order(batch, venue.signed(batch.orders[0].order, by=2))
    assert venue.refusal(bent) is Reason.ORDER_SIGNATURE


def test_a_signature_for_another_account_with_the_same_key_is_refused(venue: Venue) -> None:
    twin = register(2, 3, RICH)
    original = register(2, 1, RICH)
    venue.run(venue.batch([replace(twin, key_words=original.key_words)]))
    assert venue.state.accounts[3].header.key == venue.state.accounts[1].header.key
    mine = venue.signed(buy(1, 1000))
    batch = venue.batch(matches=[Match(buy(3, 1000), sell(2, 1000), 500)])
    bent = with_order(batch, replace(batch.orders[0], signature=mine.signature))
    assert venue.refusal(bent) is Reason.ORDER_SIGNATURE


OTHER_TERMS = {
    "chain": CHAIN + 1,
    "venue": VENUE + 1,
    "account": 2,
    "slot": 1,
    "generation": 2,
    "market": 1,
    "side": Side.SELL,
    "price": 1,
    "size": 1,
    "expiry": 1,
    "max_fee": 1,
    "time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL,
    "reduce_only": True,
    "post_only": True,
    "pegged": True,
    "when_clamped": True,
}


@pytest.mark.parametrize("name", OTHER_TERMS)
def test_every_member_of_an_order_is_signed(name: str) -> None:
    order = buy(1, 1000)
    other = replace(order, **{name: OTHER_TERMS[name]})  # type: ignore[arg-type]
    assert message_digest(order, toy_compress_many) != message_digest(other, toy_compress_many)


def test_no_member_of_an_order_is_left_out_of_that_test() -> None:
    assert set(OTHER_TERMS) == {member.name for member in fields(Order)}


@pytest.mark.parametrize(("name", "other"), [("chain", CHAIN + 1), ("venue", VENUE + 1)])
def test_an_order_for_another_venue_is_refused(venue: Venue, name: str, other: int) -> None:
    order = buy(1, 1000, **{name: other})
    batch = venue.batch(matches=[Match(order, sell(2, 1000), 500)])
    assert venue.refusal(batch) is Reason.ORDER_VENUE


def test_an_order_of_an_account_that_does_not_exist_is_refused(venue: Venue) -> None:
    batch = venue.batch(matches=[Match(buy(9, 10), sell(2, 10), 10)])
    assert venue.refusal(batch) is Reason.ACCOUNT_MISSING


def test_an_order_listed_twice_is_refused(venue: Venue) -> None:
    batch = honest(venue)
    fills = (*batch.fills, replace(batch.fills[0], buy=2))
    twice = replace(batch, orders=(*batch.orders, batch.orders[0]), fills=fills)
    assert venue.refusal(twice) is Reason.ORDER_REPEATED


def test_a_new_account_may_trade_in_the_batch_that_registers_it(venue: Venue) -> None:
    match = Match(buy(3, 10), sell(2, 10), 10)
    outcome = venue.run(venue.batch([register(2, 3, RICH)], [match]))
    assert outcome.accounts[2].before is None
    assert venue.state.accounts[3].positions == held(10)
    assert venue.state.slot(3, 0) == SlotState(2)


def test_a_generation_that_passed_is_dead(venue: Venue) -> None:
    venue.run(venue.batch(matches=[Match(buy(1, 10, generation=5), sell(2, 10), 10)]))
    older = Match(buy(1, 10, generation=4), sell(2, 10, generation=2), 10)
    assert venue.refusal(venue.batch(matches=[older])) is Reason.GENERATION_DEAD


def test_a_generation_is_used_by_one_order(venue: Venue) -> None:
    """Whoever signs two of one generation has the first."""
    two = [Match(buy(1, 10), sell(2, 22), 10), Match(buy(1, 12), sell(2, 22), 12)]
    assert venue.refusal(venue.batch(matches=two)) is Reason.GENERATION_DEAD
    venue.run(venue.batch(matches=two[:1]))
    assert venue.refusal(venue.batch(matches=two[1:])) is Reason.GENERATION_DEAD


def test_an_index_aliased_by_adding_p_is_refused() -> None:
    assert refusal(lambda: buy(1 + P, 1)) is Reason.ACCOUNT_OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("account", 2**30, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ("account", True, Reason.MALFORMED),
        ("slot", 256, Reason.SLOT_OUT_OF_BOUNDS),
        ("generation", 2**26 - 1, Reason.GENERATION_OUT_OF_BOUNDS),
        ("market", 2**16, Reason.MARKET_OUT_OF_BOUNDS),
        ("expiry", 2**43, Reason.TIME_OUT_OF_BOUNDS),
        ("max_fee", 2**13, Reason.FEE_RATE_OUT_OF_BOUNDS),
        ("chain", 2**30, Reason.IDENTIFIER_OUT_OF_BOUNDS),
        ("price", 1.0, Reason.MALFORMED),
        ("side", 0, Reason.MALFORMED),
        ("post_only", 1, Reason.MALFORMED),
        ("reduce_only", 1, Reason.MALFORMED),
        ("pegged", 0, Reason.MALFORMED),
        ("when_clamped", 2, Reason.MALFORMED),
    ],
)
def test_an_order_out_of_bounds_cannot_be_made(name: str, value: object, reason: Reason) -> None:
    order = buy(1, 1)
    assert refusal(lambda: replace(order, **{name: value})) is reason  # type: ignore[arg-type]


def test_batched_and_single_chains_agree_on_an_order() -> None:
    order = buy(1, 1000)
    assert message_digest(order, many.compress_many) == chain(TypeCode.ORDER, order_blocks(order))
