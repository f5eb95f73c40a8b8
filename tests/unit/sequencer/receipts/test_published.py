"""What an operator publishes is the same whether the store says where to begin or not, and with it
the journal is read from there on."""

from pathlib import Path
from unittest.mock import patch

import pytest

from rollup.protocol.receipt import Receipt
from sequencer.batches import receipts as module
from sequencer.batches.artefacts import ArtefactError
from sequencer.batches.entries import Place
from sequencer.batches.receipts import published
from tests.helpers import venue as small
from tests.helpers.running import Running

RICH = 10**6 * small.USDC
BATCHES = 6
BEHIND = small.GOVERNANCE.clock_behind_ms


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """Six batches with two receipts each, the third one made anew with all after it."""
    running = Running(tmp_path / "target")
    for account in (1, 2):
        running.world.register(account, RICH)
    for number in range(BATCHES):
        running.open()
        terms = {"slot": number, "generation": 1}
        running.submit(small.sell(1, 3, **terms), small.buy(2, 3, **terms))
        running.close()
        if number == 1:
            assert running.venue.commit_headers() is None
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None and wanted.number == 3
    running.venue.redo(wanted)
    running.open()
    running.submit(small.sell(1, 3, slot=77), small.sell(2, 3, slot=78))
    running.close()
    running.stop()
    return running


def starts(running: Running, batch: int, since: int) -> tuple[list[Receipt], Place | None]:
    """What is published, and where reading starts."""
    with patch.object(module, "read", side_effect=module.read) as reading:
        found = published(running.folder.journal, batch, since)
    return found, reading.call_args.args[3]


def test_every_list_is_the_same_with_and_without_the_store(running: Running) -> None:
    last = 2 * BATCHES + 2
    cases = [(batch, since) for batch in range(1, BATCHES + 2) for since in range(1, last + 2)]
    with_store = [published(running.folder.journal, *case) for case in cases]
    skipped = sum(starts(running, *case)[1] is not None for case in cases)
    running.folder.store.unlink()
    assert [published(running.folder.journal, *case) for case in cases] == with_store
    assert skipped > len(cases) // 3
    assert [each.sequence for each in published(running.folder.journal, 7, 1)] == [
        *range(1, last + 1)
    ]


def test_reading_starts_at_the_batch_before_the_receipt(running: Running) -> None:
    found, start = starts(running, 2, 3)
    assert [each.sequence for each in found] == [3, 4]
    assert start is not None and start.offset > running.folder.journal.stat().st_size // 16


def test_a_batch_that_was_never_closed_has_no_list(running: Running) -> None:
    with pytest.raises(ArtefactError, match="batch 9 was never closed"):
        published(running.folder.journal, 9, 5)
