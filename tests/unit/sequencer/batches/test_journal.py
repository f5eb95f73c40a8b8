"""The journal and its encoding: one encoding a command, a chain over all, a place for a fault."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Side
from sequencer.batches.journal import Identity, Journal, JournalError, RootEntry, read
from sequencer.engine.command import Cancel, CloseBatch, Command, Deposits, OpenBatch, Submit
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes
from tests.strategies import venues

IDENTITY = Identity(venues.CHAIN, venues.VENUE, bytes(range(32)))
HEADER_BYTES = 66
COMMANDS: list[Command] = [
    OpenBatch(1, 2**52 - 1, (1, 2, 3, 2**30 - 1)),
    Deposits(()),
    Deposits((venues.registration(0, 1, 5), venues.credit(1, 2**30 - 1, 2**62 - 1))),
    Submit(venues.order(1, Side.SELL, 7, 2**40 - 1, immediate=True)),
    Submit(venues.order(2**30 - 1, Side.BUY, 2**30 - 1, 1, slot=255, post_only=True)),
    Cancel(SignedCancel(CancelOrder(1, 2, 3, 4, 5), bytes(range(84)))),
    CloseBatch(),
]


def written(path: Path) -> bytes:
    with Journal(path, IDENTITY) as journal:
        for command in COMMANDS:
            journal.append(command)
        journal.append_root(1, bytes(range(32)))
    return path.read_bytes()


def fault(path: Path, identity: Identity = IDENTITY) -> JournalError:
    with pytest.raises(JournalError) as caught:
        list(read(path, identity))
    return caught.value


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_one_encoding(command: Command) -> None:
    data = command_to_bytes(command)
    assert command_from_bytes(data) == command
    for other in (data + b"\0", data[:-1]):
        with pytest.raises(WireError):
            command_from_bytes(other)


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
    assert [entry.content for entry in read(path, IDENTITY)] == [
        *COMMANDS,
        RootEntry(1, bytes(range(32))),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_cut_off_tail_is_an_error_that_names_the_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    starts = [entry.offset for entry in read(path, IDENTITY)]
    for size in range(len(data)):
        path.write_bytes(data[:size])
        if size in (*starts, HEADER_BYTES):
            list(read(path, IDENTITY))
            continue
        expected = 0 if size < HEADER_BYTES else max(s for s in starts if s <= size)
        assert fault(path).offset == expected


def test_any_changed_byte_is_an_error_at_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    starts = [entry.offset for entry in read(path, IDENTITY)]
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])
        expected = 0 if place < HEADER_BYTES else max(s for s in starts if s <= place)
        assert fault(path).offset == expected


def test_an_entry_removed_or_repeated_breaks_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    first, second, *_ = (entry.offset for entry in read(path, IDENTITY))
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
    with Journal(path, IDENTITY) as journal:
        before = journal.link
        journal.append(CloseBatch())
        assert journal.link != before
    assert [entry.content for entry in read(path, IDENTITY)][-1] == CloseBatch()


def test_a_damaged_journal_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    path.write_bytes(data[:-1])
    with pytest.raises(JournalError, match="cut off"):
        Journal(path, IDENTITY)
    assert path.read_bytes() == data[:-1]


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, IDENTITY), pytest.raises(JournalError, match="another process"):
        Journal(path, IDENTITY)


def test_nothing_is_on_disk_before_sync(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, IDENTITY) as journal:
        journal.append(CloseBatch())
        assert path.stat().st_size == HEADER_BYTES
        journal.sync()
        assert path.stat().st_size > HEADER_BYTES
