"""L1s that are each wrong about a committee in one way."""

from typing import Any
from unittest.mock import patch

from rollup.l1 import committee
from rollup.l1.development import LocalL1
from rollup.protocol.committee import AttestationFault, attested


def _without(fault: AttestationFault) -> Any:
    """Does not mind one thing that is wrong with an attestation."""

    def judged(*word: Any) -> AttestationFault | None:
        found = attested(*word)
        return None if found is fault else found

    return patch.object(committee, "attested", judged)


class AsksNoMember(LocalL1):
    """Whether a batch has a word of the committee or none."""

    def post_batch(self, *posted: Any) -> None:
        with patch("rollup.l1.mock.require_attested", lambda *_: None):
            super().post_batch(*posted)


class CountsNoMembers(LocalL1):
    def post_batch(self, *posted: Any) -> None:
        with _without(AttestationFault.THRESHOLD):
            super().post_batch(*posted)


class TakesMembersThatThereAreNot(LocalL1):
    def post_batch(self, *posted: Any) -> None:
        with _without(AttestationFault.SIGNERS):
            super().post_batch(*posted)


class TakesAnySignature(LocalL1):
    def post_batch(self, *posted: Any) -> None:
        with _without(AttestationFault.SIGNATURE):
            super().post_batch(*posted)


class AsksNoPossession(LocalL1):
    def announce_governance(self, *announced: Any) -> int:
        with patch("rollup.l1.schedule.require_possessed", lambda *_: None):
            return super().announce_governance(*announced)


WRONG_COMMITTEES = (
    AsksNoMember,
    CountsNoMembers,
    TakesMembersThatThereAreNot,
    TakesAnySignature,
    AsksNoPossession,
)

ABOUT_COMMITTEES = tuple(kind.__name__ for kind in WRONG_COMMITTEES)
