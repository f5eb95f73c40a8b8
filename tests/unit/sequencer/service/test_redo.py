"""Batches made anew after L1 refused a header: the venue always has a next step."""

from dataclasses import replace
from pathlib import Path

import pytest

from rollup.l1.interface import HeaderRefused
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.deposit import QUEUE_START, extend_queue
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from rollup.protocol.trade import fee
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.entries import RedoEntry
from sequencer.batches.replay import replay
from sequencer.engine.core import CoreError
from sequencer.service.facts import Ended, Filled, Lives, Voided
from sequencer.service.guard import VenueStopped
from sequencer.service.poster import L1Differs
from tests.helpers import venue as small
from tests.helpers.l1 import DELAY, GOVERNOR, OPERATOR
from tests.helpers.oracle import NEW_PRICE, listing
from tests.helpers.running import SETUP, WINDOW_MS, Running

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
        assert own[0] == Voided(2)
        assert own[-3:] == [Lives((k, 1), 4, 2 * k + account) for k in range(3)]
        assert not [fact for fact in own if isinstance(fact, Filled | Ended)]
    require_goes_on(running)


def test_what_rested_before_a_void_trade_fills_again_without_its_signature(
    running: Running,
) -> None:
    rested = running.batch(small.sell(1, 4))
    assert [each.order.account for each in rested.batch.orders] == [1]
    running.open()
    running.submit(small.buy(2, 2))
    assert running.close().batch.resting == ((1, 0),)
    running.venue.take_facts()
    running.world.pass_time(BEHIND + 1)
    assert refused(running)
    (anew,) = redo(running)
    assert anew.batch.redo and not anew.batch.orders and not anew.batch.resting
    told = running.venue.take_facts()
    assert {owner for owner, fact in told if fact == Voided(anew.batch.number)} == {1, 2}
    running.open()
    closed = running.close()
    assert closed.batch.resting == ((1, 0),)
    assert [each.order.account for each in closed.batch.orders] == [2]
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
    assert running.facts(small.sell(1, 4)) == [Reason.GENERATION_DEAD]


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
    after = listing(small.GOVERNANCE, (*small.GOVERNANCE.markets, third))
    running.world.l1.announce_governance(GOVERNOR, after, 2)
    running.world.pass_time(DELAY)
    running.open()
    running.submit(small.sell(1, 4, market=2, price=NEW_PRICE))
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


def test_what_was_made_anew_already_is_not_made_anew_again(running: Running) -> None:
    closed_with_trades(running, 1)
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    (anew,) = running.venue.redo(wanted)
    assert running.venue.redo(wanted) == []
    assert running.venue.commit_headers() is None
    assert running.venue.redo(wanted) == []
    assert running.venue.redo(replace(wanted, header=anew.header.digest())) == []
    require_goes_on(running)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_crash_while_redone_batches_are_written_is_mended(
    running: Running, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_with_trades(running, 3)
    running.world.pass_time(BEHIND + 1)
    real, calls = BatchFolder.write_batch, []

    def until(folder: BatchFolder, data: bytes) -> None:
        calls.append(folder)
        if len(calls) > written:
            raise KeyboardInterrupt
        real(folder, data)

    with monkeypatch.context() as patched:
        patched.setattr(BatchFolder, "write_batch", until)
        with pytest.raises(KeyboardInterrupt):
            redo(running)
    running.restart()
    for closed in running.venue.unproved:
        folder = running.venue.batch_folder(closed.batch.number)
        assert folder.batch_file.read_bytes() == batch_to_bytes(closed.batch)
        assert closed.batch.redo
    require_goes_on(running)


def test_a_late_redo_that_nobody_called_for_is_on_record_and_voids_all(running: Running) -> None:
    closed_with_trades(running, 2)
    checkpoint = running.world.l1.checkpoint()
    running.world.pass_time(BEHIND + 1 - WINDOW_MS)
    assert refused(running) == (2, "clock-behind")
    second, third = redo(running)
    running.world.l1.revert_to(checkpoint)
    assert running.venue.commit_headers() is None
    refusals = [each for each in running.world.l1.events if isinstance(each, HeaderRefused)]
    assert [(each.number, each.digest) for each in refusals] == [(2, second.header.digest())]
    assert running.world.l1.redo_until == running.world.now
    assert third.batch.redo and not third.batch.fills
    require_goes_on(running)


def test_an_added_market_that_l1_forgot_is_gone_also_after_a_refused_opening(
    running: Running,
) -> None:
    checkpoint = running.world.l1.checkpoint()
    third = replace(small.ETH_MARKET, symbol="SOL")
    after = listing(small.GOVERNANCE, (*small.GOVERNANCE.markets, third))
    running.world.l1.announce_governance(GOVERNOR, after, 2)
    running.world.pass_time(DELAY)
    with pytest.raises(CoreError):
        running.venue.open_batch(running.venue.core.time)
    assert running.venue.core.ledger.governance == small.GOVERNANCE
    running.world.l1.revert_to(checkpoint)
    running.restart()
    assert running.batch().batch.governance == small.GOVERNANCE


def test_a_market_that_a_batch_had_no_price_of_gets_its_listing_price(running: Running) -> None:
    third = replace(small.ETH_MARKET, symbol="SOL")
    after = listing(small.GOVERNANCE, (*small.GOVERNANCE.markets, third))
    running.world.l1.announce_governance(GOVERNOR, after, 2)
    with_sol = running.world.l1.checkpoint()
    running.world.pass_time(1)
    running.world.l1.announce_governance(GOVERNOR, small.GOVERNANCE, 2)
    running.world.pass_time(DELAY)
    running.open()
    running.close()
    running.open()
    running.world.l1.revert_to(with_sol)
    wanted = running.venue.commit_headers()
    assert wanted is not None and wanted.reason == "governance"
    (anew,) = running.venue.redo(wanted)
    assert anew.batch.prices == (*small.PRICES, NEW_PRICE)
    work = running.venue.core.work
    assert work is not None and work.prices[2] == NEW_PRICE and not work.redo


def test_owners_are_told_what_is_void_and_what_lives(running: Running) -> None:
    running.open()
    running.submit(small.sell(3, 10, slot=9))
    running.close()
    assert running.venue.commit_headers() is None
    running.open()
    running.submit(small.buy(2, 10, slot=8))
    running.close()
    running.world.pass_time(BEHIND + 1)
    running.open()
    running.submit(small.buy(1, 1, slot=7, price=590_000))
    running.venue.take_facts()
    assert refused(running) == (3, "clock-behind")
    redo(running)
    told = running.venue.take_facts()
    assert told[:3] == [(account, Voided(3)) for account in (1, 2, 3)]
    fills = [(account, fact) for account, fact in told if isinstance(fact, Filled)]
    traded, amount = (small.BTC, small.BTC_PRICE, 10), small.BTC_PRICE * 10
    end = running.venue.core.clock
    assert fills == [
        (3, Filled((9, 1), 4, *traded, True, Side.SELL, fee(amount, 100), end, receipt=1)),
        (2, Filled((8, 1), 4, *traded, False, Side.BUY, fee(amount, 500), end, receipt=2)),
    ], "what traded in batch 3 trades in batch 4 now"
    assert told[-1] == (1, Lives((7, 1), 1, 3))
    core = running.venue.core
    assert (2, 8) not in core.live and (3, 9) not in core.live, "they met again in the open batch"
    assert core.work is not None and len(core.work.fills) == 1


def test_proofs_that_l1_forgot_come_back_whatever_is_called_first(running: Running) -> None:
    running.open()
    first = running.close()
    assert running.venue.commit_headers() is None
    running.open()
    second = running.close()
    assert running.venue.commit_headers() is None
    checkpoint = running.world.l1.checkpoint()
    running.post(first)
    running.post(second)
    running.world.l1.revert_to(checkpoint)
    running.post(first)
    assert [each.header for each in running.venue.unproved] == [second.header]
    require_goes_on(running)


def test_a_header_that_no_branch_has_stops_the_venue(running: Running) -> None:
    (closed,) = closed_with_trades(running, 1)
    foreign = replace(closed.header, public=bytes(32))
    assert running.world.l1.commit_header(OPERATOR, foreign).is_taken
    with pytest.raises(L1Differs, match="another header"):
        running.venue.commit_headers()
    with pytest.raises(VenueStopped):
        running.open()


def gone_back(running: Running, more: int) -> tuple[list[ClosedBatch], list[ClosedBatch]]:
    """L1 held batches 2 and 3, forgot them and refused them, and takes that back; meanwhile `more`
    batches were closed. The batches of the first branch, and those made anew."""
    before = running.world.l1.checkpoint()
    running.world.register(4, RICH)
    first = closed_with_trades(running, 2)
    assert running.venue.commit_headers() is None
    held = running.world.l1.checkpoint()
    running.world.l1.revert_to(before)
    assert refused(running) == (2, "deposit-not-queued")
    anew = redo(running)
    for k in range(more):
        running.open()
        running.submit(small.sell(3, 3, slot=20 + k))
        running.close()
    assert running.venue.commit_headers() is None
    running.world.l1.revert_to(held)
    return first, anew


@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_venue_goes_back_to_the_branch_that_l1_goes_back_to(
    running: Running, more: int, restarts: bool
) -> None:
    first, _ = gone_back(running, more)
    if restarts:
        running.restart()
    assert running.venue.commit_headers() is None
    headers = [each.header for each in running.venue.unproved]
    assert headers[:2] == [each.header for each in first]
    assert len(headers) == 2 + more
    for closed in running.venue.unproved:
        folder = running.venue.batch_folder(closed.batch.number)
        assert folder.batch_file.read_bytes() == batch_to_bytes(closed.batch)
    assert all((3, 20 + k) in running.venue.core.live for k in range(more))
    running.restart()
    assert [each.header for each in running.venue.unproved] == headers
    require_goes_on(running)


def test_owners_are_told_when_a_venue_goes_back(running: Running) -> None:
    gone_back(running, 1)
    running.venue.take_facts()
    assert running.venue.commit_headers() is None
    told = running.venue.take_facts()
    assert told[:3] == [(account, Voided(2)) for account in (1, 2, 3)]
    filled = [(account, fact.batch) for account, fact in told if isinstance(fact, Filled)]
    assert filled == [(1, 2), (2, 2), (1, 3), (2, 3)]
    assert [(a, f) for a, f in told if isinstance(f, Lives)] == [(3, Lives((20, 1), 3, 5))]


def test_a_venue_goes_back_and_forth_as_often_as_l1_does(running: Running) -> None:
    first, _ = gone_back(running, 1)
    one = running.world.l1.checkpoint()
    assert running.venue.commit_headers() is None
    assert running.venue.unproved[0].header == first[0].header
    for closed in running.venue.unproved[:1]:
        running.post(closed)
    running.world.l1.revert_to(one)
    assert running.venue.commit_headers() is None
    require_goes_on(running)
