"""What batches publish is on disk before L1 hears of them, and goes with the batch that stands."""

from pathlib import Path

import pytest

from rollup.availability.fault import DataRefused, Fault
from rollup.availability.holder import Holder
from rollup.availability.rebuild import rebuild
from rollup.l1.leaf_of import leaf_of
from sequencer.batches.artefacts import ArtefactError, VenueFolder
from sequencer.batches.batcher import ClosedBatch
from tests.helpers import venue as small
from tests.helpers.running import SALT, SETUP, Running

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2, 3):
        found.world.register(account, RICH)
    return found


def followed(running: Running, closed: list[ClosedBatch]) -> Holder:
    """Who has the public inputs and the files beside them."""
    holder = Holder(SETUP.genesis, SETUP.compress_many)
    for each in closed:
        folder = running.venue.batch_folder(each.batch.number)
        holder.follow(each.outcome.public, folder.read_published())
    return holder


def data_files(running: Running) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in running.root.rglob("data.bin")}


def test_it_is_there_before_l1_hears_of_the_batch(running: Running) -> None:
    running.open()
    running.submit(small.sell(1, 40), small.buy(2, 40))
    closed = running.close()
    assert running.world.l1.head_number == 0
    holder = followed(running, [closed])
    state = running.venue._machine.batcher.state
    assert holder.root == state.root
    for index in (1, 2, 3):
        header = holder.header(index)
        found = rebuild(holder, index, header, None, SETUP.compress_many)
        assert found == leaf_of(state, index)


def test_what_a_crash_left_unwritten_is_written(running: Running) -> None:
    running.open()
    closed = running.close()
    (path,) = data_files(running)
    data = path.read_bytes()
    for left in (None, b"half of another"):
        path.unlink() if left is None else path.write_bytes(left)
        with pytest.raises(ArtefactError, match=r"data\.bin: "):
            running.venue.batch_folder(1).read_published()
        running.restart()
        assert path.read_bytes() == data
    assert running.venue.commit_headers() is None
    running.post(closed)


def test_that_of_a_batch_made_anew_takes_the_place_of_the_old(running: Running) -> None:
    first = running.batch()
    running.open()
    running.submit(small.sell(1, 4), small.buy(2, 4))
    old = running.close()
    before = data_files(running)
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    (anew,) = running.venue.redo(wanted)
    after = data_files(running)
    assert before.keys() == after.keys()
    changed = [path.parts[-3] for path in before if before[path] != after[path]]
    assert changed == ["000002"]
    assert followed(running, [first, anew]).root == anew.header.new_root
    with pytest.raises(DataRefused) as caught:
        followed(running, [first, old])
    assert caught.value.fault is Fault.COMMITMENT


def test_a_batch_that_is_proved_again_keeps_it_and_another_does_not(running: Running) -> None:
    running.batch()
    folder = running.venue.batch_folder(1)
    data, batch = data_files(running), folder.batch_file.read_bytes()
    folder.write_batch(batch)
    assert data_files(running) == data
    folder.write_batch(batch + b"\0")
    assert data_files(running) == {}


def test_a_new_venue_has_nothing_of_an_older_one(running: Running) -> None:
    running.batch()
    assert data_files(running)
    running.stop()
    with VenueFolder(running.root).lock() as folder:
        folder.start(SETUP.genesis, SALT, small.RECEIPT_MATERIAL)
    assert data_files(running) == {}
