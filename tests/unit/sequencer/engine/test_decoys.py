"""Decoys: how many a batch opens, by what lot, and that nothing happens to them."""

from collections import Counter

import pytest

from rollup.crypto.salt import SaltKey
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.engine.command import CloseBatch
from sequencer.engine.decoys import TURNOVER, shuffled
from tests.strategies import venues

RICH = 10**12
SMALL = ShapeClass("T", 64, 128, 192, accounts=66, positions=2048, triggers=4096, nodes=9_000)
COVER = SMALL.cover
OWN = {FEE_ACCOUNT, BACKSTOP_ACCOUNT}
NEW = COVER // TURNOVER


def setup(key: bytes = bytes(32), shape: ShapeClass = SMALL) -> Setup:
    genesis, hashing = venues.genesis(), venues.quick_compress_many
    return Setup(genesis, SaltKey(key), hashing, venues.always_valid, shape_class=shape)


class Town:
    """A venue of many accounts, of whom some get a deposit in each batch: that opens them."""

    def __init__(self, setup: Setup, accounts: int) -> None:
        self.machine = Machine(setup)
        self._queued = 0
        while self._queued < accounts:
            first = self._queued + 1
            some = range(first, min(first + 30, accounts + 1))
            self.batch(*(venues.registration(each - 1, each, RICH) for each in some))

    def batch(self, *deposits: QueueEntry) -> set[int]:
        """Which accounts the next batch opens."""
        core = self.machine.core
        self._queued += len(deposits)
        number, time = core.number + 1, core.time + 1_000
        self.machine.do(venues.opening(number, time, venues.PRICES, deposits))
        self.closed = self._close()
        return {each.index for each in self.closed.outcome.accounts}

    def paid(self, *accounts: int) -> set[int]:
        """The same, where these get something."""
        places = enumerate(accounts, self._queued)
        return self.batch(*(venues.credit(place, account, 5) for place, account in places))

    def _close(self) -> ClosedBatch:
        closed = self.machine.do(CloseBatch()).closed
        assert closed is not None
        return closed


def test_a_venue_that_fits_its_crowd_opens_everybody_always() -> None:
    town = Town(setup(shape=CLASS_S), 20)
    everybody = {*range(1, 21), *OWN}
    assert town.batch() == town.paid(3) == town.paid(3, 5, 9) == everybody


def test_a_larger_one_opens_as_many_always_and_as_many_are_new() -> None:
    town = Town(setup(), 120)
    before = town.batch()
    for acting in ((), (1,), (1, 2), (50, 60, 70, 80), (3,)):
        opened = town.paid(*acting)
        assert set(acting) <= opened and len(opened) == COVER
        assert len(opened - before) == max(NEW, len(set(acting) - before))
        before = opened


def test_whoever_acted_stays_no_shorter_and_no_longer_than_others() -> None:
    """Of those who came with one who acted, each stays as long on average."""
    stayed: Counter[bool] = Counter()
    for seed in range(24):
        town = Town(setup(bytes([seed] * 32)), 60)
        before = town.batch()
        chosen = min(set(range(1, 61)) - before)
        opened = town.paid(chosen)
        others = opened - before - {chosen}
        assert len(others) == NEW - 1
        for _ in range(3):
            opened &= town.batch()
        stayed[True] += chosen in opened
        stayed[False] += len(others & opened)
    acted, rested = stayed[True] / 24, stayed[False] / (24 * (NEW - 1))
    assert 0.3 < rested < 0.95 and abs(acted - rested) < 0.35


def test_nothing_happens_to_a_decoy() -> None:
    town = Town(setup(shape=CLASS_S), 12)
    town.paid(3)
    for each in town.closed.outcome.accounts:
        assert each.before is not None and each.after is not None
        gained = each.after.cash - each.before.cash
        assert gained == (5 if each.index == 3 else 0)
        assert each.after.salt != each.before.salt


def test_lots_are_the_keys_and_a_batch_made_anew_draws_others() -> None:
    drawn = {
        (key, attempt): tuple(shuffled(range(50), SaltKey(bytes([key] * 32)).lot(7, attempt)))
        for key in (1, 2)
        for attempt in (0, 1)
    }
    assert len(set(drawn.values())) == 4
    assert all(sorted(each) == list(range(50)) for each in drawn.values())
    again = tuple(shuffled(range(50), SaltKey(bytes([1] * 32)).lot(7, 0)))
    assert again == drawn[1, 0]


def test_every_place_is_as_likely() -> None:
    firsts = Counter(next(shuffled(range(5), number.to_bytes(4, "big"))) for number in range(5_000))
    assert all(abs(count - 1_000) < 150 for count in firsts.values()) and len(firsts) == 5


def test_a_machine_that_is_written_down_draws_the_same() -> None:
    made = setup()
    town = Town(made, 90)
    other = Town(made, 0)
    other.machine = machine_from_bytes(standing_to_bytes(town.machine.standing), made)
    other._queued = town._queued
    assert other.machine.core.cover == town.machine.core.cover
    for acting in ((1,), (), (2, 3)):
        assert town.paid(*acting) == other.paid(*acting)
        assert town.closed.outcome.public == other.closed.outcome.public


@pytest.mark.parametrize("accounts", [10, 90])
def test_who_is_due_is_no_decoy(accounts: int) -> None:
    """What he holds is judged by a batch that opens him for it."""
    town = Town(setup(), accounts)
    machine = town.machine
    number, time = machine.core.number + 1, machine.core.time + 1_000
    machine.do(venues.opening(number, time, venues.PRICES))
    work = machine.core.work
    assert work is not None
    spared = set(range(5, accounts, 2)) - work.before.keys()
    work.due = frozenset(spared)
    town._close()
    assert not machine.core.cover & spared
