"""A venue tells itself the viewing keys of fee account and backstop, from the files that it began
with: its own books are nobody's to read either."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.hash.poseidon import Digest
from rollup.protocol.account import Header
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from sequencer.batches.artefacts import ArtefactError, LockedFolder, VenueFolder
from sequencer.batches.journal import read
from sequencer.batches.machine import Setup
from sequencer.batches.replay import replay
from sequencer.engine.command import TellKey
from sequencer.service.venue import Venue
from tests.helpers import venue as small
from tests.helpers.l1 import OPERATOR, World
from tests.helpers.readable import readable_by_all
from tests.helpers.running import SALT, SETUP, WINDOW_MS

KEYS: dict[int, Digest] = {
    FEE_ACCOUNT: (1, 2, 3, 4, 5, 6, 7, 8),
    BACKSTOP_ACCOUNT: (9, 2, 3, 4, 5, 6, 7, 8),
}


WANTED = r"fees\.viewing: (a viewing key of 64 hex digits|more than 65 bytes)"


def committing(header: Header, account: int) -> Header:
    return replace(header, viewing=viewing_commitment(KEYS[account], SETUP.compress_many))


GENESIS = replace(
    SETUP.genesis,
    fee_header=committing(SETUP.genesis.fee_header, FEE_ACCOUNT),
    backstop_header=committing(SETUP.genesis.backstop_header, BACKSTOP_ACCOUNT),
)
OWN = replace(SETUP, genesis=GENESIS)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LockedFolder]:
    with VenueFolder(tmp_path / "venue").lock() as found:
        found.start(GENESIS, SALT, small.RECEIPT_MATERIAL, KEYS)
        yield found


@contextmanager
def running(folder: LockedFolder, setup: Setup = OWN) -> Iterator[Venue]:
    venue = Venue(setup, folder, World().l1, OPERATOR)
    try:
        yield venue
    finally:
        venue.close()


def test_the_first_batch_publishes_both_accounts_under_their_keys(folder: LockedFolder) -> None:
    with running(folder) as venue:
        venue.open_batch(small.START + WINDOW_MS)
        assert {i: venue.core.ledger.holders[i].viewing_key for i in KEYS} == KEYS
        closed = venue.close_batch()
        assert closed.batch.viewing_keys == tuple(sorted(KEYS.items()))
        assert readable_by_all(closed.outcome, OWN.compress_many) == []
        assert not venue.remarks and not venue.take_facts()
    (again,) = replay(folder.journal, OWN)
    assert again.batch == closed.batch and again.outcome.published == closed.outcome.published


def test_it_is_told_once_and_known_after_a_restart(folder: LockedFolder) -> None:
    for number in (1, 2):
        with running(folder) as venue:
            venue.open_batch(small.START + number * WINDOW_MS)
            closed = venue.close_batch()
            assert closed.batch.viewing_keys == tuple(sorted(KEYS.items()))
    key = OWN.salt_key.chain_key()
    contents = [entry.content for entry in read(folder.journal, OWN.identity, key)]
    told = [each for each in contents if isinstance(each, TellKey)]
    assert told == [TellKey(account, KEYS[account]) for account in sorted(KEYS)]


def test_a_batch_that_a_crash_left_open_is_told(folder: LockedFolder) -> None:
    """The opening was written and the keys were not."""
    viewing = folder.journal.parent / "fees.viewing"
    written = viewing.read_bytes()
    viewing.unlink()
    venue = Venue(OWN, folder, World().l1, OPERATOR)
    venue.open_batch(small.START + WINDOW_MS)
    assert venue.core.ledger.holders[FEE_ACCOUNT].viewing_key is None
    venue.close()
    viewing.write_bytes(written)
    with running(folder) as venue:
        assert venue.core.work is not None
        assert venue.close_batch().batch.viewing_keys == tuple(sorted(KEYS.items()))


def test_further_accounts_are_told_of_by_the_batch_that_registers_them(
    folder: LockedFolder,
) -> None:
    world, key = World(), KEYS[BACKSTOP_ACCOUNT]
    world.register(1, 10**12, viewing_words=GENESIS.backstop_header.viewing)
    world.register(2, 10**12)
    venue = Venue(OWN, folder, world.l1, OPERATOR)
    venue.own_keys.add({1: key, 2: key, 3: key})
    assert not venue.own_keys.remarks(venue.core), "they are not there yet"
    venue.open_batch(small.START + WINDOW_MS)
    closed = venue.close_batch()
    venue.close()
    assert closed.batch.viewing_keys == (
        (FEE_ACCOUNT, KEYS[FEE_ACCOUNT]),
        (1, key),
        (BACKSTOP_ACCOUNT, key),
    )
    assert readable_by_all(closed.outcome, OWN.compress_many) == [2], "its key is another one"


def test_a_venue_without_the_files_publishes_in_the_clear(folder: LockedFolder) -> None:
    folder.start(GENESIS, SALT, small.RECEIPT_MATERIAL)
    assert folder.read_viewing_keys() == {}, "and those of an older venue are gone"
    with running(folder) as venue:
        venue.open_batch(small.START + WINDOW_MS)
        closed = venue.close_batch()
        assert readable_by_all(closed.outcome, OWN.compress_many) == sorted(KEYS)


def test_a_key_that_is_not_the_accounts_is_not_told_and_that_is_said(folder: LockedFolder) -> None:
    other = replace(OWN, genesis=replace(GENESIS, fee_header=GENESIS.backstop_header))
    with running(folder, other) as venue:
        (remark,) = venue.remarks
        assert "account 0" in remark and "everybody can read" in remark
        venue.open_batch(small.START + WINDOW_MS)
        assert venue.close_batch().batch.viewing_keys == (
            (BACKSTOP_ACCOUNT, KEYS[BACKSTOP_ACCOUNT]),
        )


def test_the_files_are_the_operators_alone_and_hold_one_key_in_hex(folder: LockedFolder) -> None:
    private = folder.journal.parent
    for name in ("fees.viewing", "backstop.viewing"):
        assert stat.S_IMODE((private / name).stat().st_mode) == 0o600
    assert folder.read_viewing_keys() == KEYS
    right = (private / "fees.viewing").read_bytes()
    spaced, large = b" " + right[1:], right.replace(b"01", b"ff").replace(b"00", b"ff")
    for wrong in (b"", right[:-1], b"0" + right, spaced, large, right.upper()[:-1] + b"Z", b"\xff"):
        (private / "fees.viewing").write_bytes(wrong)
        with pytest.raises(ArtefactError, match=WANTED) as caught:
            folder.read_viewing_keys()
        assert "0100" not in str(caught.value), "what came is not said"
