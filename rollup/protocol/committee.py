"""The committee: who attests that it holds what a batch publishes, and what such a word is.

Part of governance. A key counts once its holder has proved possession of it: that is asked where
parameters are announced, and the proofs are no part of these. Spec: docs/spec/24-committee.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from rollup.crypto import bls
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes, require_tuple_of

MEMBERS_MAX: Final = 16
"""Members of a committee: their proofs of possession fit one announcement, and a sum of their keys
costs less gas than the pairing that it is for."""

MEMBER_KEY_BYTES: Final = bls.KEY_BYTES
MEMBER_SIGNATURE_BYTES: Final = bls.SIGNATURE_BYTES

SIGNERS_BYTES: Final = 8
ATTESTATION_BYTES: Final = SIGNERS_BYTES + MEMBER_SIGNATURE_BYTES

AVAILABILITY_TAG: Final = b"crypsis-availability-1"
"""Domain and version of what a member signs of a batch."""


@dataclass(frozen=True, slots=True)
class Committee:
    """Keys of the members, strictly rising and so none twice, and how many of them are enough.

    No keys is no committee, with threshold 0. Else two sets of `threshold` members have one in
    common: 2 * threshold > len(keys) >= threshold.
    """

    threshold: int = 0
    keys: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        require_tuple_of("keys", self.keys, bytes)
        count, reason = len(self.keys), Reason.COMMITTEE
        require_bounds("count of members", count, 0, MEMBERS_MAX + 1, reason)
        for key in self.keys:
            require_bytes("key of a member", key, MEMBER_KEY_BYTES)
        if any(before >= after for before, after in pairwise(self.keys)):
            raise Rejected(reason, "keys must rise, so that they are distinct")
        least = count // 2 + 1 if count else 0
        require_bounds("threshold", self.threshold, least, count + 1, reason)

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self.keys)

    def encode(self) -> bytes:
        """Canonical bytes: count of keys, each; threshold. Numbers are 8 bytes big-endian."""
        count = len(self.keys).to_bytes(8, "big")
        return b"".join((count, *self.keys, self.threshold.to_bytes(8, "big")))

    def signers(self, bits: int) -> tuple[bytes, ...]:
        """The keys of the members whose bits are set: bit k is of keys[k]."""
        return tuple(key for place, key in enumerate(self.keys) if bits >> place & 1)


NO_COMMITTEE: Final = Committee()


@dataclass(frozen=True, slots=True)
class Attestation:
    """One signature of several members: bit k of `signers` says that keys[k] is among them."""

    signers: int
    signature: bytes

    def __post_init__(self) -> None:
        require_bounds("signers", self.signers, 0, 1 << 8 * SIGNERS_BYTES, Reason.COMMITTEE)
        require_bytes("signature", self.signature, MEMBER_SIGNATURE_BYTES)

    def encode(self) -> bytes:
        """Signers as 8 bytes big-endian, signature."""
        return self.signers.to_bytes(SIGNERS_BYTES, "big") + self.signature


class AttestationFault(Enum):
    """Why an attestation is worth nothing."""

    SIGNERS = "signers"
    """It names a member that there is not."""

    THRESHOLD = "threshold"
    """It names fewer members than are wanted."""

    SIGNATURE = "signature"
    """Those that it names did not sign this."""


def attested(
    committee: Committee, message: bytes, attestation: Attestation
) -> AttestationFault | None:
    """Why the committee did not attest to a message; None where it did. Signers are counted by
    bits, and no key stands twice in a committee: the signature itself does not tell how many
    different members made it."""
    if attestation.signers >> len(committee.keys):
        return AttestationFault.SIGNERS
    signers = committee.signers(attestation.signers)
    if not signers or len(signers) < committee.threshold:
        return AttestationFault.THRESHOLD
    if not bls.is_signed_by_all(signers, message, attestation.signature):
        return AttestationFault.SIGNATURE
    return None


def attestation_of(committee: Committee, signatures: Mapping[bytes, bytes]) -> Attestation:
    """The signatures that members made of one message, by their keys, as one. Each was verified
    before; Rejected where somebody is no member, or they cancel out."""
    places = {key: place for place, key in enumerate(committee.keys)}
    if not signatures.keys() <= places.keys():
        raise Rejected(Reason.COMMITTEE, "whoever signed is no member")
    try:
        signature = bls.aggregate(list(signatures.values()))
    except bls.BlsError as error:
        raise Rejected(Reason.COMMITTEE, str(error)) from error
    return Attestation(sum(1 << places[key] for key in signatures), signature)


def are_possessed(committee: Committee, proofs: Iterable[bytes]) -> bool:
    """Whether there is a proof of possession for each key, in their order, and no other."""
    proofs = tuple(proofs)
    return len(proofs) == len(committee.keys) and all(
        bls.is_possessed(key, proof) for key, proof in zip(committee.keys, proofs, strict=True)
    )


def availability_message(public_digest: bytes) -> bytes:
    """What a member signs of a batch, once it holds what the batch published: that of the public
    input whose digest this is."""
    return AVAILABILITY_TAG + public_digest
