"""Batches made anew after L1 refused a header: the venue always has a next step."""

from dataclasses import replace
from pathlib import Path

import pytest

from rollup.protocol.deposit import QUEUE_START, extend_queue
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.journal import RedoEntry
from sequencer.batches.replay import replay
from sequencer.engine.event import VenueReason
from sequencer.service.facts import Voided
from tests.helpers import venue as small
from tests.helpers.l1 import DELAY, GOVERNOR
from tests.helpers.running import SETUP, Running, names

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2, 3):
        found.world.register(account, RICH)
    found.batch()
    return found


def closed_with_trades(running: Running, count: int) -> list[ClosedBatch]:
    """Batches 2 and on, closed and not brought to L1; account 2 buys 4 lots of 1 in each."""
    found = []
    for k in range(count):
        running.open()
        running.submit(small.sell(1, 4, slot=k), small.buy(2, 4, slot=k))
        found.append(running.close())
    return found


def refused(running: Running) -> tuple[int, str] | None:
    """What L1 wants anew, and why."""
    wanted = running.venue.commit_headers()
    return None if wanted is None else (wanted.number, wanted.reason)


def redo(running: Running) -> list[ClosedBatch]:
    wanted = running.venue.commit_headers()
    assert wanted is not None
    return running.venue.redo(wanted)


def require_goes_on(running: Running) -> None:
    """All that is closed gets its header and its proof, and one more batch with a trade too."""
    assert running.venue.commit_headers() is None
    for closed in running.venue.unproved:
        running.post(closed)
    after = running.batch(small.sell(1, 1, slot=99), small.buy(2, 1, slot=99))
    assert len(after.batch.fills) >= 1 and not after.batch.redo
    assert running.world.l1.root == after.header.new_root
    assert running.world.l1.funds >= running.world.l1.owed
    assert list(replay(running.folder.journal, SETUP))[-1].header == after.header


def test_batches_whose_headers_come_too_late_are_made_anew_without_trades(
    running: Running,
) -> None:
    old = closed_with_trades(running, 3)
    running.venue.take_facts()
    running.world.pass_time(BEHIND + 1)
    assert refused(running) == (2, "clock-behind")
    anew = redo(running)
    assert [each.batch.number for each in anew] == [2, 3, 4]
    for before, after in zip(old, anew, strict=True):
        assert (after.batch.time, after.batch.prices) == (before.batch.time, before.batch.prices)
        assert before.batch.fills and after.batch.redo and not after.batch.fills
        assert not set(before.batch.salts.accounts) & set(after.batch.salts.accounts)
        assert running.venue.batch_folder(after.batch.number).batch_file.exists()
    told = running.venue.take_facts()
    for account in (1, 2):
        own = [fact for owner, fact in told if owner == account]
        assert own[:3] == [Voided(2), Voided(3), Voided(4)]
        assert "Filled" not in names(own)
    require_goes_on(running)


def test_orders_of_void_trades_go_on_in_the_next_batch(running: Running) -> None:
    closed_with_trades(running, 1)
    running.world.pass_time(BEHIND + 1)
    assert refused(running)
    redo(running)
    running.open()
    closed = running.close()
    assert [fill.size for fill in closed.batch.fills] == [4]


def test_a_batch_that_is_open_is_made_anew_as_what_it_is(running: Running) -> None:
    closed_with_trades(running, 1)
    running.world.pass_time(BEHIND + 1)
    running.open()
    running.submit(small.sell(3, 2, slot=7))
    assert refused(running)
    redo(running)
    core = running.venue.core
    assert core.work is not None and core.work.number == 3
    assert (3, 7) in core.live
    assert running.facts(small.buy(2, 2, slot=8)) == ["Accepted", "Filled", "Ended"]
    running.close()
    require_goes_on(running)


def test_a_cancel_in_a_void_batch_stays_a_cancel(running: Running) -> None:
    running.open()
    running.submit(small.sell(1, 4))
    running.venue.submit([running.cancel_envelope(1, 0, 1)])
    running.close()
    running.world.pass_time(BEHIND + 1)
    assert refused(running)
    redo(running)
    running.open()
    assert running.facts(small.sell(1, 4)) == [VenueReason.GENERATION_USED]


def test_a_deposit_that_l1_forgot_is_not_taken(running: Running) -> None:
    world = running.world
    checkpoint = world.l1.checkpoint()
    lost = world.register(4, RICH)
    running.open()
    running.submit(small.sell(4, 4), small.buy(2, 4))
    running.close()
    world.l1.revert_to(checkpoint)
    assert refused(running) == (2, "deposit-not-queued")
    other = world.register(5, 7 * small.USDC)
    (anew,) = redo(running)
    assert anew.batch.deposits == (other,) and other.index == lost.index
    assert anew.header.queue_head == head_of(running)
    assert other.account in running.venue.core.ledger.holders
    require_goes_on(running)


def head_of(running: Running) -> bytes:
    head = QUEUE_START
    for entry in running.world.l1.queue:
        head = extend_queue(head, entry)
    return head


def test_parameters_announced_at_l1_come_in_with_their_batch(running: Running) -> None:
    dearer = replace(small.BTC_MARKET, taker_fee=900)
    after = replace(small.GOVERNANCE, markets=(dearer, small.ETH_MARKET))
    number = running.venue.core.number + 3
    valid_from = running.world.l1.announce_governance(GOVERNOR, after, number)
    early = running.batch()
    assert early.batch.governance == small.GOVERNANCE
    running.world.now = valid_from
    between = running.batch()
    assert between.batch.governance == small.GOVERNANCE, "its number is before the announced one"
    held = running.batch(small.sell(1, 10), small.buy(2, 10))
    assert held.batch.number == number and held.batch.governance == after
    running.restart()
    require_goes_on(running)


def test_parameters_that_come_into_force_while_batches_wait_do_not_end_the_venue(
    running: Running,
) -> None:
    waiting = closed_with_trades(running, 1)
    after = replace(small.GOVERNANCE, clock_ahead_ms=6_000)
    running.world.l1.announce_governance(GOVERNOR, after, running.world.l1.head_number + 1)
    assert running.venue.commit_headers() is None, "it was closed before the change could hold"
    running.post(waiting[0])
    running.world.pass_time(DELAY)
    closed = running.batch()
    assert closed.batch.governance == after
    require_goes_on(running)


def test_parameters_that_l1_forgot_are_dropped(running: Running) -> None:
    checkpoint = running.world.l1.checkpoint()
    third = replace(small.ETH_MARKET, symbol="SOL")
    after = replace(small.GOVERNANCE, markets=(*small.GOVERNANCE.markets, third))
    running.world.l1.announce_governance(GOVERNOR, after, 2)
    running.world.pass_time(DELAY)
    running.open((*small.PRICES[:2], 77, 1))
    running.submit(small.sell(1, 4, market=2, price=77))
    assert running.close().batch.governance == after
    running.world.l1.revert_to(checkpoint)
    assert refused(running) == (2, "governance")
    (anew,) = redo(running)
    assert anew.batch.governance == small.GOVERNANCE
    assert anew.batch.prices == small.PRICES
    require_goes_on(running)


def test_a_proof_that_l1_forgot_is_brought_again(running: Running) -> None:
    running.open()
    first = running.close()
    assert running.venue.commit_headers() is None
    checkpoint = running.world.l1.checkpoint()
    running.post(first)
    second = running.batch()
    running.world.l1.revert_to(checkpoint)
    assert running.venue.commit_headers() is None
    assert [each.header for each in running.venue.unproved] == [first.header, second.header]
    require_goes_on(running)


def test_a_redo_survives_a_restart(running: Running) -> None:
    closed_with_trades(running, 2)
    running.world.pass_time(BEHIND + 1)
    assert refused(running)
    running.restart()
    assert refused(running), "the refusal still waits"
    anew = [each.header for each in redo(running)]
    running.restart()
    assert [each.header for each in running.venue.unproved] == anew
    require_goes_on(running)


def test_a_redo_that_a_crash_cut_off_never_happened(running: Running) -> None:
    closed_with_trades(running, 2)
    running.world.pass_time(BEHIND + 1)
    assert refused(running)
    whole = running.folder.journal.read_bytes()
    anew = [each.header for each in redo(running)]
    data = running.folder.journal.read_bytes()
    offset = next(e.offset for e in running.entries() if isinstance(e.content, RedoEntry))
    assert offset == len(whole)
    for cut in (offset + 1, offset + 100, len(data) - 200, len(data) - 1):
        running.crash()
        running.folder.journal.write_bytes(data[:cut])
        running.start()
        assert running.folder.journal.read_bytes() == whole
        assert refused(running)
        assert [each.header for each in redo(running)] == anew
    require_goes_on(running)


def test_a_redo_whose_refusal_l1_forgot_is_still_taken(running: Running) -> None:
    closed_with_trades(running, 1)
    running.world.pass_time(BEHIND + 1)
    checkpoint = running.world.l1.checkpoint()
    assert refused(running) == (2, "clock-behind")
    redo(running)
    running.world.l1.revert_to(checkpoint)
    require_goes_on(running)


def test_a_redo_that_l1_no_longer_calls_for_is_made_anew_with_its_trades(
    running: Running,
) -> None:
    before = running.world.l1.checkpoint()
    lost = running.world.register(4, RICH)
    (old,) = closed_with_trades(running, 1)
    assert lost in old.batch.deposits
    running.world.l1.revert_to(before)
    fresh = running.world.l1.checkpoint()
    assert refused(running) == (2, "deposit-not-queued")
    (without,) = redo(running)
    assert without.batch.redo and not without.batch.fills
    running.world.l1.revert_to(fresh)
    assert refused(running) == (2, "redo-uncalled")
    (again,) = redo(running)
    assert not again.batch.redo and len(again.batch.fills) == 1
    salts = {each.batch.salts.globals for each in (old, without, again)}
    assert len(salts) == 3
    require_goes_on(running)


def test_orders_of_an_account_that_is_somebody_elses_now_are_dropped(running: Running) -> None:
    checkpoint = running.world.l1.checkpoint()
    lost = running.world.register(4, RICH)
    running.open()
    running.submit(small.sell(4, 4), small.buy(2, 4))
    running.venue.submit([running.cancel_envelope(4, 9, 9)])
    running.close()
    running.world.l1.revert_to(checkpoint)
    other = running.world.register(5, RICH)
    assert other.account == lost.account == 4
    assert refused(running) == (2, "deposit-not-queued")
    redo(running)
    core = running.venue.core
    assert not [key for key in (*core.live, *core.used) if key[0] == 4]
    assert (2, 0) in core.live
    require_goes_on(running)
