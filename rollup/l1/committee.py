"""What L1 asks of a committee: its word for each batch, and the proofs of possession of its keys.

Spec: docs/spec/24-committee.md.
"""

from collections.abc import Sequence
from typing import Final

from rollup.l1.reasons import Revert, Reverted
from rollup.protocol.committee import (
    MEMBER_SIGNATURE_BYTES,
    MEMBERS_MAX,
    Attestation,
    AttestationFault,
    Committee,
    are_possessed,
    attested,
    availability_message,
)
from rollup.protocol.public import PublicInput

ANY_PROOF_BYTES: Final = 2 * MEMBER_SIGNATURE_BYTES
"""What is no proof of possession must still arrive, to be refused as such."""

ANY_PROOFS_MAX: Final = 2 * MEMBERS_MAX

FAULT_DETAILS: Final = {
    AttestationFault.SIGNERS: "a member that there is not is named as a signer",
    AttestationFault.THRESHOLD: "fewer members than are wanted are named as signers",
    AttestationFault.SIGNATURE: "those who are named did not sign this batch",
}


def require_attested(public: PublicInput, attestation: Attestation | None) -> None:
    """Revert where the parameters of a batch have a committee that did not attest to hold it."""
    committee = public.governance.committee
    if not committee:
        return
    if attestation is None:
        raise Reverted(Revert.ATTESTATION, "the parameters of the batch want one")
    fault = attested(committee, availability_message(public.digest()), attestation)
    if fault is not None:
        raise Reverted(Revert.ATTESTATION, f"{fault.value}: {FAULT_DETAILS[fault]}")


def require_possessed(committee: Committee, proofs: Sequence[bytes]) -> None:
    """Revert unless whoever brings a committee's keys shows that their secrets are known.

    Lie: a key made of others' keys, which cancels them out of every sum (a rogue key).
    """
    if not are_possessed(committee, proofs):
        detail = f"{len(committee.keys)} keys want as many proofs of possession, in their order"
        raise Reverted(Revert.POSSESSION, detail)
