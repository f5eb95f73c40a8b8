"""The outposts of a devnet: what its folder says of them, and what its venue file says for them."""

from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from sequencer.batches.artefacts import VenueFolder
from sequencer.demo.market.keys import KeySource
from sequencer.running.outposts import (
    OUTPOSTS_FILE,
    ChainOutpostProcess,
    OutpostProcess,
    RelayProcess,
    read_chains,
    with_quick_governance,
    write_chains,
)
from sequencer.running.state import begin, go_on
from sequencer.service.venue_file import EXAMPLE, PARAMETER_SETS, example, venue_from_toml


def test_a_folder_says_which_chains_it_has_outposts_on(tmp_path: Path) -> None:
    assert read_chains(tmp_path) == []
    write_chains(tmp_path, [5, 6])
    assert read_chains(tmp_path) == [5, 6]
    for damaged in ("", "[]", '{"version": 2, "chains": []}', '{"version": 1, "chains": ["5"]}'):
        (tmp_path / OUTPOSTS_FILE).write_text(damaged)
        with pytest.raises(CodecError, match=OUTPOSTS_FILE):
            read_chains(tmp_path)


def test_a_venue_with_outposts_is_begun_with_their_chains_and_a_committee(tmp_path: Path) -> None:
    text = with_quick_governance(example(1_000, PARAMETER_SETS[0]))
    with VenueFolder(tmp_path).lock() as folder:
        begin(folder, text, KeySource(7), 1, 1_700_000_000_000, members=3, outposts=2)
        begun = go_on(folder, None)
    assert read_chains(tmp_path) == [begun.file.chain + 1, begun.file.chain + 2]
    committee = begun.genesis.governance.committee
    assert (committee.threshold, len(committee.keys), len(begun.genesis.possession)) == (2, 3, 3)


def test_a_venue_without_outposts_has_no_file_of_them(tmp_path: Path) -> None:
    with VenueFolder(tmp_path).lock() as folder:
        begin(folder, example(1_000), KeySource(7), 1, 1_700_000_000_000)
    assert not (tmp_path / OUTPOSTS_FILE).exists() and read_chains(tmp_path) == []


def test_their_governance_is_heard_in_seconds_and_is_sound() -> None:
    """The delay still passes how far a header may be ahead: the file would be refused otherwise."""

    def read(text: str) -> tuple[int, int]:
        file = venue_from_toml(text.replace("signers = []", SIGNERS).encode())
        return file.governance_delay_ms, file.governance.clock_ahead_ms

    quick, usual = read(with_quick_governance(EXAMPLE)), read(EXAMPLE)
    assert quick[1] < quick[0] <= 5_000 < usual[0]
    with pytest.raises(ValueError, match="ahead_ms"):
        with_quick_governance(EXAMPLE.replace("ahead_ms = 60000 ", "ahead_ms = 59999 "))


SIGNERS = 'signers = ["' + '", "'.join(f"{n:040x}" for n in range(1, 6)) + '"]'


def test_what_their_programs_are_told(tmp_path: Path) -> None:
    mock = OutpostProcess(tmp_path, 5, 7, print)._arguments()
    assert mock[4:8] == ("--chain", "5", "--least", "7")
    assert mock[-2:] == ("--state", str(tmp_path / "outpost-5.json"))
    chain = ChainOutpostProcess(tmp_path, 5, 7, print)._arguments()
    assert chain[-2:] == ("--on", "anvil") and "--state" not in chain
    relay = RelayProcess("l1", ["a", "b"], ["c"], print)
    assert relay._arguments() == (
        "--l1",
        "l1",
        *("--outpost", "a", "--outpost", "b"),
        "--member",
        "c",
    )
    assert relay._is_ready({"l1": "l1"}) and not relay._is_ready({"error": "no"})


def test_what_the_relay_says_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    RelayProcess("l1", ["a"], ["c"], said.append)._overhear("chain 5: 1 payouts let out")
    assert said == ["relay: chain 5: 1 payouts let out"]
