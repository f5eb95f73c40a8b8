"""What a committee says between chains, held to its members' signatures.

Spec: docs/spec/25-chains.md.
"""

from rollup.l1.reasons import Revert, Reverted
from rollup.protocol.committee import Attestation, Committee, attested


def require_said(committee: Committee, message: bytes, attestation: Attestation) -> None:
    """Revert unless a committee attests to a message; one without members attests to nothing."""
    fault = attested(committee, message, attestation)
    if fault is not None:
        raise Reverted(Revert.ATTESTATION, fault.value)
