"""The journal and its encoding: one encoding a command, a chain over all, a place for a fault."""

import errno
import os
import stat
import tracemalloc
from dataclasses import replace
from itertools import product
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto.chain_key import ChainKey
from rollup.field.koalabear import P
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Side
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow
from rollup.protocol.rejection import Reason
from sequencer.batches import journal as journal_module
from sequencer.batches.entries import (
    Entry,
    Identity,
    JournalError,
    Place,
    ReceiptEntry,
    RedoEntry,
    RefusalEntry,
    RefusedKind,
    RootEntry,
    TornTail,
    content_from_bytes,
    content_to_bytes,
)
from sequencer.batches.journal import Journal, has_place, read
from sequencer.engine.command import (
    Cancel,
    CloseBatch,
    Command,
    OpenBatch,
    PayOut,
    Submit,
    TellAhead,
    TellKey,
)
from sequencer.engine.event import VenueReason
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes
from tests.strategies import venues

IDENTITY = Identity(venues.CHAIN, venues.VENUE, bytes(range(32)))
HEADER_BYTES = 66
KEY = ChainKey(bytes(range(32)))
COMMANDS: list[Command] = [
    OpenBatch(1, 2, (1, 2, 3, 4), governance=venues.GOVERNANCE),
    OpenBatch(1, 2**52 - 1, (1, 2, 3, 2**30 - 1)),
    OpenBatch(
        2**30 - 1,
        1,
        (1, 1, 1, 1),
        (venues.registration(0, 1, 5), venues.credit(1, 2**30 - 1, 2**62 - 1)),
        redo=True,
        attempt=2**32 - 1,
    ),
    Submit(venues.order(1, Side.SELL, 7, 2**40 - 1, immediate=True)),
    Submit(venues.order(2**30 - 1, Side.BUY, 2**30 - 1, 1, slot=255, post_only=True)),
    Submit(venues.order(1, Side.BUY, 7, 1), receipt=2**48 - 1),
    Cancel(SignedCancel(CancelOrder(1, 2, 3, 4, 5), bytes(range(84))), receipt=1),
    CloseBatch(),
    CloseBatch(bytes(range(32))),
    PayOut(
        SignedOutflow(
            Outflow(1, 2, 3, 4, 5, OutflowKind.TRANSFER, 2**30 - 1, 2**53 - 1, 2**43 - 1),
            bytes(range(84)),
        ),
        receipt=1,
    ),
    PayOut(
        SignedOutflow(Outflow(1, 2, 3, 4, 0, OutflowKind.WITHDRAWAL, 0, 1, 0), bytes(range(84)))
    ),
    TellKey(2**30 - 1, (0, 1, 2, 3, 4, 5, 6, P - 1), receipt=2**48 - 1),
    TellAhead(2**30 - 1, (0, 1, 2, 3, 4, 5, 6, P - 1), (9,) * 8, 2**30 - 1, receipt=2**48 - 1),
]


def written(path: Path) -> bytes:
    with Journal(path, IDENTITY, KEY) as journal:
        for command in COMMANDS:
            journal.append(command)
        journal.append(ReceiptEntry(2**48 - 1, bytes(range(32))))
        journal.append(RootEntry(1, bytes(range(32))))
        journal.append(RedoEntry(1, bytes(range(32)), 1, 2**63))
        journal.append(CloseBatch())
    return path.read_bytes()


def fault(path: Path, identity: Identity = IDENTITY) -> JournalError:
    with pytest.raises(JournalError) as caught:
        list(read(path, identity, KEY))
    return caught.value


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_one_encoding(command: Command) -> None:
    data = command_to_bytes(command)
    assert command_from_bytes(data) == command
    for other in (data + b"\0", data[:-1]):
        with pytest.raises(WireError):
            command_from_bytes(other)


def test_a_viewing_key_has_words_of_the_field_and_an_account_that_there_can_be() -> None:
    told = command_to_bytes(TellKey(5, (1,) * 8))
    for place, word in ((9, 2**30), (13, P), (41, 2**32 - 1)):
        with pytest.raises(WireError, match="within bounds"):
            command_from_bytes(told[:place] + word.to_bytes(4, "little") + told[place + 4 :])


def test_a_key_told_ahead_has_two_digests_and_an_entry_that_there_can_be() -> None:
    told = command_to_bytes(TellAhead(5, (1,) * 8, (2,) * 8, 3))
    for place, word in ((9, 2**30), (13, P), (45, P), (73, 2**32 - 1), (77, 2**30)):
        with pytest.raises(WireError, match="within bounds"):
            command_from_bytes(told[:place] + word.to_bytes(4, "little") + told[place + 4 :])


@given(st.binary(max_size=400))
def test_bytes_are_a_command_with_this_encoding_or_a_wire_error(data: bytes) -> None:
    try:
        command = command_from_bytes(data)
    except WireError:
        return
    assert command_to_bytes(command) == data


@given(st.sampled_from(COMMANDS), st.data())
def test_a_changed_byte_is_another_command_or_a_wire_error(
    command: Command, data: st.DataObject
) -> None:
    encoded = bytearray(command_to_bytes(command))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        found = command_from_bytes(bytes(encoded))
    except WireError:
        return
    assert found != command and command_to_bytes(found) == bytes(encoded)


def test_what_was_written_is_read_and_only_the_owner_may(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path)
    assert [entry.content for entry in read(path, IDENTITY, KEY)] == [
        *COMMANDS,
        ReceiptEntry(2**48 - 1, bytes(range(32))),
        RootEntry(1, bytes(range(32))),
        RedoEntry(1, bytes(range(32)), 1, 2**63),
        CloseBatch(),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def starts_of(path: Path) -> list[int]:
    return [entry.offset for entry in read(path, IDENTITY, KEY)]


def test_a_cut_off_tail_is_told_from_damage_and_names_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    *starts, redo, last = starts_of(path)
    for size in range(len(data)):
        path.write_bytes(data[:size])
        if size in (*starts, redo, HEADER_BYTES):
            list(read(path, IDENTITY, KEY))
            continue
        found = fault(path)
        assert isinstance(found, TornTail) is (size >= HEADER_BYTES)
        wanted = (
            redo
            if size == last
            else max((s for s in (*starts, redo, last) if s <= size), default=0)
        )
        assert found.offset == wanted


def test_a_redo_counts_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    *_, redo, last = starts_of(path)
    path.write_bytes(data[:last])
    found = fault(path)
    assert isinstance(found, TornTail) and found.offset == redo
    with Journal(path, IDENTITY, KEY) as journal:
        assert journal.place.offset == redo
    assert path.read_bytes() == data[:redo]


def test_any_changed_byte_is_an_error_at_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    starts = starts_of(path)
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])
        expected = 0 if place < HEADER_BYTES else max(s for s in starts if s <= place)
        assert fault(path).offset == expected


def test_an_entry_removed_or_repeated_breaks_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    first, second, *_ = (entry.offset for entry in read(path, IDENTITY, KEY))
    path.write_bytes(data[:first] + data[second:])
    assert fault(path).offset == first
    path.write_bytes(data[:second] + data[first:])
    assert fault(path).offset == second


def test_another_venues_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path)
    assert "chain 31337" in fault(path, replace(IDENTITY, chain=1)).detail
    assert "governance" in fault(path, replace(IDENTITY, governance=bytes(32))).detail
    path.write_bytes(b"PK" + path.read_bytes()[2:])
    assert "no crypsis journal" in fault(path).detail


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path)
    with Journal(path, IDENTITY, KEY) as journal:
        before = journal.place
        journal.append(CloseBatch())
        after = journal.place
        assert after.link != before.link
    assert after.offset == path.stat().st_size
    assert [entry.content for entry in read(path, IDENTITY, KEY)][-1] == CloseBatch()


def test_whoever_lacks_the_key_cannot_rejoin_the_chain(tmp_path: Path) -> None:
    path, forged = tmp_path / "journal", tmp_path / "forged"
    written(path)
    with Journal(forged, IDENTITY, ChainKey(bytes(32))) as journal:
        for command in COMMANDS[:-1]:
            journal.append(command)
    found = fault(forged)
    assert found.offset == HEADER_BYTES and "under this key" in found.detail
    with pytest.raises(JournalError, match="under this key"):
        Journal(forged, IDENTITY, KEY)


def test_a_torn_tail_is_set_aside_and_the_journal_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    start, end = starts_of(path)[3:5]
    for cut in (start + 1, start + 5, end - 1):
        path.write_bytes(data[:cut])
        with Journal(path, IDENTITY, KEY) as journal:
            assert journal.set_aside is not None
            assert journal.set_aside.read_bytes() == data[start:cut]
            assert stat.S_IMODE(journal.set_aside.stat().st_mode) == 0o600
            journal.append(CloseBatch())
        found = [entry.content for entry in read(path, IDENTITY, KEY)]
        assert found == [*COMMANDS[:3], CloseBatch()]


def test_one_changed_bit_is_damage_and_no_torn_tail_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    for place in range(HEADER_BYTES, len(data)):
        path.write_bytes(data[:place] + bytes((data[place] ^ 64,)) + data[place + 1 :])
        assert not isinstance(fault(path), TornTail)


def test_a_last_entry_whose_end_reads_as_zeros_is_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    start = starts_of(path)[4]
    path.write_bytes(data[:start][:-16] + bytes(16))
    with Journal(path, IDENTITY, KEY) as journal:
        assert journal.set_aside is not None
        assert [entry.content for entry in read(path, IDENTITY, KEY)] == COMMANDS[:3]


def test_zeros_where_a_crash_left_a_hole_are_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    path.write_bytes(data + bytes(100))
    with Journal(path, IDENTITY, KEY) as journal:
        assert journal.set_aside is not None
    assert path.read_bytes() == data


def many(path: Path) -> tuple[bytes, list[int]]:
    """A journal of several sectors, and where its entries end."""
    with Journal(path, IDENTITY, KEY) as journal:
        for _ in range(4):
            for command in COMMANDS:
                journal.append(command)
    ends = [entry.after.offset for entry in read(path, IDENTITY, KEY)]
    return path.read_bytes(), [HEADER_BYTES, *ends]


def test_a_group_whose_last_sectors_did_not_arrive_is_a_torn_tail_wherever_it_is_cut(
    tmp_path: Path,
) -> None:
    """In a body, in a link, in the few bytes of a length: entries behind the first hole too."""
    path = tmp_path / "journal"
    data, ends = many(path)
    assert len(data) > 8 * 512
    for start in range(512, len(data), 512):
        path.write_bytes(data[:start] + bytes(len(data) - start))
        with Journal(path, IDENTITY, KEY) as journal:
            whole = max(end for end in ends if end <= start)
            assert journal.place.offset == whole
    for shift in range(1, 8):  # and once more with a header so long that the hole is in a length
        at = ends[3] + shift
        sector = patch.object(journal_module, "_SECTOR_BYTES", at)
        path.write_bytes(data[:at] + bytes(7 - shift + 1))
        with sector, Journal(path, IDENTITY, KEY) as journal:
            assert journal.place.offset == ends[3]


def test_zeros_that_are_no_hole_are_damage(tmp_path: Path) -> None:
    """A few, off the sectors' bounds or with something behind them: what was answered is there."""
    path = tmp_path / "journal"
    data, ends = many(path)
    place = next(end for end in ends if end > 600 and (end - 3) % 512 < 500)
    for damaged in (
        data[: place - 3] + bytes(3) + data[place:],
        data[: place - 3] + bytes(3),
        data[:1024] + bytes(512) + data[1536:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(JournalError) as caught:
            Journal(path, IDENTITY, KEY)
        assert not isinstance(caught.value, TornTail)


def test_a_damaged_journal_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    middle = len(data) // 2 + 64  # inside an entry: not its length, which is asked before
    damaged = data[:middle] + bytes((data[middle] ^ 1,)) + data[middle + 1 :]
    path.write_bytes(damaged)
    with pytest.raises(JournalError, match=r"link|length"):
        Journal(path, IDENTITY, KEY)
    assert path.read_bytes() == damaged


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, IDENTITY, KEY), pytest.raises(JournalError, match="another process"):
        Journal(path, IDENTITY, KEY)


def test_nothing_is_on_disk_before_sync(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, IDENTITY, KEY) as journal:
        journal.append(CloseBatch())
        assert path.stat().st_size == HEADER_BYTES
        journal.sync()
        assert path.stat().st_size > HEADER_BYTES


def test_the_header_is_durable_before_the_first_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for there in (b"", IDENTITY.encode()[:20]):
        path.write_bytes(there)
        with Journal(path, IDENTITY, KEY) as journal:
            assert journal.place == IDENTITY.start
        assert path.read_bytes() == IDENTITY.encode()


def failing(name: str, error: OSError, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """os.write or os.fsync fails once, a write after 50 bytes; the calls made since."""
    real, calls = getattr(os, name), []

    def once(descriptor: int, *data: bytes) -> object:
        calls.append(name)
        if name == "write" and len(calls) == 1:
            return real(descriptor, bytes(data[0])[:50])
        if len(calls) == (2 if name == "write" else 1):
            raise error
        return real(descriptor, *data)

    monkeypatch.setattr(os, name, once)
    return calls


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("write", OSError(errno.ENOSPC, "No space left on device")),
        ("fsync", OSError(errno.EIO, "Input/output error")),
    ],
)
def test_a_failed_journal_stays_failed_and_ends_at_what_was_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: OSError
) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, IDENTITY, KEY)
    journal.append(COMMANDS[0])
    journal.sync()
    durable = path.read_bytes()
    for content in (CloseBatch(), RootEntry(1, bytes(32)), COMMANDS[1]):
        journal.append(content)
    calls = failing(name, error, monkeypatch)
    with pytest.raises(OSError, match=f"{error.strerror}.*journal"):
        journal.sync()
    made = len(calls)
    for again in (journal.sync, lambda: journal.append(CloseBatch()), journal.close):
        with pytest.raises(JournalError, match="must be opened anew"):
            again()
    assert len(calls) == made
    assert path.read_bytes() == durable
    found: list[Entry] = []
    with Journal(path, IDENTITY, KEY, found.append):
        assert [entry.content for entry in found] == [COMMANDS[0]]


def test_reading_goes_on_from_every_place_as_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path)
    whole = list(read(path, IDENTITY, KEY))
    for count, place in enumerate([IDENTITY.start, *(entry.after for entry in whole)]):
        if count and isinstance(whole[count - 1].content, RedoEntry):
            continue  # nobody stops between a redo and what it does anew
        assert list(read(path, IDENTITY, KEY, place)) == whole[count:]
        found: list[Entry] = []
        with Journal(path, IDENTITY, KEY, found.append, place) as journal:
            assert journal.place == whole[-1].after
        assert found == whole[count:]


def test_a_place_that_this_journal_does_not_have_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "journal", tmp_path / "other"
    data = written(path)
    first, second, *_, last = read(path, IDENTITY, KEY)
    with Journal(other, IDENTITY, KEY) as journal:
        for command in COMMANDS[1:4]:
            journal.append(command)
        elsewhere = journal.place
    wrong = (
        Place(first.after.offset, second.after.link),
        Place(first.after.offset + 1, first.after.link),
        Place(first.after.offset, b""),
        Place(first.after.offset, data[first.after.offset - 16 : first.after.offset]),
        Place(0, b""),
        Place(last.after.offset + 100, last.after.link),
        elsewhere,
    )
    for place in wrong:
        assert not has_place(path, IDENTITY, place)
        with pytest.raises(JournalError, match="another entry ends here"):
            list(read(path, IDENTITY, KEY, place))
        with pytest.raises(JournalError, match="another entry ends here"):
            Journal(path, IDENTITY, KEY, start=place)
    assert path.read_bytes() == data
    path.write_bytes(data[: first.after.offset])
    with pytest.raises(JournalError, match="another entry ends here"):
        list(read(path, IDENTITY, KEY, second.after))


def test_damage_before_a_place_is_not_seen_from_there_and_damage_behind_it_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal"
    data = written(path)
    first, second, *_ = read(path, IDENTITY, KEY)
    for at, seen in ((first.offset + 9, False), (second.offset + 9, True)):
        path.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        if seen:
            with pytest.raises(JournalError):
                list(read(path, IDENTITY, KEY, first.after))
        else:
            list(read(path, IDENTITY, KEY, first.after))


def test_a_journal_is_read_and_opened_an_entry_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, IDENTITY, KEY) as journal:
        for _ in range(64):
            for _ in range(64):
                journal.append(COMMANDS[3])
            journal.sync()
    size = path.stat().st_size
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(path, IDENTITY, KEY)) == 64 * 64
        Journal(path, IDENTITY, KEY).close()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < size / 4


def test_a_refusal_has_one_encoding_and_a_reason_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for reason, kind in product((*Reason, *VenueReason), RefusedKind):
        noted = RefusalEntry(2**63, 2**30 - 1, 255, 2**26 - 1, kind, reason)
        data = content_to_bytes(noted)
        assert content_from_bytes(path, data, 7) == noted
    for wrong in (data[:-1], data + b"\0", data[:-1] + b"x", data[:-40] + b"unheard-of".ljust(40)):
        with pytest.raises(JournalError) as caught:
            content_from_bytes(path, wrong, 7)
        assert caught.value.offset == 7
    with pytest.raises(JournalError, match="RefusedKind"):
        content_from_bytes(path, data[:18] + b"\x03" + data[19:], 7)
