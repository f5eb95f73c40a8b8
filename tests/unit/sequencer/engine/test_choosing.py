"""A batch has the crash class where that saves batches, by state and prices alone."""

from random import Random

import pytest

from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess
from rollup.protocol.positions import Positions
from rollup.protocol.shape_class import CLASS_M, CLASS_R, CLASS_S, ShapeClass
from sequencer.engine.choosing import class_for, opened_of, positions_below
from sequencer.engine.holder import Holder
from sequencer.engine.ledger import Ledger
from tests.helpers import market_books
from tests.strategies import venues

BTC, ETH = venues.PRICES
TERMS = market_books.terms_at((BTC, ETH), venues.GOVERNANCE)
SIZE = 10_000
FIRST = 10
HEALTHY = Holding(-SIZE * BTC + SIZE * BTC // 10, Positions(((0, SIZE),)))
BELOW = Holding(-SIZE * BTC + SIZE * BTC // 25, Positions(((0, SIZE),)))


def ledger(
    ordinary: ShapeClass, crash: ShapeClass | None, holdings: list[Holding]
) -> tuple[Ledger, list[int]]:
    """Everybody who holds one of these, in their order; all of them are due."""
    found = Ledger(venues.GOVERNANCE, ordinary, crash)
    for own in (venues.GOVERNANCE.fee_account, venues.GOVERNANCE.backstop_account):
        found.holders[own] = Holder(venues.header(own))
    for account, holding in enumerate(holdings, FIRST):
        found.holders[account] = Holder(venues.header(account), holding)
    return found, list(range(FIRST, FIRST + len(holdings)))


def chosen(ordinary: ShapeClass, crash: ShapeClass | None, holdings: list[Holding]) -> ShapeClass:
    return class_for(*ledger(ordinary, crash, holdings), TERMS)


def test_the_people_of_this_file_are_what_they_are_called() -> None:
    assert excess(BELOW, TERMS) < 0 <= excess(HEALTHY, TERMS)


def test_the_crash_class_is_for_more_than_the_ordinary_one_opens() -> None:
    everybody = ledger(CLASS_S, CLASS_R, [HEALTHY] * 600)
    most = len(opened_of(*everybody, CLASS_S))
    assert 300 < most <= CLASS_S.accounts - 2
    assert chosen(CLASS_S, CLASS_R, [HEALTHY] * most) is CLASS_S
    assert chosen(CLASS_S, CLASS_R, [HEALTHY] * (most + 1)) is CLASS_R


def test_a_venue_of_one_class_has_no_other() -> None:
    assert chosen(CLASS_S, None, [HEALTHY] * 600) is CLASS_S
    assert chosen(CLASS_S, CLASS_R, []) is CLASS_S


def test_who_must_lose_positions_is_left_to_the_class_that_takes_most() -> None:
    """1,024 takeovers against 128: a crash class is never in the way of those."""
    assert chosen(CLASS_M, CLASS_R, [BELOW] * 400) is CLASS_M
    assert chosen(CLASS_M, CLASS_R, [BELOW] * 3_000) is CLASS_M
    assert chosen(CLASS_M, CLASS_R, [HEALTHY] * 3_000) is CLASS_R
    mixed = ([HEALTHY] * 4 + [BELOW]) * 600
    assert chosen(CLASS_M, CLASS_R, mixed) is CLASS_R
    for mostly in ([BELOW, BELOW, BELOW, HEALTHY] * 400, [BELOW, BELOW, HEALTHY] * 3_000):
        assert chosen(CLASS_M, CLASS_R, mostly) is CLASS_M


def needed(
    ordinary: ShapeClass, crash: ShapeClass | None, holdings: list[Holding]
) -> list[ShapeClass]:
    """Classes of the batches until nobody is due: each refreshes whom it opens, and takes what it
    may of those below maintenance."""
    left, found = list(holdings), []
    while left:
        shape = chosen(ordinary, crash, left)
        everybody = ledger(ordinary, crash, left)
        served, takeovers = set(), shape.takeovers
        for account in opened_of(*everybody, shape):
            below = left[account - FIRST] is BELOW
            if not below or takeovers:
                served.add(account - FIRST)
                takeovers -= below
        assert served, "every batch looks after somebody"
        left = [each for place, each in enumerate(left) if place not in served]
        found.append(shape)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ordinary", [CLASS_S, CLASS_M], ids=lambda each: each.name)
def test_everybody_is_looked_after_and_the_crash_class_refreshes_somebody(
    ordinary: ShapeClass, seed: int
) -> None:
    """So that who is due becomes fewer with every batch of it, at prices that stand."""
    random = Random(seed)
    share, count = random.random(), random.choice((300, 700, 1_500, 4_000))
    holdings = [HEALTHY if random.random() < share else BELOW for _ in range(count)]
    found = needed(ordinary, CLASS_R, holdings)
    everybody = ledger(ordinary, CLASS_R, holdings)
    looked_at = opened_of(*everybody, CLASS_R)
    if found[0] is CLASS_R:
        assert positions_below(everybody[0], looked_at, TERMS) < len(looked_at)


@pytest.mark.parametrize("ordinary", [CLASS_S, CLASS_M], ids=lambda each: each.name)
def test_two_classes_need_no_more_batches_than_one_and_fewer_where_most_are_healthy(
    ordinary: ShapeClass,
) -> None:
    saved = []
    for below in range(0, 3_001, 500):
        holdings = [HEALTHY] * (3_000 - below) + [BELOW] * below
        Random(below).shuffle(holdings)
        two, one = (len(needed(ordinary, crash, holdings)) for crash in (CLASS_R, None))
        saved.append(one - two)
    assert min(saved) >= 0 and saved[0] > 0 and saved[-1] == 0


def test_queue_entries_fit_a_batch_of_either_class() -> None:
    both = CLASS_M.common(CLASS_R)
    assert (both.trades, both.accounts, both.nodes) == (128, 1_280, 30_400)
    assert CLASS_M.common(None) is CLASS_M
    assert Ledger(venues.GOVERNANCE, CLASS_S, CLASS_R).room_for_entries([]) == 0
