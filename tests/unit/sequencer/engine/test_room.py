"""What a batch opens is counted at its most: whatever its accounts' triggers are, it fits."""

from dataclasses import replace
from random import Random

import pytest

from rollup.protocol.constants import ACCOUNT_BITS, BUCKET_NUMBER_BITS, SLOT_BITS, TRIGGER_BITS
from rollup.protocol.shape_class import CLASS_S
from rollup.protocol.triggers import leaf_of
from rollup.tree.multi import ancestors
from sequencer.engine.room import IDLE_SHARE, SWEEP_SHARE, Opening, Room, most_nodes


@pytest.mark.parametrize("seed", range(6))
def test_no_leaves_have_more_nodes_above_them_than_the_most(seed: int) -> None:
    random = Random(seed)
    for count in (1, 2, 3, 7, 64, 300):
        leaves = random.sample(range(1 << 13), count)
        assert len(ancestors(leaves, 13)) <= most_nodes(count, 13)
    spread = [place << 7 for place in range(64)]
    assert len(ancestors(spread, 13)) == most_nodes(64, 13)


@pytest.mark.parametrize("seed", range(8))
def test_what_fits_has_no_more_nodes_and_leaves_than_the_class_takes(seed: int) -> None:
    """Accounts anywhere, old and new triggers anywhere: the room is full before the class is."""
    random = Random(seed)
    markets, far = random.choice([(2, 30), (64, 30), (2, 9), (16, 12)])
    room = Room(CLASS_S)
    opened: list[Opening] = []
    new: set[int] = set()
    while True:
        opening = an_opening(random, markets, far)
        if opening.account in room.accounts:
            continue
        if not room.fits([opening]):
            break
        room.take(opening)
        opened.append(opening)
        new.update(anywhere(random, market) for market in opening.markets)
    assert len(opened) > 20
    leaves = new.union(*(each.leaves for each in opened))
    slots = [each.account << SLOT_BITS | slot for each in opened for slot in each.slots]
    nodes = (
        len(ancestors([each.account for each in opened], ACCOUNT_BITS))
        + len(ancestors(slots, SLOT_BITS))
        + len(ancestors(leaves, TRIGGER_BITS))
    )
    share = SWEEP_SHARE
    assert nodes <= CLASS_S.nodes * (share - 1) / share + 1
    assert len(leaves) <= CLASS_S.triggers * (share - 1) / share + 1
    assert len(room.positions) <= CLASS_S.positions and len(opened) <= CLASS_S.accounts


def an_opening(random: Random, markets: int, far: int) -> Opening:
    held = tuple(sorted(random.sample(range(markets), random.randint(1, min(2, markets)))))
    leaves = tuple(anywhere(random, market) for market in held)
    return Opening(random.randrange(1 << far), held, leaves, (random.randrange(256),))


def anywhere(random: Random, market: int) -> int:
    """A leaf of a market, on either side."""
    return leaf_of(market, random.randrange(2), random.randrange(1 << BUCKET_NUMBER_BITS))


def test_what_is_opened_already_takes_no_more_room() -> None:
    room = Room(replace(CLASS_S, accounts=66, positions=256))
    whole = Opening(7, tuple(range(64)), (1, 2, 3), (5,))
    room.take(whole)
    for number in range(8, 8 + 65):
        room.take(Opening(number, ()))
    assert room.fits([whole]) and room.fits([Opening(7, (3,), (), (5,))])
    assert not room.fits([Opening(200, ())])


def test_a_batch_opens_no_more_slots_than_its_class_takes() -> None:
    room = Room(replace(CLASS_S, slots=256))
    room.take(Opening(7, ()))
    for slot in range(256):
        assert room.fits_slot(7, slot) and room.fits([Opening(8, (), (), (slot,))])
        room.take(Opening(7, (), (), (slot,)))
    assert room.fits_slot(7, 9) and room.fits([Opening(7, (), (), (9,)), Opening(8, ())])
    room.take(Opening(8, ()))
    assert not room.fits_slot(8, 0) and not room.fits([Opening(8, (), (), (0,))])


def test_slots_that_nothing_fills_leave_a_quarter_of_the_nodes() -> None:
    room = Room(CLASS_S)
    accounts = [place << ACCOUNT_BITS - 8 for place in range(200)]
    for account in accounts:
        room.take(Opening(account, ()))
    slots = []
    for account in accounts:
        if not room.fits_slot(account, 0):
            break
        room.take(Opening(account, (), (), (0,)))
        slots.append(account << SLOT_BITS)
    most = CLASS_S.nodes - CLASS_S.nodes // SWEEP_SHARE
    least = most - most // IDLE_SHARE
    nodes = len(ancestors(accounts, ACCOUNT_BITS)) + len(ancestors(slots, SLOT_BITS))
    assert least - SLOT_BITS < nodes + TRIGGER_BITS <= least
    assert room.fits([Opening(accounts[-1], (), (), (0,))])
