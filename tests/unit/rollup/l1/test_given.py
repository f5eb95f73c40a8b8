"""Reports that anybody gives L1: what is held, for how long, and against which headers."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rollup.crypto.address_key import AddressKey
from rollup.harness.books import held_reports
from rollup.hash.keccak import keccak256
from rollup.l1.given import (
    LATE_SLOTS_MAX,
    PROMPT_SLOTS_MAX,
    SLOTS_MAX,
    GivenReports,
    Wanted,
    reports_digest,
)
from rollup.l1.interface import HeaderRefused, Refusal, ReportsGiven, Revert
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage, feed_id
from rollup.protocol.market import Governance
from rollup.protocol.oracle import REPORTS_MAX
from tests.helpers.l1 import BEHIND, DELAY, GOVERNOR, STRANGER, Closed, World
from tests.helpers.oracle import KEYS, QUORUM, reports
from tests.helpers.venue import BTC_PRICE, ETH_PRICE, GOVERNANCE

ORACLE = GOVERNANCE.oracle
SLOT_MS = ORACLE.slot_ms
UP = (BTC_PRICE + 1_000, ETH_PRICE)
NOTHING = SignedPackage(DataPackage((DataPoint(feed_id("BTC"), 1),), 0), bytes(65))


def quorum(time: int, governance: Governance = GOVERNANCE, market: int = 0) -> list[SignedPackage]:
    """What all signers sign of one market for a batch of this time, in the order of a batch."""
    feed = governance.oracle.feeds[market].feed
    signed = reports(governance, UP, time)
    return [each for each in signed if each.package.points[0].feed == feed]


def give(world: World, time: int, **parts: object) -> int:
    return world.l1.give_reports(STRANGER, quorum(time, **parts))  # type: ignore[arg-type]


def refused(world: World, closed: Closed) -> Refusal | None:
    found: HeaderRefused | None = world.commit(closed).refusal
    return None if found is None else found.reason


def test_a_quorum_is_held_and_told_once(world: World) -> None:
    world.pass_time(10_000)
    slot = ORACLE.slot(world.now)
    assert give(world, world.now) == len(KEYS)
    assert give(world, world.now) == 0
    assert world.l1.events == [ReportsGiven(slot, 0, len(KEYS))]
    assert world.l1.given == {slot: reports_digest(quorum(world.now))}
    assert tuple(world.l1.given_reports(slot)) == tuple(quorum(world.now))
    assert world.l1.given_reports(slot + SLOT_MS) == ()


def test_one_call_brings_all_markets_of_a_slot_and_says_each(world: World) -> None:
    world.pass_time(10_000)
    both = [*quorum(world.now), *quorum(world.now, market=1)]
    assert world.l1.give_reports(STRANGER, both) == 2 * len(KEYS)
    assert [event.market for event in world.l1.events] == [0, 1]  # type: ignore[union-attr]


def test_more_reports_than_a_batch_can_have_are_refused_unread(world: World) -> None:
    world.pass_time(10_000)
    flood = [NOTHING] * (REPORTS_MAX + 1)
    assert world.revert(lambda: world.l1.give_reports(STRANGER, flood)) is Revert.BAD_REPORTS


def test_missing_is_judged_at_the_header_and_the_redo_takes_what_l1_holds(world: World) -> None:
    world.pass_time(10_000)
    closed = world.close()
    give(world, world.now)
    world.pass_time(1)
    assert refused(world, closed) is Refusal.REPORT_WITHHELD
    time = closed.header.time
    held = held_reports(world.l1, GOVERNANCE, time)
    redo = world.take(time=time, redo=True, reports=held)
    assert redo.header.missing == 0b10 and redo.public.prices == UP
    world.post(redo)


def test_a_quorum_of_signers_that_the_headers_parameters_do_not_know_binds_nobody(
    world: World,
) -> None:
    """Else nobody could redo that batch: its reports would be of strangers there."""
    others = [AddressKey(keccak256(f"another signer, {k}".encode())) for k in range(len(KEYS))]
    addresses = tuple(sorted(key.address for key in others))
    renewed = replace(GOVERNANCE, oracle=replace(ORACLE, signers=addresses))
    world.pass_time(10_000)
    world.l1.announce_governance(GOVERNOR, renewed, 1)
    world.pass_time(DELAY - 1)
    give(world, world.now + 1)
    world.pass_time(1)
    closed = world.close(reports=())
    assert closed.public.governance == renewed
    assert renewed.oracle.slot(world.now) in world.l1.given
    assert refused(world, closed) is None


def test_a_header_under_old_parameters_is_held_to_a_quorum_of_its_own_signers(
    world: World,
) -> None:
    world.pass_time(10_000)
    more = replace(GOVERNANCE, clock_behind_ms=BEHIND + 1)
    world.l1.announce_governance(GOVERNOR, more, 1)
    world.pass_time(DELAY - 1)
    closed = world.close(reports=())
    assert closed.public.governance == GOVERNANCE
    world.pass_time(1)
    give(world, closed.header.time)
    world.pass_time(1)
    assert refused(world, closed) is Refusal.REPORT_WITHHELD


def test_a_quorum_may_come_in_several_calls_of_a_quorum_each(world: World) -> None:
    world.pass_time(10_000)
    all_of = quorum(world.now)
    assert world.l1.give_reports(STRANGER, all_of[:QUORUM]) == QUORUM
    assert world.l1.give_reports(STRANGER, all_of[-QUORUM:]) == len(KEYS) - QUORUM
    alone = world.revert(lambda: world.l1.give_reports(STRANGER, all_of[:1]))
    assert alone is Revert.REPORT_QUORUM


def test_what_is_held_goes_back_with_the_rest_of_l1(world: World) -> None:
    world.pass_time(10_000)
    before = world.l1.checkpoint()
    give(world, world.now)
    world.l1.revert_to(before)
    assert world.l1.given == {} and world.l1.events == []


def test_the_slot_of_a_refusal_is_held_until_its_redo_however_late_that_is(world: World) -> None:
    world.pass_time(10_000)
    closed = world.close()
    give(world, world.now)
    world.pass_time(1)
    assert refused(world, closed) is Refusal.REPORT_WITHHELD
    world.pass_time(100 * BEHIND)
    give(world, world.now)
    slot = ORACLE.slot(closed.header.time)
    assert slot in world.l1.given
    before = world.revert(lambda: give(world, closed.header.time - SLOT_MS))
    assert before is Revert.REPORT_STALE
    again = world.close(time=closed.header.time, redo=True, reports=())
    assert refused(world, again) is Refusal.REPORT_WITHHELD


def held(given: GivenReports, slots: Sequence[int]) -> None:
    """As many reports as signatures nobody looked at make."""
    for slot in slots:
        package = DataPackage((DataPoint(feed_id("BTC"), slot),), slot)
        given.hold(SignedPackage(package, bytes(65)), KEYS[0].address, 0)


def test_whatever_is_given_no_more_slots_are_held_than_the_bound() -> None:
    given, late = GivenReports(), range(1, 2_000)
    wanted = Wanted(first=1, prompt=2_000)
    held(given, [*late, *range(2_000, 5_000)])
    given.forget(wanted)
    kept = [*late[:LATE_SLOTS_MAX], *range(5_000 - PROMPT_SLOTS_MAX, 5_000)]
    assert sorted(given.slots) == kept and len(kept) == SLOTS_MAX
    assert given.has_room(4_999, wanted) and given.has_room(6_000, wanted)
    assert not given.has_room(1_999, wanted), "a redo asks for older ones first"
    assert not given.has_room(2_000, wanted), "a header in time asks for newer ones"
    assert not given.has_room(0, wanted), "nobody asks for it"


def test_a_flood_of_old_slots_is_told_that_they_are_not_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollup.l1.given.LATE_SLOTS_MAX", 2)
    world.pass_time(10 * BEHIND)
    start = world.genesis.time + 10_000
    assert [give(world, start + k * SLOT_MS) for k in (0, 1)] == [len(KEYS)] * 2
    third = world.revert(lambda: give(world, start + 2 * SLOT_MS))
    assert third is Revert.REPORT_STALE
    assert give(world, start - SLOT_MS) == len(KEYS), "an older one takes a newer one's place"
    assert len(world.l1.given) == 2


def test_a_header_forgets_what_no_header_after_it_can_ask_for(world: World) -> None:
    world.pass_time(10_000)
    times = [world.now - 2 * SLOT_MS, world.now - SLOT_MS, world.now]
    for time in times:
        give(world, time)
    world.pass_time(1)
    world.take(time=times[2], reports=held_reports(world.l1, GOVERNANCE, times[2]))
    assert set(world.l1.given) == {ORACLE.slot(times[2])}
