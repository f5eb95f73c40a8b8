"""A batch that is full is progress, whatever fills it: so an honest sequencer is never too slow for
an open step, though others fill half of its batches with deposits."""

from random import Random

import pytest

from rollup.protocol.constants import (
    ACCOUNT_BITS,
    BUCKET_NUMBER_BITS,
    COUNTERS,
    DEPOSITS_MAX,
    MARKETS_MAX,
    SAFETY_MAX,
    STALLED_MAX,
)
from rollup.protocol.outcome import Spent
from rollup.protocol.progress import progress_of, quotas
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass
from rollup.protocol.triggers import leaf_of
from sequencer.engine.room import Opening, Room

CLASSES = pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=SHAPE_CLASSES)


class Crowd:
    """Accounts anywhere, each with its positions in so many of so many markets."""

    def __init__(self, seed: str, markets: int, each: int) -> None:
        self.random, self.markets, self.each = Random(seed), markets, min(each, markets)

    def opening(self) -> Opening:
        markets = tuple(sorted(self.random.sample(range(self.markets), self.each)))
        leaves = tuple(self.leaf(market) for market in markets)
        return Opening(self.random.randrange(1 << ACCOUNT_BITS), markets, leaves)

    def leaf(self, market: int) -> int:
        number = self.random.randrange(1 << BUCKET_NUMBER_BITS)
        return leaf_of(market, self.random.randrange(2), number)


def full_of_deposits(shape_class: ShapeClass, crowd: Crowd) -> Room:
    """As many as a batch takes, for accounts that were not due."""
    room = Room(shape_class)
    for place in range(DEPOSITS_MAX):
        opening = crowd.opening()
        if place and not room.fits([opening], share=2):
            break
        room.take(opening)
    return room


@CLASSES
@pytest.mark.parametrize("markets", [1, 2, 8, MARKETS_MAX])
@pytest.mark.parametrize("each", [1, 2, 3, 5, 16, MARKETS_MAX])
@pytest.mark.parametrize("depositors", [1, 4, MARKETS_MAX])
def test_accounts_that_fill_what_deposits_leave_are_progress(
    shape_class: ShapeClass, markets: int, each: int, depositors: int
) -> None:
    crowd = Crowd(f"{markets}/{each}", markets, each)
    room = full_of_deposits(shape_class, Crowd("deposits", markets, depositors))
    accounts = positions = 0
    while room.fits([opening := crowd.opening()]):
        room.take(opening)
        accounts += 1
        positions += len(opening.markets)
    done = Spent(0, accounts, positions, 0)
    assert progress_of(done, shape_class, closed=False) is not None, done


@CLASSES
@pytest.mark.parametrize("healed", range(0, 101, 10))
def test_takeovers_that_fill_a_batch_are_progress(shape_class: ShapeClass, healed: int) -> None:
    """Each heals whom it is of, or closes out him or who takes: but one a market at most, after
    which the backstop is full."""
    rows = shape_class.takeovers
    partial = min(rows // 8, MARKETS_MAX) * (100 - healed) // 100
    done = Spent(rows - partial, 0, 0, 0)
    assert progress_of(done, shape_class, closed=False) is not None, done


@CLASSES
def test_a_sweep_that_fills_what_deposits_leave_is_progress(shape_class: ShapeClass) -> None:
    """Leaves in a row, of as many sides as can fall: a first and a last one may have one bucket."""
    leaves = shape_class.triggers // 2 - 1
    buckets = COUNTERS * (leaves - 2 * MARKETS_MAX) + 2 * MARKETS_MAX
    assert buckets >= quotas(shape_class).buckets


@CLASSES
def test_one_zone_at_least_fits_beside_deposits_and_there_are_no_more_than_stalls(
    shape_class: ShapeClass,
) -> None:
    """Who is next in line and was opened at the step's prices is within the largest safety."""
    room = full_of_deposits(shape_class, Crowd("deposits", MARKETS_MAX, 12))
    leaves = -(-(SAFETY_MAX + 1) // COUNTERS) + 1
    assert room.fits([Opening(1, (0,)), Opening(2, (0,))], zones=leaves)
    assert STALLED_MAX >= MARKETS_MAX
