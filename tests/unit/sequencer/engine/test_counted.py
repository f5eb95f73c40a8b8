"""Open interest in the core: never above its cap by a fill, and whoever meets the cap is told."""

from dataclasses import replace
from random import Random

import pytest

from rollup.protocol.order import Side
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason
from rollup.protocol.tally import NO_TALLY, Tally
from rollup.protocol.terms import market_terms
from sequencer.batches.batcher import Batcher
from sequencer.engine.command import CloseBatch, Submit
from sequencer.engine.core import step
from sequencer.engine.counted import counting
from sequencer.engine.event import BatchClosed, Event, OrderEnded, Traded
from sequencer.engine.state import CoreState, new_state
from tests.helpers.assets import asset_market
from tests.strategies import venues

RICH, PRICE = 10**6 * 10**6, venues.PRICES[0]
CAPPED = replace(
    venues.GOVERNANCE, markets=(replace(venues.BTC, open_interest_cap=100), venues.ETH)
)


def opened(traders: int) -> tuple[CoreState, Batcher]:
    core, batcher = new_state(venues.genesis(CAPPED)), venues.batcher(governance=CAPPED)
    entries = tuple(venues.registration(k, k + 1, RICH) for k in range(traders))
    step(core, venues.opening(1, venues.START_MS + 1_000, venues.PRICES, entries, listed=CAPPED))
    return core, batcher


def submit(core: CoreState, account: int, side: Side, size: int, slot: int = 0) -> list[Event]:
    return step(core, Submit(venues.order(account, side, PRICE, size, slot=slot)))


def ended(events: list[Event]) -> list[object]:
    return [event.reason for event in events if isinstance(event, OrderEnded)]


def sizes(events: list[Event]) -> list[int]:
    return [event.size for event in events if isinstance(event, Traded)]


def test_an_order_fills_up_to_the_cap_and_its_owner_is_told_why_no_further() -> None:
    core, batcher = opened(2)
    submit(core, 1, Side.SELL, 150)
    events = submit(core, 2, Side.BUY, 150)
    assert sizes(events) == [100] and ended(events) == [Reason.OPEN_INTEREST_FULL]
    done = step(core, CloseBatch())[-1]
    assert isinstance(done, BatchClosed)
    outcome = batcher.close(done, core).outcome
    assert outcome.markets_after.tallies[0] == core.tallies[0] == Tally(0, 100 * PRICE, 100)


def test_lots_change_hands_and_close_at_the_cap() -> None:
    core, _ = opened(3)
    submit(core, 1, Side.SELL, 100)
    submit(core, 2, Side.BUY, 100)
    submit(core, 2, Side.SELL, 60, slot=1)
    events = submit(core, 3, Side.BUY, 70)
    assert sizes(events) == [60] and core.work is not None
    assert core.work.counted.after[0].open_interest == 100
    submit(core, 2, Side.SELL, 40, slot=2)
    assert sizes(submit(core, 1, Side.BUY, 40, slot=1)) == [40 - 10]
    assert core.work.counted.after[0].open_interest == 70


@pytest.mark.parametrize("seed", range(20))
def test_the_most_is_the_last_size_that_stays_within_the_cap(seed: int) -> None:
    """Against counting lot by lot, for holders of any sign."""
    random = Random(f"most/{seed}")
    for _ in range(50):
        buyer, seller = random.randint(-9, 9), random.randint(-9, 9)
        before = random.randint(0, 12)
        counted = counting([replace(NO_TALLY, open_interest=before)], [CAPPED.markets[0]])
        counted.room = (room := random.randint(0, 5),)

        def grown(size: int, buyer: int = buyer, seller: int = seller) -> int:
            after = max(buyer + size, 0) + max(seller - size, 0)
            return after - max(buyer, 0) - max(seller, 0)

        most = counted.most(0, buyer, seller)
        assert all(grown(size) <= room for size in range(most + 1)) and grown(most + 1) > room


def test_of_an_asset_nothing_is_counted_but_its_volume() -> None:
    counted = counting([NO_TALLY], [asset_market("WBTC", 1)])
    counted.hold(Positions(), Positions(((0, 7),)))
    assert counted.opened == [0] and counted.most(0, 0, 7) >= 2**40
    counted.fill(0, PRICE, 2, market_terms(asset_market("WBTC", 1), PRICE, 0))
    assert counted.after == (Tally(0, 2 * PRICE, 0),)


def test_what_is_held_is_counted_of_longs_alone() -> None:
    counted = counting([NO_TALLY, NO_TALLY], CAPPED.markets)
    counted.hold(Positions(((0, 5), (1, -2))), Positions(((0, -1),)))
    counted.hold(Positions(), Positions(((1, 7),)))
    assert counted.opened == [-5, 7]
