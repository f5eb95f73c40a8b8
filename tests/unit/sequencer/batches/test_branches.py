"""Which entries of a journal count after its redos, and what needs the whole journal to be said."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sequencer.batches.branches import BeforeStart, Source
from sequencer.batches.entries import Content, Entry, JournalError, Place, RedoEntry, RootEntry
from sequencer.batches.journal import Journal
from sequencer.engine.command import CloseBatch, OpenBatch
from tests.property.test_journal_replay import SETUP

DIGEST = bytes(32)
PRICES = (1, 2, 3, 4)


def batch(number: int, time: int) -> list[Content]:
    return [OpenBatch(number, time, PRICES), CloseBatch(), RootEntry(number, DIGEST)]


class Written:
    """A journal written group by group, and the place before each group."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = Source(path, SETUP)
        self.places: list[Place] = []
        self.journal = Journal(path, SETUP.identity, SETUP.salt_key.chain_key())

    def add(self, contents: Sequence[Content]) -> int:
        """One group; the byte at which it starts."""
        self.places.append(self.journal.place)
        for content in contents:
            self.journal.append(content)
        self.journal.sync()
        return self.places[-1].offset

    def redo(self, number: int, contents: Sequence[Content], base: int = 0) -> int:
        return self.add([RedoEntry(number, DIGEST, len(contents), base), *contents])

    def times(self, first: int = 0, start: Place | None = None) -> list[int]:
        """The times of the batches that count."""
        source = Source(self.path, SETUP, start, first)
        return times(list(source.entries(source.survey().now)))


def times(entries: Sequence[Entry]) -> list[int]:
    return [e.content.time for e in entries if isinstance(e.content, OpenBatch)]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Three batches and one that is open."""
    made = Written(tmp_path / "journal")
    for number in (1, 2, 3):
        made.add(batch(number, 10 * number))
    made.add([OpenBatch(4, 40, PRICES)])
    return made


def test_without_a_redo_all_counts(written: Written) -> None:
    assert written.times() == [10, 20, 30, 40]
    assert list(written.source.entries(written.source.survey().now)) == list(written.source.read())


def test_a_redo_voids_its_batch_and_all_after_it_but_not_what_follows(written: Written) -> None:
    written.redo(2, batch(2, 21))
    written.add(batch(3, 31))
    assert written.times() == [10, 21, 31]
    found = written.source.survey()
    assert found.now.number == 3 and found.now.open is None


def test_a_redo_with_a_base_goes_on_from_what_an_earlier_one_made_void(written: Written) -> None:
    base = written.redo(2, batch(2, 21))
    written.redo(3, batch(3, 32), base)
    assert written.times() == [10, 20, 32]
    found = written.source.survey()
    assert [branch.number for branch in found.voided.values()] == [3, 2]


def test_a_redo_of_a_batch_that_never_was_is_damage(written: Written) -> None:
    written.redo(5, batch(5, 50))
    with pytest.raises(JournalError, match="never closed"):
        written.source.survey()


def test_a_redo_of_an_unknown_base_is_damage(written: Written) -> None:
    written.redo(2, batch(2, 21), base=written.places[1].offset)
    with pytest.raises(JournalError, match="never closed"):
        written.source.survey()


def test_from_a_place_on_the_same_counts_as_from_the_start(written: Written) -> None:
    place = written.places[2]
    written.redo(3, batch(3, 31))
    assert written.times() == [10, 20, 31]
    assert written.times(2, place) == [31]


@pytest.mark.parametrize("number", [1, 2])
def test_a_redo_of_what_is_before_the_place_is_not_judged_from_there(
    written: Written, number: int
) -> None:
    """The place is of a branch that is void now."""
    place = written.places[2]
    written.redo(number, batch(number, 99))
    with pytest.raises(BeforeStart):
        Source(written.path, SETUP, place, 2).survey()


def test_a_redo_that_goes_back_to_before_the_place_is_not_judged_from_there(
    written: Written,
) -> None:
    base = written.redo(2, batch(2, 21))
    written.add(batch(3, 31))
    place = written.journal.place
    written.redo(3, batch(3, 32), base)
    assert written.times() == [10, 20, 32]
    with pytest.raises(BeforeStart):
        Source(written.path, SETUP, place, 3).survey()
