"""A folder pins what its venue was begun with: the same goes on, anything else is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from rollup.hash.many import compress_many
from rollup.native.memory import MemoryMode
from rollup.protocol.availability import viewing_commitment
from sequencer.batches.artefacts import ArtefactError, LockedFolder, VenueFolder
from sequencer.demo.market.keys import KeySource
from sequencer.running.state import (
    PINNED_FILE,
    ROLES_FILE,
    VenueDiffers,
    begin,
    differing,
    go_on,
    is_begun,
    pinned_file,
)
from sequencer.service.venue_file import venue_from_toml
from tests.helpers.oracle import EXAMPLE, listing

NOW = 1_723_000_012_345
FILE = venue_from_toml(EXAMPLE.encode())


@pytest.fixture
def folder(tmp_path: Path) -> LockedFolder:
    return VenueFolder(tmp_path / "venue").lock()


def begun(folder: LockedFolder) -> None:
    begin(folder, EXAMPLE, KeySource(), 7, NOW)


def test_what_was_begun_is_gone_on_with(folder: LockedFolder) -> None:
    assert not is_begun(folder.root)
    begun(folder)
    found, again = go_on(folder, FILE), go_on(folder, None)
    assert is_begun(folder.root) and found.file == again.file == FILE == pinned_file(folder.root)
    assert found.genesis.time == NOW // FILE.interval_ms * FILE.interval_ms
    assert found.genesis == again.genesis and found.roles == again.roles
    assert found.roles.seed == 7 and not found.roles.is_insecure
    assert found.salt_key == again.salt_key


def test_the_viewing_keys_of_its_own_accounts_are_in_the_folder(folder: LockedFolder) -> None:
    begun(folder)
    genesis, keys = folder.read_genesis(), folder.read_viewing_keys()
    shown = {account: viewing_commitment(key, compress_many) for account, key in keys.items()}
    assert shown == {
        genesis.governance.fee_account: genesis.fee_header.viewing,
        genesis.governance.backstop_account: genesis.backstop_header.viewing,
    }
    assert len(set(keys.values())) == 2


def test_a_beginning_that_was_cut_off_is_begun_again(folder: LockedFolder) -> None:
    begun(folder)
    (folder.root / PINNED_FILE).unlink()
    assert not is_begun(folder.root)
    before = folder.read_genesis()
    begun(folder)
    assert go_on(folder, None).genesis != before, "other keys"


def test_a_venue_of_another_program_is_not_removed(folder: LockedFolder) -> None:
    folder.journal.write_bytes(b"somebody's orders")
    with pytest.raises(ArtefactError, match="of another program"):
        begun(folder)
    assert folder.journal.read_bytes() == b"somebody's orders"


def test_what_differs_is_said_key_by_key(folder: LockedFolder) -> None:
    begun(folder)
    markets = (replace(FILE.governance.markets[0], taker_fee=451), *FILE.governance.markets[1:])
    governance = replace(FILE.governance, markets=markets, clock_behind_ms=3_600_001)
    with pytest.raises(VenueDiffers) as caught:
        go_on(folder, replace(FILE, interval_ms=5_000, governance=governance))
    said = str(caught.value)
    assert "interval_ms: begun with 10000, the file has 5000" in said
    assert "clock_behind_ms: begun with 3600000, the file has 3600001" in said
    assert "BTC-PERP taker_fee: begun with 450, the file has 451" in said
    assert "by an announcement at L1" in said and "ETH-PERP" not in said


def test_a_market_that_is_added_is_named() -> None:
    fewer = listing(FILE.governance, FILE.governance.markets[:1])
    (line,) = differing(replace(FILE, governance=fewer), FILE)
    assert line == "markets: begun with BTC-PERP, the file has BTC-PERP, ETH-PERP"


def test_what_is_no_part_of_genesis_or_deployment_may_change(folder: LockedFolder) -> None:
    begun(folder)
    changed = replace(FILE, memory=MemoryMode.LOW, lag_batches=3, provers=2, swings=(1, 2))
    assert go_on(folder, changed).file == changed


@pytest.mark.parametrize("damage", [b"", b"{}", b"[" * 5_000, b"\xff"])
def test_damaged_roles_are_named(folder: LockedFolder, damage: bytes) -> None:
    begun(folder)
    (folder.root / ROLES_FILE).write_bytes(damage)
    with pytest.raises((CodecError, ArtefactError, ValueError), match=ROLES_FILE):
        go_on(folder, None)


def test_a_missing_file_is_named(folder: LockedFolder) -> None:
    begun(folder)
    (folder.root / ROLES_FILE).unlink()
    with pytest.raises(ArtefactError, match=ROLES_FILE):
        go_on(folder, None)
