"""Viewing keys in batches: who was told of is published under its key, everybody else under what
L1 shows, and a machine that is written down knows the same keys."""

from dataclasses import replace

import pytest

from rollup.crypto.salt import SaltKey
from rollup.hash.poseidon import Digest
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.order import Side
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.batches.standing_reader import StandingError
from sequencer.engine.command import CloseBatch, Submit, TellAhead, TellKey, Told
from sequencer.engine.core import CoreError
from sequencer.engine.event import KeyTold
from sequencer.engine.telling import Ahead
from tests.helpers import readable
from tests.strategies import venues

RICH = 10**12
HASH = venues.quick_compress_many
SETUP = Setup(venues.genesis(), SaltKey(bytes(range(32))), HASH, venues.always_valid)
KEY: Digest = (1, 2, 3, 4, 5, 6, 7, 8)
OTHER: Digest = (9, 2, 3, 4, 5, 6, 7, 8)


def committing(entry: QueueEntry, key: Digest) -> QueueEntry:
    """An entry whose account commits to a viewing key."""
    return replace(entry, viewing_words=viewing_commitment(key, HASH))


def ahead(account: int, key: Digest, last: int) -> TellAhead:
    """A key that is told of an entry that waits."""
    return TellAhead(account, key, viewing_commitment(key, HASH), last)


class World:
    """A machine, its queue, and whom orders touch in every batch: accounts 1 and 2."""

    def __init__(self, machine: Machine | None = None) -> None:
        self.machine = Machine(SETUP) if machine is None else machine

    def open(self, *deposits: QueueEntry) -> None:
        core = self.machine.core
        number, time = core.number + 1, core.time + 1_000
        self.machine.do(venues.opening(number, time, venues.PRICES, deposits))

    def close(self) -> ClosedBatch:
        generation = self.machine.core.number
        for account, side in ((1, Side.SELL), (2, Side.BUY)):
            signed = venues.order(account, side, venues.PRICES[0], 5, generation=generation)
            self.machine.do(Submit(signed))
        closed = self.machine.do(CloseBatch()).closed
        assert closed is not None and len(closed.batch.fills) == 1
        return closed

    def batch(self, *deposits: QueueEntry, told: tuple[Told, ...] = ()) -> ClosedBatch:
        self.open(*deposits)
        for each in told:
            self.machine.do(each)
        return self.close()

    def begin(self, *told: Told) -> ClosedBatch:
        """The first batch: both accounts, which commit to KEY."""
        entries = [committing(venues.registration(i, i + 1, RICH), KEY) for i in range(2)]
        return self.batch(*entries, told=told)


def reads(closed: ClosedBatch, index: int, key: Digest) -> bool:
    """Whether a key reads what a batch published of an account: it folds to the leaf."""
    return readable.reads(closed.outcome, index, key, HASH)


def test_a_told_account_is_published_under_its_key_and_others_under_what_l1_shows() -> None:
    world = World()
    closed = world.begin(TellKey(2, KEY))
    shown = viewing_commitment(KEY, HASH)
    assert closed.batch.viewing_keys == ((2, KEY),)
    assert [reads(closed, 1, key) for key in (KEY, shown)] == [False, True]
    assert [reads(closed, 2, key) for key in (KEY, shown)] == [True, False]
    assert reads(closed, 0, venues.header().viewing), "the venue's own accounts hide nothing"
    later = world.batch(told=(TellKey(1, KEY),))
    assert later.batch.viewing_keys == ((1, KEY), (2, KEY))
    assert reads(later, 1, KEY) and reads(later, 2, KEY)


def test_a_key_is_told_for_good_and_named_where_its_account_is_opened() -> None:
    world = World()
    world.begin(TellKey(2, KEY))
    third = committing(venues.registration(2, 3, RICH), KEY)
    assert world.batch(third, told=(TellKey(3, KEY),)).batch.viewing_keys == ((2, KEY), (3, KEY))
    assert world.batch().batch.viewing_keys == ((2, KEY), (3, KEY)), "3 is a decoy"


def test_after_a_rotation_the_new_key_alone_is_published_under() -> None:
    world = World()
    world.begin(TellKey(1, KEY), TellKey(2, KEY))
    rotated = world.batch(committing(venues.rotation(2, 1, 7), OTHER))
    shown = viewing_commitment(OTHER, HASH)
    assert rotated.batch.viewing_keys == ((2, KEY),)
    assert [reads(rotated, 1, key) for key in (KEY, OTHER, shown)] == [False, False, True]
    told = world.batch(told=(TellKey(1, OTHER),))
    assert told.batch.viewing_keys == ((1, OTHER), (2, KEY))
    assert [reads(told, 1, key) for key in (KEY, OTHER, shown)] == [False, True, False]


def test_the_new_key_can_be_told_in_the_batch_that_takes_the_rotation() -> None:
    world = World()
    world.begin(TellKey(1, KEY))
    rotation = committing(venues.rotation(2, 1, 7), OTHER)
    assert reads(world.batch(rotation, told=(TellKey(1, OTHER),)), 1, OTHER)


def test_a_key_told_ahead_is_published_under_from_the_batch_that_takes_the_rotation() -> None:
    world = World()
    world.begin(TellKey(1, KEY))
    before = world.batch(told=(ahead(1, OTHER, 2),))
    assert reads(before, 1, KEY), "the present key stays as long as the header does"
    rotated = world.batch(committing(venues.rotation(2, 1, 7), OTHER))
    shown = viewing_commitment(OTHER, HASH)
    assert rotated.batch.viewing_keys == ((1, OTHER),)
    assert [reads(rotated, 1, key) for key in (KEY, OTHER, shown)] == [False, True, False]
    assert reads(world.batch(), 1, OTHER) and not world.machine.core.ahead


def test_a_key_told_ahead_of_a_registration_is_the_new_accounts() -> None:
    world = World()
    world.begin(ahead(3, KEY, 2))
    registered = world.batch(committing(venues.registration(2, 3, RICH), KEY))
    assert registered.batch.viewing_keys == ((3, KEY),) and reads(registered, 3, KEY)


def test_what_strangers_queue_takes_no_key_away_and_puts_none_in_its_place() -> None:
    """A stranger names the same account and commitment before the owner's entry and after it."""
    world = World()
    world.begin(TellKey(1, KEY), ahead(1, OTHER, 4))
    strangers = [committing(venues.rotation(place, 1, 7, sender=2), OTHER) for place in (2, 4)]
    refused = world.batch(strangers[0])
    assert reads(refused, 1, KEY), "it is refused, and nothing of it counts"
    taken = world.batch(committing(venues.rotation(3, 1, 7), OTHER), strangers[1])
    assert reads(taken, 1, OTHER) and not world.machine.core.ahead


def test_a_key_whose_entry_was_refused_or_is_another_one_by_now_is_forgotten() -> None:
    """After a reorganisation of L1 another entry may have the index: it gets no key of this."""
    world = World()
    world.begin(TellKey(1, KEY), ahead(1, OTHER, 2), ahead(2, OTHER, 3))
    third: Digest = (7,) * 8
    moved = committing(venues.rotation(2, 1, 7), third)
    closed = world.batch(moved, committing(venues.rotation(3, 2, 7, sender=1), OTHER))
    assert closed.batch.viewing_keys == () and not world.machine.core.ahead
    assert reads(closed, 1, viewing_commitment(third, HASH))


def test_a_key_told_ahead_of_what_is_consumed_is_a_defect_of_the_operators_code() -> None:
    world = World()
    with pytest.raises(CoreError, match="no batch is open"):
        world.machine.do(ahead(1, OTHER, 9))
    world.begin()
    world.open()
    with pytest.raises(CoreError, match="a queue entry from 2 on is wanted, not 1"):
        world.machine.do(ahead(1, OTHER, 1))
    assert not world.machine.core.ahead


def test_keys_told_ahead_outlive_a_snapshot_which_is_refused_with_one_that_fits_nothing() -> None:
    world = World()
    world.begin(TellKey(1, KEY), ahead(1, OTHER, 2), ahead(3, OTHER, 3))
    written = standing_to_bytes(world.machine.standing)
    again = World(machine_from_bytes(written, SETUP))
    assert standing_to_bytes(again.machine.standing) == written
    rotation = committing(venues.rotation(2, 1, 7), OTHER)
    one, other = world.batch(rotation), again.batch(rotation)
    assert one.batch == other.batch and one.batch.viewing_keys == ((1, OTHER),)
    assert one.outcome.published == other.outcome.published
    core = world.machine.core
    for wrong in (ahead(3, KEY, 3), ahead(3, OTHER, 2)):
        shown = viewing_commitment(OTHER, HASH)
        core.ahead[3, shown] = Ahead(wrong.key, wrong.last)
        with pytest.raises(StandingError, match="an entry that waits"):
            machine_from_bytes(standing_to_bytes(world.machine.standing), SETUP)


def test_a_rotation_that_keeps_the_viewing_commitment_keeps_the_key() -> None:
    world = World()
    world.begin(TellKey(1, KEY))
    assert reads(world.batch(committing(venues.rotation(2, 1, 7), KEY)), 1, KEY)


def test_a_stranger_rotates_nobodys_key_away() -> None:
    world = World()
    world.begin(TellKey(1, KEY))
    rotation = committing(venues.rotation(2, 1, 7, sender=2), OTHER)
    assert reads(world.batch(rotation), 1, KEY)


def test_a_key_of_nobody_and_one_between_two_batches_are_a_defect_of_the_operators_code() -> None:
    world = World()
    with pytest.raises(CoreError, match="no batch is open"):
        world.machine.do(TellKey(0, KEY))
    world.open()
    with pytest.raises(CoreError, match="an account that is there"):
        world.machine.do(TellKey(5, KEY))


def test_that_it_was_told_is_an_event_of_its_account() -> None:
    world = World()
    world.open(committing(venues.registration(0, 1, RICH), KEY))
    assert world.machine.do(TellKey(1, KEY, receipt=9)).events == [KeyTold(1, 9)]


def test_a_machine_that_is_read_again_publishes_the_same_bytes() -> None:
    world = World()
    world.begin(TellKey(2, KEY))
    again = World(machine_from_bytes(standing_to_bytes(world.machine.standing), SETUP))
    one, other = world.batch(), again.batch()
    assert one.batch == other.batch and one.batch.viewing_keys == ((2, KEY),)
    assert one.outcome.published == other.outcome.published


def test_a_snapshot_with_a_key_that_does_not_fit_its_header_is_refused() -> None:
    """No root is over the keys that were told."""
    world = World()
    world.begin(TellKey(2, KEY))
    data = standing_to_bytes(world.machine.standing)
    holder = world.machine.core.ledger.holders[2]
    holder.viewing_key = OTHER
    changed = standing_to_bytes(world.machine.standing)
    assert changed != data and len(changed) == len(data)
    with pytest.raises(StandingError, match="viewing-key"):
        machine_from_bytes(changed, SETUP)
    holder.viewing_key = None
    assert machine_from_bytes(standing_to_bytes(world.machine.standing), SETUP)
