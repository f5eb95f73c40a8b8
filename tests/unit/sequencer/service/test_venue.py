"""A venue that runs: nothing is told before it is on disk, and a folder is gone on with."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rollup.l1.interface import Reverted
from rollup.protocol.deposit import QueueEntry
from sequencer.batches.artefacts import ArtefactError, VenueFolder
from sequencer.batches.entries import JournalError, ReceiptEntry, RootEntry
from sequencer.batches.replay import RootsDiffer, replay, require_bundles
from sequencer.engine.command import CloseBatch, OpenBatch, Submit
from sequencer.engine.core import CoreError
from sequencer.engine.event import VenueReason
from sequencer.service.guard import VenueStopped
from sequencer.service.poster import L1Differs
from tests.helpers import venue as small
from tests.helpers.running import SALT, SETUP, Running

RICH = 10**6 * small.USDC
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """A venue whose traders 1 to 3 have registered; nothing is open."""
    found = Running(tmp_path / "target")
    for account in (1, 2, 3):
        found.world.register(account, RICH)
    return found


def kinds(running: Running) -> list[str]:
    return [type(entry.content).__name__ for entry in running.entries()]


@pytest.mark.parametrize(
    ("late", "prices"), [(-100, small.PRICES), (0, small.PRICES), (2_000, (0, 1))]
)
def test_what_the_core_refuses_is_not_in_the_journal(
    running: Running, late: int, prices: tuple[int, ...]
) -> None:
    running.batch()
    before = kinds(running)
    with pytest.raises(CoreError):
        running.venue.open_batch(running.venue.core.time + late, prices)
    assert kinds(running) == before
    running.batch()
    assert len(list(replay(running.folder.journal, SETUP))) == 2


def test_between_batches_nothing_is_taken_and_nothing_is_written(running: Running) -> None:
    running.batch()
    before = kinds(running)
    order = running.envelope(small.buy(1, 10))
    (receipt,) = running.venue.submit([order])
    assert receipt.reason is VenueReason.BETWEEN_BATCHES and not receipt.facts
    with pytest.raises(CoreError):
        running.close()
    assert kinds(running) == before
    running.open()
    (receipt,) = running.venue.submit([running.envelope(small.buy(1, 10))])
    assert receipt.reason is None


def test_answers_are_given_once_their_commands_are_on_disk(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.open()
    flushed = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (flushed.append(1), real(descriptor)))
    running.submit(small.sell(1, 10), small.buy(2, 10))
    assert len(flushed) == 1, "one flush serves the whole group"
    taken = ["ReceiptEntry", "Submit"]
    assert kinds(running) == ["OpenBatch", *taken, *taken]


def test_a_disk_that_refuses_gives_no_answer_and_stops_the_venue(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.open()
    running.venue.take_facts()

    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output error"):
            running.submit(small.sell(1, 10))
    assert running.venue.take_facts() == []
    for go_on in (running.close, lambda: running.submit(small.sell(1, 10)), running.open):
        with pytest.raises(VenueStopped, match="open it anew"):
            go_on()
    with pytest.raises(JournalError):
        running.venue.close()
    running.folder.close()
    running.start()
    assert kinds(running) == ["OpenBatch"]
    assert running.facts(small.sell(1, 10)) == ["Accepted", "Rested"]


@pytest.mark.parametrize("orderly", [True, False], ids=["stopped", "killed"])
def test_a_folder_is_gone_on_with_where_it_was(running: Running, orderly: bool) -> None:
    running.batch(small.sell(1, 10), small.buy(2, 4))
    running.open()
    running.submit(small.buy(3, 1))
    core = running.venue.core
    wanted = (core.number, core.deposits_consumed, core.queue_head, core.sequence)
    positions = {a: h.holding for a, h in core.ledger.holders.items()}
    if orderly:
        running.stop()
        running.start()
    else:
        running.restart()
    core = running.venue.core
    assert (core.number, core.deposits_consumed, core.queue_head, core.sequence) == wanted
    assert {a: h.holding for a, h in core.ledger.holders.items()} == positions
    assert core.work is not None and core.work.number == 2
    closed = running.close()
    assert closed.batch.number == 2 and len(closed.batch.fills) == 1
    assert running.venue.commit_headers() is None
    running.post(closed)
    assert running.world.l1.root == closed.header.new_root
    assert len(list(replay(running.folder.journal, SETUP))) == 2


def test_deposits_are_taken_once_also_across_a_restart(running: Running) -> None:
    running.batch()
    running.restart()
    running.open()
    assert running.venue.core.deposits_consumed == 3
    assert running.close().batch.deposits == ()


def test_a_crash_between_a_closing_and_its_root_is_mended(running: Running) -> None:
    running.open()
    closed = running.close()
    data = running.folder.journal.read_bytes()
    running.crash()
    root_entry = 4 + 4 + 37 + 32
    running.folder.journal.write_bytes(data[: -root_entry // 2])
    running.start()
    assert running.venue.set_aside
    assert running.entries()[-1].content == RootEntry(1, closed_root(closed))
    assert running.venue.core.number == 1


def closed_root(closed: object) -> bytes:
    from rollup.protocol.encoding import digest_bytes

    return digest_bytes(closed.header.new_root)  # type: ignore[attr-defined]


def test_a_batch_file_that_a_crash_left_unwritten_is_written(running: Running) -> None:
    running.open()
    closed = running.close()
    path = running.venue.batch_folder(1).batch_file
    data = path.read_bytes()
    for left in (None, b"half of another"):
        path.unlink() if left is None else path.write_bytes(left)
        running.restart()
        assert path.read_bytes() == data
    assert running.venue.commit_headers() is None
    running.post(closed)


def test_a_journal_whose_end_is_missing_is_refused_where_l1_knows_better(running: Running) -> None:
    running.batch()
    first = running.folder.journal.read_bytes()
    running.batch()
    running.crash()
    running.folder.journal.write_bytes(first)
    with pytest.raises(L1Differs, match="L1 holds batch 2, the journal ends at batch 1"):
        running.start()
    assert running.folder.journal.read_bytes() == first


def test_a_journal_of_another_history_is_refused(running: Running, tmp_path: Path) -> None:
    running.batch(small.sell(1, 10), small.buy(2, 10))
    other = Running(tmp_path / "other")
    for account in (1, 2, 3):
        other.world.register(account, RICH)
    other.batch()
    other.crash()
    other.world = running.world
    with pytest.raises(L1Differs, match="another header"):
        other.start()


def test_a_replay_is_compared_with_the_bundles_beside_it(running: Running) -> None:
    from rollup.protocol.public_json import public_to_json

    def bundle(closed: object) -> None:
        folder = running.venue.batch_folder(closed.batch.number).public  # type: ignore[attr-defined]
        folder.mkdir(parents=True, exist_ok=True)
        public = closed.outcome.public  # type: ignore[attr-defined]
        (folder / "public.json").write_bytes(public_to_json(public))

    first, second = running.batch(), running.batch()
    bundle(first)
    done = list(replay(running.folder.journal, SETUP))
    assert require_bundles(running.folder, done) == 1
    bundle(second)
    with pytest.raises(RootsDiffer, match=r"batch 2: a bundle of it lies in .*ends at 1"):
        require_bundles(running.folder, done[:1])


def test_one_process_runs_a_folder_and_another_changes_nothing_in_it(running: Running) -> None:
    running.batch()
    before = {p: p.read_bytes() for p in running.root.rglob("*") if p.is_file()}
    with pytest.raises(ArtefactError, match=f"another process \\({os.getpid()}\\) runs this venue"):
        VenueFolder(running.root).lock()
    assert {p: p.read_bytes() for p in running.root.rglob("*") if p.is_file()} == before
    running.stop()
    VenueFolder(running.root).lock().close()


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.helpers import venue as small
from tests.helpers.running import Running
running = Running(Path(sys.argv[1]))
for account in (1, 2):
    running.world.register(account, 10**12)
running.open()
print(running.facts(small.sell(1, 10)), running.facts(small.buy(2, 10)), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout.strip() == "['Accepted', 'Rested'] ['Accepted', 'Filled', 'Ended']"
    from sequencer.batches.journal import read

    journal = VenueFolder(tmp_path).journal
    contents = [e.content for e in read(journal, SETUP.identity, SETUP.salt_key.chain_key())]
    taken = [ReceiptEntry, Submit]
    assert [type(content) for content in contents] == [OpenBatch, *taken, *taken]


def test_a_batch_is_due_by_the_clock_alone(running: Running) -> None:
    running.open()
    sells = [small.sell(1, 10, slot=slot) for slot in range(200)]
    buys = [small.buy(2, 10, slot=slot) for slot in range(200)]
    running.submit(*sells)
    running.submit(*buys)
    assert running.venue.core.is_full
    opened = running.world.now
    assert not running.venue.due(opened + 999)
    assert running.venue.due(opened + 1_000)
    running.close()
    assert not running.venue.due(opened + 9_000)


def test_a_header_and_a_proof_come_to_l1_once(running: Running) -> None:
    closed = running.batch()
    events = list(running.world.l1.events)
    assert running.venue.commit_headers() is None
    running.post(closed)
    assert list(running.world.l1.events) == events
    running.restart()
    running.post(closed)
    assert list(running.world.l1.events) == events


def test_an_operator_is_warned_before_a_bound(running: Running) -> None:
    running.open()
    closed = running.close()
    deadline = 7_200_000
    behind = small.GOVERNANCE.clock_behind_ms

    def warned() -> list[str]:
        return [str(each) for each in running.venue.deadlines(running.world.now, deadline)]

    assert warned() == []
    running.world.pass_time(behind * 3 // 4 + 1)
    assert warned() == ["batch 1: its header is due at L1 in 15 s"]
    assert running.venue.commit_headers() is None
    assert warned() == []
    running.world.pass_time(deadline - 60_000)
    assert warned() == ["batch 1: its proof is due at L1 in 60 s"]
    running.post(closed)
    assert warned() == []


def test_salts_and_orders_of_a_venue_are_in_no_repr(running: Running) -> None:
    assert SALT.hex() not in repr(SETUP) and repr(SETUP) == "Setup(private)"
    assert repr(SETUP.salt_key.chain_key()) == "ChainKey(hidden)"


def test_a_refused_revert_changes_nothing_for_the_venue(running: Running) -> None:
    running.open()
    closed = running.close()
    with pytest.raises(Reverted, match="no-header"):
        running.post(closed)
    assert running.venue.unproved == (closed,)
    assert isinstance(running.world.l1.queue[0], QueueEntry)
    assert kinds(running)[-2:] == [CloseBatch.__name__, RootEntry.__name__]
