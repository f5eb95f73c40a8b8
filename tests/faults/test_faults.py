"""A sample of `make faults`, and venues that break their promises, which it must notice."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from unittest.mock import patch

from rollup.files import WriteError
from sequencer.batches.entries import JournalError
from sequencer.batches.journal import Journal
from sequencer.service.answer import Answer, answer_to
from sequencer.service.poster import L1Differs
from sequencer.service.venue import Venue
from tests.faults import run
from tests.faults.clients import RUDE, rudeness
from tests.faults.disk import Disk, Fault
from tests.faults.kills import killer
from tests.helpers.seed import SEED_END, draws

LIVES = 16
SEARCHED = 60


def test_a_venue_keeps_its_promises_whatever_fails() -> None:
    seed = draws(0).randrange(SEED_END)
    found = list(run.lives(seed, range(LIVES)))
    assert all(held for _, held in found), f"seed {seed}"
    kinds = {fault.value for fault in Fault}
    assert len(kinds & set().union(*(counts for counts, _ in found))) >= 4


def test_a_process_that_is_really_killed_forgets_nothing(tmp_path: Path) -> None:
    with killer(tmp_path / "target", draws(1)) as found:
        for _ in range(2):
            found.kill()
            found.require_whole()
        found.fill(5_000)
        found.require_whole()
        assert found.receipts and found.l1.proved_number


def test_rude_clients_keep_nobody_from_being_served(tmp_path: Path) -> None:
    found = rudeness(tmp_path, draws(2), 1, 16)
    assert sum(found.values()) == 16 and len(found) >= len(RUDE) - 1


def broken(fault: Fault) -> str:
    """How the first life with this fault that breaks a promise does so; empty if none does."""
    with patch.object(run, "Fault", [fault]), patch.object(run, "POINTS", 100):
        for number in range(SEARCHED):
            try:
                run.one_life(7, number)
            except (AssertionError, JournalError, L1Differs) as error:
                return str(error)
    return ""


def test_a_journal_that_is_answered_for_before_it_is_synced_is_noticed() -> None:
    def sync(journal: Journal) -> None:
        group, journal._pending = b"".join(journal._pending), []
        os.write(journal._descriptor, group)
        journal._size += len(group)

    with patch.object(Journal, "sync", sync):
        assert re.search("forgotten|lost|signed twice|L1 holds", broken(Fault.CUT))


def test_a_journal_whose_torn_tail_stays_is_noticed() -> None:
    with patch.object(Journal, "_set_aside"):
        assert re.search("does not follow|cut off", broken(Fault.KILL))


def test_a_receipt_that_is_given_before_it_is_on_disk_is_noticed() -> None:
    """Signed and told, and then the disk is full."""

    def early(venue: Venue, envelopes: Sequence[bytes]) -> list[Answer]:
        verdicts = venue._admission.admit(envelopes, venue.core.clock)
        taken = [venue._judge(verdict) for verdict in verdicts]
        with suppress(WriteError):
            venue._sync()
        pairs = zip(verdicts, taken, strict=True)
        return [answer_to(each, venue._notary.signed(by), did) for each, (by, did) in pairs]

    with patch.object(Venue, "submit", early):
        assert re.search("forgotten|lost|signed twice|told nobody", broken(Fault.FULL))


def test_a_disk_forgets_what_was_not_synced_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "kept").write_bytes(b"old")
    disk = Disk(root, Random(1), Fault.CUT)
    left = set()
    for _ in range(40):
        (root / "kept").write_bytes(b"old")
        disk.settle()
        with disk.beneath():
            descriptor = os.open(root / "kept", os.O_WRONLY | os.O_APPEND)
            os.write(descriptor, b"+synced")
            os.fsync(descriptor)
            os.write(descriptor, b"+lost")
            os.close(descriptor)
            os.close(os.open(root / "new", os.O_WRONLY | os.O_CREAT))
        disk.lose()
        data = (root / "kept").read_bytes()
        assert data.startswith(b"old+synced")
        left.add((data.rstrip(b"\0"), (root / "new").exists()))
        (root / "new").unlink(missing_ok=True)
    assert len({data for data, _ in left}) > 3 and {there for _, there in left} == {True, False}
