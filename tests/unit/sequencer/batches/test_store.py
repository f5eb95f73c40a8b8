"""The store: what was written is read, by whoever has the key; what was tampered with is not."""

import os
import sqlite3
import stat
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from rollup.crypto.chain_key import ChainKey
from sequencer.batches.entries import Identity, Place
from sequencer.batches.store import (
    COMPANIONS,
    SNAPSHOTS_KEPT,
    Closing,
    Snapshot,
    Store,
    StoreError,
    Told,
    set_aside,
)

IDENTITY = Identity(31337, 7, bytes(range(32)))
KEY = ChainKey(bytes(range(32)))
LINK, DIGEST = bytes(range(32)), bytes(range(1, 33))


def snapshot(number: int) -> Snapshot:
    return Snapshot(number, 1_000 * number, LINK, LINK, 2, 5 * number, DIGEST, b"state" * number)


def closing(number: int, offset: int, receipts: int, anew: int = 0) -> Closing:
    return Closing(offset, LINK, number, DIGEST, LINK, receipts, DIGEST, anew)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def opened(path: Path) -> Store:
    return Store(path, IDENTITY, KEY)


def edit(path: Path, statement: str, *values: object) -> None:
    """As somebody does who may write the file and lacks the key."""
    database = sqlite3.connect(path)
    database.execute(statement, values)
    database.commit()
    database.close()


def test_what_was_written_is_read_after_a_restart(path: Path) -> None:
    told = [Told(1, 0, 3, b"abc"), Told(2, 0, 1, b"d"), Told(1, 3, 2, b"ef")]
    with opened(path) as store:
        store.keep(snapshot(4), 0)
        store.note([closing(1, 100, 0), closing(2, 200, 7)], told, Place(200, LINK))
        run = store.run
    with opened(path) as store:
        assert store.numbers(9) == [4] and astuple(store.snapshot(4)) == astuple(snapshot(4))
        assert store.closings(2) == [closing(2, 200, 7)]
        assert store.counts() == {1: 5, 2: 1}
        assert [each.data for each in store.told(1, 0, 9)] == [b"abc", b"ef"]
        assert (store.run, store.told_until) == (run, Place(200, LINK))


def test_an_empty_store_has_kept_no_fact_of_the_journal(path: Path) -> None:
    with opened(path) as store:
        assert store.told_until == IDENTITY.start and store.counts() == {}


def test_only_the_owner_may_read_any_of_its_files(path: Path) -> None:
    mask = os.umask(0)
    try:
        with opened(path) as store:
            store.keep(snapshot(1), 0)
            there = sorted(path.parent.iterdir())
            assert len(there) == len(COMPANIONS)
            assert {stat.S_IMODE(each.stat().st_mode) for each in there} == {0o600}
    finally:
        os.umask(mask)
    path.chmod(0o644)
    opened(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_newest_snapshots_that_a_restart_may_use_stay_and_all_later_ones(path: Path) -> None:
    with opened(path) as store:
        for number in range(1, 9):
            store.keep(snapshot(number), proved=5)
        assert SNAPSHOTS_KEPT == 2
        assert store.numbers(99) == [8, 7, 6, 5, 4]
        assert store.numbers(5) == [5, 4]
        store.forget_from(7)
        assert store.numbers(99) == [6, 5, 4]


def test_facts_are_found_from_the_middle_of_a_record_on(path: Path) -> None:
    with opened(path) as store:
        told = [Told(7, first, 10, b"%d" % first) for first in (0, 10, 20)]
        store.note([], [*told, Told(8, 0, 1, b"other")], Place(100, LINK))
        for first, wanted in ((0, (0, 10)), (9, (0, 10)), (10, (10, 20)), (25, (20,)), (99, (20,))):
            assert [each.first for each in store.told(7, first, 2)] == list(wanted)
        assert store.told(9, 0, 2) == []


def test_the_place_to_read_from_for_a_receipt(path: Path) -> None:
    with opened(path) as store:
        rows = [closing(1, 100, 3), closing(2, 200, 3), closing(3, 300, 8), closing(2, 400, 8, 1)]
        store.note(rows, [], Place(400, LINK))
        assert store.closing_before(1) is None
        assert store.closing_before(4) == rows[1]
        assert store.closing_before(8) == rows[1]
        assert store.closing_before(9) == rows[2], "not in the middle of what was made anew"
        assert store.closings(2) == [rows[1], rows[3]]


@pytest.mark.parametrize(
    "member", ["offset", "redos", "receipts", "link", "header", "head", "state", "mac"]
)
def test_a_snapshot_with_any_member_changed_is_refused(path: Path, member: str) -> None:
    with opened(path) as store:
        store.keep(snapshot(3), 0)
    blob = member in {"link", "header", "head", "state", "mac"}
    changed = f"zeroblob(length({member}))" if blob else f"{member} + 1"
    edit(path, f"UPDATE snapshot SET {member} = {changed}")
    with opened(path) as store, pytest.raises(StoreError, match="snapshot after batch 3"):
        store.snapshot(3)


def test_a_snapshot_under_another_number_is_refused(path: Path) -> None:
    """An old state passed off as a newer one."""
    with opened(path) as store:
        store.keep(snapshot(3), 0)
    edit(path, "UPDATE snapshot SET number = 4")
    with opened(path) as store, pytest.raises(StoreError, match="snapshot after batch 4"):
        store.snapshot(4)


def test_a_row_of_one_kind_is_no_row_of_another(path: Path) -> None:
    with opened(path) as store:
        store.note([], [Told(1, 0, 3, b"abc")], Place(200, LINK))
    edit(path, "UPDATE told SET account = 2")
    with opened(path) as store:
        assert store.told(2, 0, 9) == []


def test_a_value_of_another_type_is_refused(path: Path) -> None:
    with opened(path) as store:
        store.note([closing(1, 100, 3)], [], Place(200, LINK))
    for value in ("text", 1.5, None):
        edit(path, "UPDATE closing SET root = ?", value)
        with opened(path) as store:
            assert store.closings(1) == []


@pytest.mark.parametrize(
    ("identity", "key"), [(replace(IDENTITY, venue=8), KEY), (IDENTITY, ChainKey(bytes(32)))]
)
def test_a_store_of_another_venue_is_refused_and_can_be_set_aside(
    path: Path, identity: Identity, key: ChainKey
) -> None:
    with opened(path) as store:
        store.keep(snapshot(3), 0)
    with pytest.raises(StoreError, match="another journal"):
        Store(path, identity, key)
    kept_in = set_aside(path)
    with Store(path, identity, key) as store:
        assert store.numbers(99) == []
    with opened(path.with_name(kept_in)) as kept:
        assert kept.numbers(99) == [3]


@pytest.mark.parametrize("keep", [10, 100, 5_000])
def test_a_store_that_is_torn_is_refused(path: Path, keep: int) -> None:
    with opened(path) as store:
        for number in range(1, 60):
            store.keep(snapshot(number), 0)
    path.write_bytes(path.read_bytes()[:keep] + (b"\xff" * 99 if keep < 5_000 else b""))
    with pytest.raises(StoreError, match=r"not a database|malformed"):
        opened(path)


def test_another_version_is_refused(path: Path) -> None:
    opened(path).close()
    for other in (1, 9):
        edit(path, f"PRAGMA user_version = {other}")
        with pytest.raises(StoreError, match=f"version 2 is wanted, {other} came"):
            opened(path)


def test_a_link_in_the_stores_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    path.symlink_to(target)
    with pytest.raises(StoreError):
        opened(path)
    assert not target.exists()


def test_a_new_run_of_facts_has_another_name_and_none_of_the_old_ones(path: Path) -> None:
    with opened(path) as store:
        store.note([], [Told(1, 0, 3, b"abc")], Place(200, LINK))
        run = store.run
        store.start_again(IDENTITY.start)
        assert store.run != run and store.counts() == {}
    with opened(path) as store:
        assert store.run != run and store.told_until == IDENTITY.start


def test_a_failed_store_stays_failed_and_has_all_of_a_note_or_nothing(path: Path) -> None:
    with opened(path) as store:
        store.note([closing(1, 100, 3)], [], Place(100, LINK))
        (pages,) = store._ask("PRAGMA page_count")[0]
        store._ask(f"PRAGMA max_page_count = {pages}")  # as a disk that is full
        told = [Told(1, first, 1, bytes(3_000)) for first in range(99)]
        with pytest.raises(StoreError, match="full"):
            store.note([closing(2, 200, 3)], told, Place(200, LINK))
        with pytest.raises(StoreError, match="opened anew"):
            store.note([], [], Place(300, LINK))
    with opened(path) as store:
        assert store.told_until == Place(100, LINK)
        assert store.counts() == {} and store.closings(2) == []


def test_a_crash_in_the_middle_of_a_note_leaves_none_of_it(path: Path, tmp_path: Path) -> None:
    """The files as a kill leaves them, and as a power cut may: with a torn end."""
    with opened(path) as store:
        store.note([closing(1, 100, 3)], [], Place(100, LINK))
        before = {c: Path(f"{path}{c}").read_bytes() for c in COMPANIONS[:2]}
        store.note([closing(2, 200, 3)], [Told(1, 0, 1, bytes(9_000))], Place(200, LINK))
        after = {c: Path(f"{path}{c}").read_bytes() for c in COMPANIONS[:2]}
    start, end = len(before["-wal"]), len(after["-wal"])
    assert start < end
    found = set()
    for size in (start, start + 1, (start + end) // 2, end - 1, end):
        copy = tmp_path / f"{size}.sqlite"
        copy.write_bytes(after[""])
        Path(f"{copy}-wal").write_bytes(after["-wal"][:size])
        with opened(copy) as store:
            found.add((store.told_until.offset, bool(store.closings(2)), bool(store.counts())))
    assert found == {(100, False, False), (200, True, True)}
