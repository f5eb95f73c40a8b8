"""A committee's words collected, from members that are away, late, behind, or lie; and a venue that
waits for them without losing anything."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.crypto.bls import aggregate
from rollup.harness.committee import committee_of, key_of_member, member, names_of, possession_of
from rollup.protocol.committee import Attestation, attestation_of, attested, availability_message
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from sequencer.service import collecting
from sequencer.service.collecting import Collector, MemberFails
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.l1 import GOVERNOR
from tests.helpers.published import traded

NAMES = names_of({"of": ["ann", "ben", "cleo"]})
COMMITTEE = committee_of({"threshold": 2, "of": NAMES}, replace)
PUBLICS = [
    replace(public, governance=replace(public.governance, committee=COMMITTEE))
    for public, _ in traded().batches[:3]
]
DATA = b"what was published"
SECONDS = 20.0


class Link:
    """A member: what it was brought, and what it answers."""

    def __init__(self, who: str, held: int = 0, name: str = "") -> None:
        self.who, self.name = who, name or who
        self.held = held
        self.brought: list[int] = []
        self.is_away = False
        self.lies = False
        self.known = {public_to_json(each): each for each in PUBLICS}

    def sign(self, public: bytes, data: bytes) -> tuple[bytes, bytes]:
        if self.is_away:
            raise MemberFails("it is not reached")
        found = self.known[public]
        assert data == DATA
        self.brought.append(found.number)
        if found.number > self.held + 1:
            raise MemberFails("it lacks some", self.held + 1)
        self.held = max(self.held, found.number)
        digest = b"\0" * 32 if self.lies else found.digest()
        return key_of_member(self.who), member(self.who).sign(availability_message(digest))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "PAUSE_S", 0.01)
    monkeypatch.setattr(collecting, "PAUSE_MAX_S", 0.02)


@contextmanager
def collector(root: Path, *links: Link) -> Iterator[Collector]:
    for public in PUBLICS:
        folder = root / str(public.number)
        folder.mkdir()
        (folder / "data.bin").write_bytes(DATA)
        (folder / "public.json").write_bytes(public_to_json(public))
    with closing(Collector(links, lambda number: root / str(number))) as found:
        yield found


def wait(until: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def holds(found: Collector, public: PublicInput) -> Attestation | None:
    made = found.attestation(public.digest())
    if made is not None:
        assert attested(COMMITTEE, availability_message(public.digest()), made) is None
    return made


def test_enough_members_are_enough(tmp_path: Path) -> None:
    links = [Link(name) for name in NAMES]
    links[2].is_away = True
    with collector(tmp_path, *links) as found:
        for public in PUBLICS:
            found.want(public)
        wait(lambda: all(holds(found, public) for public in PUBLICS))
        made = found.attestation(PUBLICS[0].digest())
        assert made is not None and made.signers == 0b011
        assert links[0].brought == links[1].brought == [1, 2, 3]
        assert "cleo" in NAMES
        assert f"{NAMES[2]} (it is not reached)" in found.missing(PUBLICS[0].digest())
        links[2].is_away = False
        wait(lambda: links[2].held == 3)
        wait(lambda: found.missing(PUBLICS[0].digest()) == "nobody else is known")


def test_fewer_are_not_and_nothing_is_lost(tmp_path: Path) -> None:
    links = [Link(name) for name in NAMES]
    links[1].is_away = links[2].is_away = True
    with collector(tmp_path, *links) as found:
        found.want(PUBLICS[0])
        wait(lambda: links[0].held == 1)
        time.sleep(0.1)
        assert found.attestation(PUBLICS[0].digest()) is None
        links[1].is_away = False
        wait(lambda: holds(found, PUBLICS[0]))


def test_who_was_away_is_brought_what_it_lacks(tmp_path: Path) -> None:
    links = [Link(NAMES[0]), Link(NAMES[1], held=2)]
    with collector(tmp_path, *links) as found:
        found.want(PUBLICS[2])
        wait(lambda: holds(found, PUBLICS[2]))
    assert links[0].brought == [3, 1, 2, 3] and links[1].brought == [3]


def test_a_wrong_signature_spoils_nothing(tmp_path: Path) -> None:
    """The lie: a sum that one wrong signature spoils, so that one member could stop the others."""
    links = [Link(name) for name in NAMES]
    links[0].lies = True
    with collector(tmp_path, *links) as found:
        found.want(PUBLICS[0])
        wait(lambda: holds(found, PUBLICS[0]))
        made = found.attestation(PUBLICS[0].digest())
        assert made is not None and made.signers == 0b110
        wait(lambda: links[0].brought)
        time.sleep(0.1)
        assert links[0].brought == [1]


def test_a_stranger_and_a_member_twice_are_one_less(tmp_path: Path) -> None:
    links = [Link("eve"), Link(NAMES[0]), Link(NAMES[0], name="another address")]
    with collector(tmp_path, *links) as found:
        found.want(PUBLICS[0])
        wait(lambda: all(each.brought for each in links))
        wait(lambda: "not of the committee" in found.missing(PUBLICS[0].digest()))
        time.sleep(0.1)
        assert found.attestation(PUBLICS[0].digest()) is None


def test_what_is_not_wanted_any_more_is_forgotten(tmp_path: Path) -> None:
    link = Link(NAMES[0])
    link.is_away = True
    with collector(tmp_path, link) as found:
        found.want(PUBLICS[0])
        found.keep_only([])
        link.is_away = False
        time.sleep(0.1)
        assert found.attestation(PUBLICS[0].digest()) is None and link.brought == []


# The daemon: a proof waits for its committee, and nothing else does.


class Words:
    """Collects nothing by itself."""

    def __init__(self) -> None:
        self.enough = False
        self.wanted: dict[bytes, PublicInput] = {}

    def want(self, public: PublicInput) -> None:
        self.wanted[public.digest()] = public

    def attestation(self, digest: bytes) -> Attestation | None:
        if not self.enough or digest not in self.wanted:
            return None
        signed = member("ann").sign(availability_message(digest))
        committee = self.wanted[digest].governance.committee
        return attestation_of(committee, {key_of_member("ann"): signed})

    def keep_only(self, digests: object) -> None:
        pass

    def missing(self, digest: bytes) -> str:
        return "http://ann (it is not reached)"


def test_a_proof_waits_for_its_committee(tmp_path: Path) -> None:
    found, words = Simulation(tmp_path), Words()
    l1 = found.world.l1
    soon = small.GOVERNANCE.clock_ahead_ms + INTERVAL_MS
    l1._deployment = replace(l1._deployment, governance_delay=soon)
    found.collecting = words
    found.restart()
    alone = committee_of({"threshold": 1, "of": ["ann"]}, replace)
    held = replace(small.GOVERNANCE, committee=alone)
    proofs = possession_of(["ann"], "honest")
    valid_from = l1.announce_governance(GOVERNOR, held, l1.head_number + 1, proofs)
    found.pass_time(valid_from - found.world.now + 3 * INTERVAL_MS)
    waiting = l1.proved_number
    assert l1.governance.committee == alone
    found.pass_time(3 * INTERVAL_MS)
    assert l1.proved_number == waiting < l1.head_number
    (said,) = [each for each in found.said if "to attest" in each]
    assert "1 of 1 members" in said and "http://ann" in said
    assert any("to attest" in each for each in found.daemon.view.warnings)
    words.enough = True
    found.pass_time(3 * INTERVAL_MS)
    assert l1.proved_number > waiting
    assert not any("to attest" in each for each in found.daemon.view.warnings)
    assert "the committee attests again" in found.said


def test_one_signature_joined_with_itself_is_no_majority() -> None:
    message = availability_message(PUBLICS[0].digest())
    signed = member(NAMES[0]).sign(message)
    twice = Attestation(0b011, aggregate([signed, signed]))
    assert attested(COMMITTEE, message, twice) is not None
