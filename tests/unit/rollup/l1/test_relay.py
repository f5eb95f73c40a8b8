"""A member signs what it reads and nothing else; a relay brings the word of enough of them."""

from dataclasses import replace

import pytest

from rollup.crypto.bls import aggregate
from rollup.l1.relay import Member, Relay, Sight, TooFewSigned, word_of
from tests.helpers import chains, venue
from tests.helpers.chains import COMMITTEE, FAR_CHAIN, SECRETS, Pair
from tests.helpers.l1 import STRANGER

ALICE, BOB = venue.owner(1), venue.owner(2)


@pytest.fixture
def pair() -> Pair:
    """Home with an account of Alice's, and an outpost; members sign really."""
    found = Pair(chains.really, aggregate)
    found.world.register(1, 100)
    found.world.batch()
    return found


def relay_of(pair: Pair, count: int = 2) -> Relay:
    sight = Sight(pair.home, pair.outpost)
    members = [(secret.key, Member(secret, sight).sign) for secret in SECRETS[:count]]
    return Relay(sight, members, STRANGER)


def test_money_comes_in_there_and_goes_out_there(pair: Pair) -> None:
    relay = relay_of(pair)
    assert relay.take_in(COMMITTEE) == 0
    pair.deposit(BOB, 1, 40)
    assert relay.take_in(COMMITTEE) == 1
    assert relay.take_in(COMMITTEE) == 0
    pair.world.batch((ALICE, 120))
    pair.home.send(ALICE, FAR_CHAIN, 0, 30)
    assert relay.tell()
    assert not relay.tell(), "it says nothing twice"
    assert pair.outpost.withdraw(ALICE) == 30


def test_one_member_of_two_is_not_enough(pair: Pair) -> None:
    pair.deposit(BOB, 1, 40)
    with pytest.raises(TooFewSigned):
        relay_of(pair, 1).take_in(COMMITTEE)


def test_a_member_signs_nothing_that_it_does_not_read(pair: Pair) -> None:
    pair.deposit(BOB, 2, 40)
    pair.take_in()
    pair.home.send(BOB, FAR_CHAIN, 0, 30)
    sight = Sight(pair.home, pair.outpost)
    member = Member(SECRETS[0], sight)
    head, checkpoint = sight.inbox_head(1), sight.checkpoint(1)
    assert head is not None
    assert checkpoint is not None
    assert member.sign(head) == SECRETS[0].sign(head.encode())
    assert member.sign(checkpoint) == SECRETS[0].sign(checkpoint.encode())
    assert sight.inbox_head(2) is None
    assert sight.checkpoint(2) is None
    elsewhere = replace(head.link, address=b"\1" * 20)
    for lie in (
        replace(head, count=2),
        replace(head, head=bytes(32)),
        replace(head, link=elsewhere),
        replace(checkpoint, link=elsewhere),
        replace(checkpoint, number=checkpoint.number + 1),
        replace(checkpoint, root=(1,) * 8),
        replace(checkpoint, sent=0),
        replace(checkpoint, head=bytes(32)),
        replace(checkpoint, taken=0),
        replace(checkpoint, closed=True),
    ):
        assert member.sign(lie) is None
        with pytest.raises(TooFewSigned):
            word_of(COMMITTEE, [(SECRETS[0].key, member.sign)], lie)


def test_a_member_signs_for_no_outpost_that_home_does_not_know(pair: Pair) -> None:
    """Lie: an outpost of this venue that nobody announced, on a chain that has another."""
    made = replace(pair.outpost.deployment, link=replace(chains.LINK, address=b"\2" * 20))
    sight = Sight(pair.home, type(pair.outpost)(made))
    head = sight.inbox_head(0)
    assert head is not None
    assert Member(SECRETS[0], sight).sign(head) is None
