"""`crypsis l1 parameters` and `announce`: a committee on a living venue, and every announcement
that its governor cannot mean."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rollup.codec.strict import CodecError
from rollup.harness.cli import l1 as commands
from rollup.harness.committee import committee_of, member, names_of, possession_of
from rollup.harness.people import GOVERNANCE, GOVERNOR, OPERATOR, address
from rollup.harness.served import Served
from rollup.l1.committee_files import (
    PublicMember,
    member_from_bytes,
    member_to_bytes,
    parameters_from_bytes,
    parameters_to_bytes,
)
from rollup.l1.interface import GovernanceAnnounced
from rollup.l1.remote import RemoteL1
from tests.helpers.serving import serving
from tests.unit.rollup.l1.test_stored import fresh

NAMES = names_of({"of": ["ann", "ben", "cleo"]})
COMMITTEE = committee_of({"threshold": 2, "of": NAMES}, replace)
AS_GOVERNOR = ("--sender", address(GOVERNOR).hex())


@pytest.fixture
def url() -> Iterator[str]:
    with serving(Served(fresh())) as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The public files of members, by name, and of somebody else."""
    folder = tmp_path_factory.mktemp("members")
    found = {name: folder / f"{name}.json" for name in (*NAMES, "dave")}
    for name, path in found.items():
        (proof,) = possession_of([name], "honest")
        path.write_bytes(member_to_bytes(PublicMember(member(name).key, proof)))
    return found


def announce(url: str, *arguments: object, sender: tuple[str, str] = AS_GOVERNOR) -> Any:
    """What the command says, with its exit code."""
    words = ("announce", *arguments, *sender, "--l1", url, "--json")
    done = CliRunner().invoke(commands, [str(each) for each in words])
    record = json.loads(done.stdout) if done.stdout.startswith("{") else {"error": done.stderr}
    return {"exit_code": done.exit_code, **record}


def proofs(files: dict[str, Path], *names: str) -> list[object]:
    return [word for name in names for word in ("--possession", files[name])]


def test_a_committee_is_announced_by_its_members_files(url: str, files: dict[str, Path]) -> None:
    with RemoteL1(url) as l1:
        before = l1.now()
        said = announce(url, "--threshold", 2, *proofs(files, "cleo", "ann", "ben"))
        assert said["exit_code"] == 0, said
        last = l1.parameters[-1]
        assert last.governance == replace(GOVERNANCE, committee=COMMITTEE)
        assert (last.number, last.valid_from) == (said["number"], said["valid_from"])
        assert last.number == l1.head_number + 1
        assert last.valid_from >= before + l1.deployment.governance_delay
        assert said["members"] == [key.hex() for key in COMMITTEE.keys] and said["threshold"] == 2
        assert announce(url, "--no-committee", "--number", 9)["exit_code"] == 0
        assert l1.parameters[-1].governance == GOVERNANCE and l1.parameters[-1].number == 9


def test_what_is_shown_is_what_is_announced(
    url: str, files: dict[str, Path], tmp_path: Path
) -> None:
    """Other parameters than the committee too: shown, edited, announced with the same members."""
    assert announce(url, "--threshold", 2, *proofs(files, *NAMES))["exit_code"] == 0
    path = tmp_path / "next.json"
    words = ["parameters", "--l1", url, "-o", str(path), "--json"]
    shown = json.loads(CliRunner().invoke(commands, words).stdout)
    assert json.loads(path.read_text()) == shown["parameters"]
    held = parameters_from_bytes(path.read_bytes())
    assert held.committee == COMMITTEE
    changed = replace(held, clock_ahead_ms=4_000)
    path.write_bytes(parameters_to_bytes(changed))
    lacking = announce(url, path, *proofs(files, *NAMES[1:]))
    assert lacking["exit_code"] == 2 and "1 of 3 members" in lacking["error"]
    beside = announce(url, path, *proofs(files, *NAMES, "dave"))
    assert beside["exit_code"] == 2 and "no member of this committee" in beside["error"]
    assert announce(url, path, *proofs(files, *NAMES))["exit_code"] == 0
    with RemoteL1(url) as l1:
        last = l1.parameters[-1]
        assert last.governance == changed
        assert l1.events[-1] == GovernanceAnnounced(changed, last.number, last.valid_from)


def test_a_proof_of_another_key_is_refused_before_anybody_is_called(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """Lie: a key whose secret nobody has shown to know."""
    (proof,) = possession_of(["ben"], "honest")
    path = tmp_path / "rogue.json"
    path.write_bytes(member_to_bytes(PublicMember(member("ann").key, proof)))
    nobody = "http://127.0.0.1:1/"
    said = announce(nobody, "--threshold", 1, "--possession", path)
    assert said["exit_code"] == 1 and "rogue.json" in said["error"], said
    honest = announce(nobody, "--threshold", 1, *proofs(files, "ann"))
    assert honest["exit_code"] == 4, "now it is asked"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), "says what is announced"),
        (("--threshold", 2), "a file of each member"),
        (("--no-committee", "--threshold", 1), "neither"),
        (("--threshold", 1, "ann", "ben"), "--threshold"),
        (("--threshold", 3, "ann", "ben"), "--threshold"),
        (("--threshold", 1, "ann", "ann"), "came before"),
        (("--no-committee", "ann"), "neither"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_nobody_can_mean_is_wrong_usage(
    url: str, files: dict[str, Path], words: tuple[object, ...], wanted: str
) -> None:
    names = [each for each in words if each in files]
    options = [each for each in words if each not in files]
    said = announce(url, *options, *proofs(files, *names))  # type: ignore[arg-type]
    assert said["exit_code"] == 2 and wanted in said["error"], said
    with RemoteL1(url) as l1:
        assert len(l1.parameters) == 1


def test_a_governor_alone_announces_and_says_where(url: str) -> None:
    other = announce(url, "--no-committee", sender=("--sender", address(OPERATOR).hex()))
    assert (other["exit_code"], other["reason"]) == (5, "not-governor")
    done = CliRunner().invoke(commands, ["announce", "--no-committee", "--l1", url])
    assert done.exit_code == 2 and "--sender is wanted" in done.stderr
    words = ["announce", "--no-committee", "--node", url, *AS_GOVERNOR]
    done = CliRunner().invoke(commands, words)
    assert done.exit_code == 2 and "go together" in done.stderr


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"key": "00", "possession": ""}', b"\xff", b" " * 5_000],
)
def test_a_file_that_is_no_members_is_bad_input(url: str, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "member.json"
    path.write_bytes(data)
    with pytest.raises(CodecError):
        member_from_bytes(data)
    said = announce(url, "--threshold", 1, "--possession", path)
    assert said["exit_code"] == 3 and "member.json" in said["error"]
    gone = announce(url, "--threshold", 1, "--possession", tmp_path / "nothing.json")
    assert gone["exit_code"] == 3
