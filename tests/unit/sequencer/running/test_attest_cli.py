"""`crypsis sequencer attest`: a committee's word for one batch, or who did not give it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rollup.harness.committee import committee_of, key_of_member, member, names_of
from rollup.l1.committee_files import attestation_from_bytes
from rollup.protocol.committee import attested, availability_message
from rollup.protocol.public_json import public_from_json, public_to_json
from sequencer.mirror.folder import Mirror
from sequencer.running import member_link
from sequencer.running.cli import sequencer
from sequencer.service.collecting import MemberFails
from tests.helpers.published import traded

NAMES = names_of({"of": ["ann", "ben", "cleo"]})
COMMITTEE = committee_of({"threshold": 2, "of": NAMES}, replace)
URLS = {f"http://{name}.example:1": name for name in (*NAMES, "eve")}


class Link:
    """A member at an address, that has batch 1 already; the third is away."""

    held = 1

    def __init__(self, url: str) -> None:
        self.name = url

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def sign(self, public: bytes, data: bytes) -> tuple[bytes, bytes]:
        who, found = URLS[self.name], public_from_json(public)
        if who == NAMES[2]:
            raise MemberFails("it is not reached")
        if found.number > Link.held + 1:
            raise MemberFails("it lacks some", Link.held + 1)
        return key_of_member(who), member(who).sign(availability_message(found.digest()))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two batches: the first without a committee."""
    monkeypatch.setattr(member_link, "MemberOverHttp", Link)
    mirror = Mirror(tmp_path / "venue")
    for public, data in traded().batches[:2]:
        committee = COMMITTEE if public.number > 1 else public.governance.committee
        held = replace(public, governance=replace(public.governance, committee=committee))
        mirror.keep(public.number, public_to_json(held), data.encode())
    return mirror.root


def attest(state: Path, batch: int, *urls: str, within: int = 60) -> dict[str, Any]:
    members = [word for url in urls for word in ("--member", url)]
    place = ("--state", str(state), "--batch", str(batch), "-o", str(state / "word.json"))
    line = ["attest", *place, *members, "--within", str(within), "--json"]
    done = CliRunner().invoke(sequencer, line)
    record = json.loads(done.stdout) if done.stdout.startswith("{") else {"error": done.stderr}
    return {"exit_code": done.exit_code, **record}


def test_the_word_of_enough_members_is_written(state: Path) -> None:
    done = attest(state, 2, *URLS)
    assert done["exit_code"] == 0, done
    assert done["signers"] == [key.hex() for key in COMMITTEE.keys[:2]]
    word = attestation_from_bytes((state / "word.json").read_bytes())
    message = availability_message(Mirror(state).public(2).digest())
    assert attested(COMMITTEE, message, word) is None


def test_who_did_not_sign_is_named_with_the_reason(state: Path) -> None:
    one, _, away, stranger = URLS
    done = attest(state, 2, one, away, stranger, within=8)
    assert done["exit_code"] == 6
    assert "batch 2: 2 of 3 members did not attest within 8 s" in done["error"]
    assert f"{away} (it is not reached)" in done["error"]
    assert f"{stranger} (its key is not of the committee)" in done["error"]
    assert one not in done["error"]
    assert not (state / "word.json").exists()


def test_what_cannot_be_is_said_before_anybody_is_asked(state: Path) -> None:
    one, two, *_ = URLS
    few = attest(state, 2, one, one)
    assert few["exit_code"] == 2 and "wants 2 of 3 members, and 1 are named" in few["error"]
    none = attest(state, 1, one, two)
    assert none["exit_code"] == 2 and "have no committee" in none["error"]
    lacking = attest(state, 3, one, two)
    assert lacking["exit_code"] == 3 and "public.json" in lacking["error"]
    Mirror(state).place(2).joinpath("data.bin").unlink()
    gone = attest(state, 2, one, two)
    assert gone["exit_code"] == 3 and "data.bin" in gone["error"]
