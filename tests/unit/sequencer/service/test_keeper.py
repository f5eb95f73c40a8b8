"""Where a venue starts from: a snapshot that is its own, or else the whole journal, and the same
venue either way. And what owners were told has the same numbers afterwards."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from rollup.crypto.salt import SaltKey
from rollup.protocol.order import Side
from sequencer.batches.artefacts import STORE_FILE
from sequencer.batches.machine import Setup
from sequencer.batches.replay import Replay
from sequencer.batches.store import COMPANIONS, SNAPSHOTS_KEPT, Store, StoreError
from sequencer.service.facts import Fact, Filled
from sequencer.service.history import History
from sequencer.service.keeper import Keeper
from sequencer.service.poster import L1Differs
from tests.helpers import venue as small
from tests.helpers.machines import described, replayed
from tests.helpers.running import SETUP, Running

RICH = 10**6 * small.USDC
EVERY = 2
BEHIND = small.GOVERNANCE.clock_behind_ms


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Five batches with trades, all proved, and a snapshot after the second and the fourth."""
    running = Running(tmp_path / "target", snapshot_every=EVERY)
    for account in (1, 2):
        running.world.register(account, RICH)
    running.batch()
    for generation in range(1, 5):
        trade(running, generation)
    yield running
    running.stop()


def trade(running: Running, generation: int) -> None:
    terms = {"slot": generation, "generation": generation}
    running.batch(small.sell(1, 3, **terms), small.buy(2, 2, **terms))


def edit(running: Running, statement: str, *values: object) -> None:
    """As somebody does who may write the folder and lacks the key, while the venue is down."""
    database = sqlite3.connect(running.folder.store)
    database.execute(statement, values)
    database.commit()
    database.close()


def commands_done(start: Callable[[], None]) -> int:
    """How much of the journal a start does again."""
    with patch.object(Replay, "_do", autospec=True, side_effect=Replay._do) as done:
        start()
    return done.call_count


def told(history: History, account: int = 1, cursor: int = 0) -> tuple[Fact, ...]:
    return history.since(account, cursor, 10**6).facts


def require_whole(running: Running) -> None:
    assert described(running.venue._machine) == described(replayed(running.folder, SETUP))


def test_a_start_does_again_what_is_after_the_last_snapshot_and_no_more(running: Running) -> None:
    running.crash()
    assert commands_done(running.start) == 4, "the opening, two orders and the closing of batch 5"
    require_whole(running)
    assert running.venue.remarks == ()


def test_a_venue_that_ended_in_order_starts_from_where_it_ended(running: Running) -> None:
    running.stop()
    assert commands_done(running.start) == 0
    require_whole(running)
    trade(running, 5)


def test_batches_that_are_not_proved_are_done_again_from_the_snapshot_before_them(
    running: Running,
) -> None:
    """Their proofs need them: a snapshot that is newer than the last proved batch waits."""
    for _ in range(4):
        running.open()
        running.close()
    unproved = [closed.header for closed in running.venue.unproved]
    running.stop()
    assert commands_done(running.start) == 4 + 4 * 2
    assert [closed.header for closed in running.venue.unproved] == unproved
    for closed in running.venue.unproved:
        assert running.venue.commit_headers() is None
        running.post(closed)
    running.crash()
    assert commands_done(running.start) == 0


def test_of_snapshots_that_can_be_used_a_few_stay(running: Running) -> None:
    for generation in range(5, 11):
        trade(running, generation)
    store = running.venue._keeper._store
    assert store is not None
    assert store.numbers(99) == [10, 8, 6], "batch 10 was not proved yet as they were counted"
    assert len(store.numbers(9)) == SNAPSHOTS_KEPT


LIES = {
    "a byte of it": "UPDATE snapshot SET state = CAST(substr(state, 1, 400) ||"
    " CASE hex(substr(state, 401, 1)) WHEN '00' THEN x'01' ELSE x'00' END ||"
    " substr(state, 402) AS BLOB)",
    "its batch": "UPDATE snapshot SET number = number + 1 WHERE number = 4",
    "its place": "UPDATE snapshot SET offset = offset - 1",
    "its link": "UPDATE snapshot SET link = zeroblob(32)",
    "its receipts": "UPDATE snapshot SET receipts = receipts - 1",
    "its redos": "UPDATE snapshot SET redos = redos + 1",
    "its header": "UPDATE snapshot SET header = zeroblob(32)",
    "an older state": "UPDATE snapshot SET state = (SELECT state FROM snapshot WHERE number = 2)",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_snapshot_that_was_tampered_with_is_not_used_and_said(running: Running, lie: str) -> None:
    before, facts = described(running.venue._machine), told(running.venue.history)
    running.crash()
    edit(running, LIES[lie])
    running.start()
    assert any("damaged or foreign" in remark for remark in running.venue.remarks)
    assert described(running.venue._machine) == before
    assert told(running.venue.history) == facts
    trade(running, 5)


def test_the_store_of_another_venue_is_set_aside_and_said(running: Running, tmp_path: Path) -> None:
    """Same genesis, another salt key: its snapshots would give it another state."""
    other = Setup(small.genesis(), SaltKey(bytes(32)), SETUP.compress_many, SETUP.verify_many)
    running.crash()
    path, foreign = running.folder.store, tmp_path / STORE_FILE
    for companion in COMPANIONS:
        Path(f"{path}{companion}").unlink(missing_ok=True)
    Store(foreign, other.identity, other.salt_key.store_key()).close()
    foreign.rename(path)
    running.start()
    assert any("another journal" in remark for remark in running.venue.remarks)
    assert path.with_name(f"{STORE_FILE}.refused").exists()
    require_whole(running)
    trade(running, 5)


def test_a_journal_that_is_shorter_than_its_snapshot_is_refused_as_without_one(
    running: Running,
) -> None:
    """An older copy of the journal beneath a newer store: L1 knows that the end is missing."""
    entries = running.entries()
    running.crash()
    data = running.folder.journal.read_bytes()
    running.folder.journal.write_bytes(data[: entries[7].after.offset])
    with pytest.raises(L1Differs, match="its end is missing"):
        running.start()
    keeper = Keeper(SETUP, running.folder)
    assert [start.source.first for start in keeper.starts(99)] == [0]
    assert "shorter, or another one" in keeper.remarks[0]
    keeper.close()
    running.folder.journal.write_bytes(data)
    running.start()


def test_a_store_that_is_torn_is_begun_anew_from_the_whole_journal(running: Running) -> None:
    facts, run = told(running.venue.history), running.venue._keeper.run
    running.crash()
    path = running.folder.store
    path.write_bytes(path.read_bytes()[:1_000])
    assert commands_done(running.start) > 12
    assert any("begun anew from the whole journal" in each for each in running.venue.remarks)
    require_whole(running)
    assert told(running.venue.history) == facts
    assert running.venue._keeper.run != run, "cursors of before mean nothing now"
    running.crash()
    assert commands_done(running.start) == 4, "the snapshots were made again on the way"
    assert told(running.venue.history) == facts and running.venue.remarks == ()


def test_a_store_of_the_version_before_is_made_again_with_what_its_fills_lacked(
    running: Running,
) -> None:
    """Facts of version 1 have no side, fee or time: they are told anew, out of the journal."""
    facts, run = told(running.venue.history), running.venue._keeper.run
    fills = [fact for fact in facts if isinstance(fact, Filled)]
    assert fills and all(fact.fee and fact.time for fact in fills)
    sides = {
        fact.side
        for account in (1, 2)
        for fact in told(running.venue.history, account)
        if isinstance(fact, Filled)
    }
    assert sides == {Side.BUY, Side.SELL}
    running.crash()
    with closing(sqlite3.connect(running.folder.store)) as database:
        database.execute("PRAGMA user_version = 1")
    running.start()
    assert any("version 2 is wanted, 1 came" in each for each in running.venue.remarks)
    assert told(running.venue.history) == facts
    assert running.venue._keeper.run != run, "cursors of before mean nothing now"


def test_a_venue_whose_store_cannot_be_there_goes_on_without(running: Running) -> None:
    facts = told(running.venue.history)
    running.crash()
    for companion in COMPANIONS:
        Path(f"{running.folder.store}{companion}").unlink(missing_ok=True)
    running.folder.store.mkdir()
    with patch("sequencer.service.keeper.set_aside", side_effect=no_store):
        running.start()
    assert any("there is none" in remark for remark in running.venue.remarks)
    assert running.venue._keeper.run == b""
    require_whole(running)
    trade(running, 5)
    assert told(running.venue.history)[: len(facts)] == facts
    running.stop()
    running.folder.store.rmdir()
    running.start()


def no_store(path: Path) -> str:
    raise StoreError(path, "it cannot be set aside")


def test_a_disk_that_is_full_for_the_store_does_not_stop_the_venue(running: Running) -> None:
    store = running.venue._keeper._store
    assert store is not None
    (pages,) = store._ask("PRAGMA page_count")[0]
    store._ask(f"PRAGMA max_page_count = {pages}")
    with patch.object(Store, "_mac", return_value=bytes(50_000)):  # no room for such a row
        trade(running, 5)
    trade(running, 6)
    (remark,) = running.venue.remarks
    assert "full" in remark and "until the next start" in remark
    facts = told(running.venue.history)
    running.crash()
    running.start()
    require_whole(running)
    assert told(running.venue.history) == facts and running.venue.remarks == ()


@pytest.mark.parametrize("write", ["note", "keep"])
def test_a_kill_between_journal_and_store_loses_nothing(running: Running, write: str) -> None:
    """What was told is told again, under the same numbers."""
    facts = told(running.venue.history)
    with patch.object(Store, write, side_effect=KeyboardInterrupt), suppress(KeyboardInterrupt):
        trade(running, 5)
    assert running.venue.core.number == 6
    now = told(running.venue.history)
    assert now[: len(facts)] == facts and len(now) > len(facts)
    running.crash()
    running.start()
    require_whole(running)
    assert told(running.venue.history) == now and running.venue.remarks == ()


def unproved_and_refused(running: Running) -> None:
    """Three batches whose first header comes too late, and snapshots that this makes void."""
    for generation in (5, 6, 7):
        running.open()
        terms = {"slot": generation, "generation": generation}
        running.submit(small.sell(1, 3, **terms), small.buy(2, 2, **terms))
        running.close()
    running.world.pass_time(BEHIND + 1)


def test_a_snapshot_of_a_branch_that_a_redo_made_void_is_not_used(running: Running) -> None:
    """The kill came after the journal had the redo, and before its snapshot was forgotten."""
    unproved_and_refused(running)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    dead = patch.object(Store, "forget_from", side_effect=KeyboardInterrupt)
    with dead, suppress(KeyboardInterrupt):
        running.venue.redo(wanted)
    running.crash()
    keeper = Keeper(SETUP, running.folder)
    assert next(keeper.starts(99)).source.first == 8 > wanted.number, "it lies there still"
    start, _ = keeper.surveyed(99)
    assert start.source.first == 4, "and reading starts before the redo"
    keeper.close()
    running.start()
    require_whole(running)
    assert any("after a redo" in remark for remark in running.venue.remarks)


def test_after_a_redo_snapshots_of_the_void_branch_are_gone_and_facts_go_on(
    running: Running,
) -> None:
    unproved_and_refused(running)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    running.venue.redo(wanted)
    store = running.venue._keeper._store
    assert store is not None and store.numbers(99) == [4, 2]
    facts, run = told(running.venue.history), running.venue._keeper.run
    running.crash()
    running.start()
    require_whole(running)
    assert told(running.venue.history) == facts and running.venue._keeper.run == run
    assert running.venue.remarks == ()


def test_a_cursor_outlives_a_restart(running: Running) -> None:
    before = running.venue.history.since(1, 3, 2)
    assert (before.first, before.next, before.has_more) == (3, 5, True)
    whole = told(running.venue.history)
    running.crash()
    running.start()
    assert running.venue.history.since(1, 3, 2).facts == before.facts == whole[3:5]
    trade(running, 5)
    after = running.venue.history.since(1, len(whole), 99)
    assert after.first == len(whole)
    assert any(isinstance(fact, Filled) and fact.batch == 6 for fact in after.facts)


def test_facts_of_the_open_batch_come_out_of_the_journal_again(running: Running) -> None:
    running.open()
    running.submit(small.sell(1, 3, slot=9, generation=9))
    facts = told(running.venue.history)
    running.crash()
    running.start()
    assert told(running.venue.history) == facts
    assert running.venue.take_facts() == [], "they were told before"
