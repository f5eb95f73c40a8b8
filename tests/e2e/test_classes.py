"""A venue of class S with R for crashes: both proved by one resident prover, both taken by one L1,
and a batch is of the class that its proof is of. Slow: a proof of class R takes 10 to 20 s."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from circuits.stark.errors import Failure
from circuits.verify import StarkVerifier
from rollup.installed import installed_verifiers
from rollup.l1.interface import Revert, Reverted
from rollup.l1.mock import MockL1
from rollup.ports import VerificationError
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.deposit import QUEUE_START
from rollup.protocol.header import header_of
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.shape_class import CLASS_R, CLASS_S
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.resident import ResidentProver
from tests.helpers.l1 import OPERATOR, deployment
from tests.helpers.program import crypsis
from tests.helpers.venue import Venue, real


@dataclass(frozen=True)
class Proved:
    """Two batches of a venue, an ordinary one and one of the crash class, in a folder."""

    folder: Path
    venue: Venue
    publics: tuple[PublicInput, ...]

    def proof(self, place: int) -> bytes:
        return BatchFolder(self.folder / f"{place + 1:06d}").read_proof()

    def posted(self, pins: str, place: int, public: PublicInput) -> None:
        """Bring everything up to a batch to a new L1 that pins these classes, that batch as this
        public input with the proof that it has."""
        verifiers = installed_verifiers("fast", pins)
        genesis = self.venue.genesis
        made = deployment(
            genesis=genesis,
            root=genesis.state(self.venue.suite.compress_many).root,
            pins=tuple(each.pins for each in verifiers),
        )
        l1 = MockL1(made, verifiers, lambda: public.time, self.venue.suite.compress_many)
        brought = [*self.publics[:place], public]
        for number, each in enumerate(brought):
            l1.commit_header(OPERATOR, header_of(each, QUEUE_START))
            l1.post_batch(OPERATOR, each, self.proof(number))


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proved]:
    folder, venue = tmp_path_factory.mktemp("classes"), Venue(real())
    publics = []
    with ResidentProver("fast", shape_classes=("S", "R")) as prover:
        for number, shape_class in enumerate((CLASS_S, CLASS_R), 1):
            venue.shape_class = shape_class
            batch = venue.batch(reported=False)
            outcome = venue.run(batch)
            path = folder / f"{number:06d}"
            found = prover.prove(batch_to_bytes(batch), path)
            assert found == outcome.public and found.shape_class == shape_class.name
            assert BatchFolder(path).read_meta()["shape_class"] == shape_class.name
            publics.append(found)
    yield Proved(folder, venue, tuple(publics))


def test_anybody_can_check_both_and_that_they_join(proved: Proved) -> None:
    done = crypsis("verify", proved.folder, "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert done.json["shape_classes"] == {"R": 1, "S": 1}
    assert len(set(done.json["pins_by_class"].values())) == 2


def test_a_class_that_is_not_asked_for_is_refused(proved: Proved) -> None:
    done = crypsis("verify", proved.folder, "--shape-class", "S", "--json")
    assert done.code == 1 and done.json["reason"] == "OTHER_CLASS" and done.json["batch"] == 2
    both = ("--shape-class", "S", "--shape-class", "R")
    assert crypsis("verify", proved.folder, *both).code == 0


def test_l1_takes_both_where_both_are_pinned_and_one_where_one_is(proved: Proved) -> None:
    proved.posted("RS", 1, proved.publics[1])
    with pytest.raises(Reverted) as caught:
        proved.posted("S", 1, proved.publics[1])
    assert caught.value.reason is Revert.PIN_SHAPE


@pytest.mark.parametrize(("place", "other"), [(0, "R"), (1, "S"), (0, "M")])
def test_no_valid_proof_is_of_another_class(proved: Proved, place: int, other: str) -> None:
    """Lie: the class is changed under a valid proof, and a header says the same."""
    lie = replace(proved.publics[place], shape_class=other)
    with pytest.raises(VerificationError):
        StarkVerifier("fast", other).verify(lie, proved.proof(place))
    with pytest.raises(VerificationError) as caught:
        StarkVerifier("fast", proved.publics[place].shape_class).verify(lie, proved.proof(place))
    assert caught.value.reason is Failure.WRONG_KEY
    with pytest.raises(Reverted) as reverted:
        proved.posted("MRS", place, lie)
    assert reverted.value.reason is Revert.PROOF


def test_the_digest_binds_the_class_where_the_same_circuit_is_asked(
    proved: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a verifier that did not compare names: the transcript took in another digest."""
    monkeypatch.setattr(StarkVerifier, "_require_class", lambda *_: None)
    lie = replace(proved.publics[0], shape_class="R")
    with pytest.raises(VerificationError):
        StarkVerifier("fast", "S").verify(lie, proved.proof(0))
    StarkVerifier("fast", "S").verify(proved.publics[0], proved.proof(0))


def test_a_bundle_that_names_another_class_is_invalid(proved: Proved, tmp_path: Path) -> None:
    (tmp_path / "public.json").write_bytes(
        public_to_json(replace(proved.publics[0], shape_class="R"))
    )
    (tmp_path / "proof.bin").write_bytes(proved.proof(0))
    done = crypsis("verify", tmp_path, "--json")
    assert done.code == 1 and done.json["valid"] is False
