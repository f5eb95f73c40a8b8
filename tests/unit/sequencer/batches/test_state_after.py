"""The state after any batch comes out of the journal again, and never that of another branch."""

from pathlib import Path

import pytest

from rollup.hash.poseidon import Digest
from sequencer.batches.entries import JournalError
from sequencer.batches.replay import state_after
from tests.helpers import venue as small
from tests.helpers.running import SETUP, Running

RICH = 10**6 * small.USDC


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2):
        found.world.register(account, RICH)
    return found


def root_after(running: Running, number: int) -> Digest:
    return state_after(running.folder.journal, SETUP, number).root


def test_every_batch_has_its_root_again_and_an_open_one_is_left_out(running: Running) -> None:
    roots = [small.genesis().state(small.toy_compress_many).root]
    for slot in range(3):
        closed = running.batch(small.sell(1, 4, slot=slot), small.buy(2, 4, slot=slot))
        roots.append(closed.header.new_root)
    running.open()
    running.submit(small.sell(1, 4, slot=9), small.buy(2, 4, slot=9))
    assert len(set(roots)) == 4
    assert [root_after(running, number) for number in range(4)] == roots
    with pytest.raises(JournalError, match="batch 4 is wanted, the last closed is 3"):
        root_after(running, 4)


def test_a_journal_without_a_batch_has_genesis(running: Running) -> None:
    assert root_after(running, 0) == small.genesis().state(small.toy_compress_many).root
    with pytest.raises(JournalError, match="the last closed is 0"):
        root_after(running, 1)


def test_what_was_made_anew_counts_and_not_what_was_void(running: Running) -> None:
    running.batch()
    running.open()
    running.submit(small.sell(1, 4), small.buy(2, 4))
    void = running.close()
    running.world.pass_time(small.GOVERNANCE.clock_behind_ms + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None and wanted.number == 2
    anew = running.venue.redo(wanted)[0]
    assert root_after(running, 2) == anew.header.new_root != void.header.new_root
