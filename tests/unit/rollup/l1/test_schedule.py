"""Parameters come into force at a number and a time that are known before any batch is closed."""

from dataclasses import replace

import pytest

from rollup.l1.interface import GovernanceAnnounced, GovernanceEnacted, Refusal, Revert
from rollup.protocol.market import Governance
from tests.helpers.l1 import AHEAD, BEHIND, DELAY, GOVERNOR, LEAST, STRANGER, World
from tests.helpers.oracle import listing
from tests.helpers.venue import ETH_MARKET, GOVERNANCE, START

ONE = listing(GOVERNANCE, GOVERNANCE.markets[:1])
NEW = replace(GOVERNANCE, clock_behind_ms=BEHIND + 1)
NEWER = replace(GOVERNANCE, clock_behind_ms=BEHIND + 2)


def announce(world: World, governance: Governance = NEW, number: int = 1) -> int:
    return world.l1.announce_governance(GOVERNOR, governance, number)


def test_they_are_in_force_from_the_number_and_the_time_announced(world: World) -> None:
    valid_from = announce(world, number=5)
    assert valid_from == START + DELAY
    assert world.l1.events[-1] == GovernanceAnnounced(NEW, 5, valid_from)
    in_force = world.l1.governance_for
    assert in_force(4, valid_from) == GOVERNANCE
    assert in_force(5, valid_from - 1) == GOVERNANCE
    assert in_force(5, valid_from) == NEW
    assert in_force(6, valid_from + 1) == NEW


def test_a_batch_closed_before_they_are_in_force_is_held_whenever_its_header_comes(
    world: World,
) -> None:
    """One legal call between closing and posting ended the venue."""
    valid_from = announce(world)
    world.now = valid_from - 1
    before = world.close()
    world.now = valid_from + 10
    after = world.close(after=before)
    assert (before.public.governance, after.public.governance) == (GOVERNANCE, NEW)
    assert world.commit(before).is_taken
    assert world.l1.governance == GOVERNANCE
    assert world.commit(after).is_taken
    assert world.l1.governance == NEW
    assert world.l1.events[-1] == GovernanceEnacted(NEW.digest(), 2)
    world.prove_tail()
    assert world.l1.proved_number == 2
    world.pass_time(1)
    world.prove()
    enacted = [event for event in world.l1.events if isinstance(event, GovernanceEnacted)]
    assert len(enacted) == 1


def test_a_batch_in_flight_when_they_are_announced_is_not_touched(world: World) -> None:
    world.register(1, LEAST)
    world.pass_time(1000)
    closed = world.close(time=world.now + AHEAD)
    announce(world)
    assert world.commit(closed).is_taken
    world.prove_tail()
    assert world.l1.custody == LEAST


def test_a_header_is_judged_by_the_clock_bounds_that_are_in_force_for_it(world: World) -> None:
    valid_from = announce(world, replace(GOVERNANCE, clock_behind_ms=0))
    world.now = valid_from + 1
    first = world.take(time=valid_from - 1)
    second = world.close(time=valid_from, after=first)
    refused = world.commit(second).refusal
    assert refused is not None and refused.reason is Refusal.CLOCK_BEHIND


def test_parameters_that_are_not_in_force_are_refused_on_record(world: World) -> None:
    world.pass_time(1000)
    wrong = world.close(governance=NEW)
    refused = world.commit(wrong).refusal
    assert refused is not None and refused.reason is Refusal.GOVERNANCE
    world.prove(time=wrong.header.time, redo=True)
    assert world.l1.proved_number == 1


def test_an_announcement_that_no_closed_batch_can_be_under_is_replaced(world: World) -> None:
    valid_from = announce(world)
    world.now = valid_from - AHEAD - 1
    later = announce(world, NEWER)
    assert world.l1.governance_for(1, later - 1) == GOVERNANCE
    assert world.l1.governance_for(1, later) == NEWER


def test_an_announcement_that_a_closed_batch_may_be_under_stands_and_is_followed(
    world: World,
) -> None:
    valid_from = announce(world)
    world.now = valid_from - AHEAD
    closed = world.close(time=valid_from)
    later = announce(world, NEWER)
    assert world.commit(closed).is_taken
    assert world.l1.governance == NEW
    assert world.l1.governance_for(2, later - 1) == NEW
    assert world.l1.governance_for(2, later) == NEWER


def test_a_later_announcement_is_in_force_also_at_a_number_below_an_earlier_one(
    world: World,
) -> None:
    world.now = announce(world, NEW, number=10**6)
    later = announce(world, NEWER, number=1)
    assert world.l1.governance_for(1, later) == NEWER
    assert world.l1.governance_for(10**6, later) == NEWER


@pytest.mark.parametrize("number", [1, 10**6], ids=["no batch came", "of a number far away"])
def test_parameters_follow_all_that_the_batch_before_them_can_be_under(
    world: World, number: int
) -> None:
    """A batch went from the first ones to the last ones past those in between, and its sequencer,
    which asks for gov.continues, could not open it."""
    bitcoin = GOVERNANCE.markets[0]
    step = GOVERNANCE.oracle.feeds[0].step

    def raised(by: int) -> Governance:
        fraction = bitcoin.maintenance_fraction + by
        raised = replace(bitcoin, maintenance_fraction=fraction, initial_fraction=fraction + 500)
        return replace(GOVERNANCE, markets=(raised, *GOVERNANCE.markets[1:]))

    world.now = announce(world, raised(step), number=number)
    twice = lambda: announce(world, raised(step + 1))  # noqa: E731
    assert world.revert(twice) is Revert.GOVERNANCE_CHANGED
    if number == 1:
        world.take()
        assert announce(world, raised(step + 1), number=2)


def test_only_the_governor_announces_and_only_for_a_number_to_come(world: World) -> None:
    world.pass_time(1000)
    world.take()
    call = lambda: world.l1.announce_governance(STRANGER, NEW, 2)  # noqa: E731
    assert world.revert(call) is Revert.NOT_GOVERNOR
    for number in (-1, 0, 1):
        assert world.revert(lambda n=number: announce(world, number=n)) is Revert.NUMBER_PASSED
    assert announce(world, number=2) == world.now + DELAY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clock_ahead_ms": DELAY}, Revert.DELAY_TOO_SHORT),
        ({"fee_account": 1}, Revert.GOVERNANCE_CHANGED),
        ({"backstop_account": 1}, Revert.GOVERNANCE_CHANGED),
        ({"oracle": ONE.oracle, "markets": ONE.markets}, Revert.GOVERNANCE_CHANGED),
        ({"markets": GOVERNANCE.markets[::-1]}, Revert.GOVERNANCE_CHANGED),
        (
            {
                "markets": (
                    replace(GOVERNANCE.markets[0], price_decimals=2, size_decimals=4),
                    ETH_MARKET,
                )
            },
            Revert.GOVERNANCE_CHANGED,
        ),
    ],
)
def test_parameters_under_which_the_venue_could_not_go_on_are_not_announced(
    world: World, changes: dict[str, object], reason: Revert
) -> None:
    unfit = replace(GOVERNANCE, **changes)  # type: ignore[arg-type]
    assert world.revert(lambda: announce(world, unfit)) is reason


def test_a_market_may_be_added_and_its_risk_and_fees_may_change(world: World) -> None:
    cheaper = replace(GOVERNANCE.markets[0], taker_fee=101, band_fraction=1)
    added = replace(ETH_MARKET, symbol="SOL")
    grown = listing(GOVERNANCE, (cheaper, ETH_MARKET, added))
    valid_from = announce(world, grown)
    assert world.l1.governance_for(1, valid_from) == grown
