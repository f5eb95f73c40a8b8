"""Files to escape with: each is its owner's, tells of no other account, and opens the root."""

import stat
from pathlib import Path

import pytest

from rollup.l1.exit_file import exit_from_bytes
from rollup.protocol.state import State
from sequencer.batches.artefacts import ArtefactError
from sequencer.running.leaves import state_of, wanted_accounts, write_leaves
from tests.helpers import venue as small
from tests.helpers.collateral import pledged


@pytest.fixture(scope="module")
def state() -> State:
    return pledged().venue.state


def test_each_file_opens_its_own_account_to_the_root(state: State, tmp_path: Path) -> None:
    output = tmp_path / "leaves"
    files = list(write_leaves(state, wanted_accounts(state, ()), output))
    assert len(files) == len(state.accounts) > 2
    assert stat.S_IMODE(output.stat().st_mode) == 0o700
    for index, path in zip(sorted(state.accounts), files, strict=True):
        leaf, book = exit_from_bytes(path.read_bytes())
        assert path.name == f"account-{index}.exit.json"
        assert (leaf.index, leaf.account, book) == (index, state.accounts[index], state.book)
        assert leaf.root(small.toy_compress_many) == state.root
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_who_is_asked_for_and_only_who_is_there(state: State) -> None:
    one, *_, last = sorted(state.accounts)
    assert wanted_accounts(state, (last, one, last)) == [one, last]
    with pytest.raises(ArtefactError, match="account 999: none of the"):
        wanted_accounts(state, (one, 999))


def test_a_folder_without_a_venue_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"venue\.toml"):
        state_of(tmp_path, 0)
