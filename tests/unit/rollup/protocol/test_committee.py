"""Committees: distinct keys by their order, distinct signers by their bits."""

from dataclasses import replace

import pytest

from rollup.codec.strict import CodecError
from rollup.crypto import bls
from rollup.crypto.bls import SIGNATURE_BYTES, aggregate, is_signed_by_all
from rollup.harness.committee import committee_of, member, names_of, possession_of
from rollup.harness.people import genesis
from rollup.protocol.committee import (
    MEMBERS_MAX,
    NO_COMMITTEE,
    Attestation,
    AttestationFault,
    Committee,
    are_possessed,
    attestation_of,
    attested,
    availability_message,
)
from rollup.protocol.genesis import genesis_from_json, genesis_to_json
from rollup.protocol.governance_codec import governance_from_bytes
from rollup.protocol.rejection import Reason, Rejected

NAMES = names_of({"of": ["ann", "ben", "cleo"]})
COMMITTEE = committee_of({"threshold": 2, "of": NAMES}, replace)
MESSAGE = availability_message(b"\7" * 32)
SIGNED = {member(name).key: member(name).sign(MESSAGE) for name in NAMES}
KEYS = [bytes([k]) * 96 for k in range(1, 18)]


def fault(bits: int, signatures: list[bytes], message: bytes = MESSAGE) -> AttestationFault | None:
    return attested(COMMITTEE, message, Attestation(bits, aggregate(signatures)))


@pytest.mark.parametrize(
    ("threshold", "keys"),
    [(1, 0), (0, 1), (2, 1), (1, 2), (2, 4), (4, 3), (9, 17), (-1, 1)],
)
def test_a_committee_has_a_majority_and_no_more_than_it_has(threshold: int, keys: int) -> None:
    with pytest.raises(Rejected) as refused:
        Committee(threshold, tuple(KEYS[:keys]))
    assert refused.value.reason is Reason.COMMITTEE


@pytest.mark.parametrize("keys", [(1, 1, 2), (2, 1, 3), (1, 2, 2)])
def test_no_key_stands_twice(keys: tuple[int, ...]) -> None:
    with pytest.raises(Rejected) as refused:
        Committee(2, tuple(KEYS[k] for k in keys))
    assert refused.value.reason is Reason.COMMITTEE


def test_a_committee_is_there_or_not() -> None:
    assert not NO_COMMITTEE and COMMITTEE
    assert Committee(9, tuple(KEYS[:MEMBERS_MAX]))
    with pytest.raises(Rejected):
        Committee(1, (KEYS[0][:-1],))


def test_enough_members_attest() -> None:
    signatures = list(SIGNED.values())
    assert fault(0b011, signatures[:2]) is None
    assert fault(0b110, signatures[1:]) is None
    assert fault(0b111, signatures) is None


def test_signers_are_counted_by_their_bits() -> None:
    first, second, third = SIGNED.values()
    assert fault(0b001, [first]) is AttestationFault.THRESHOLD
    assert fault(0b000, [first]) is AttestationFault.THRESHOLD
    assert fault(0b1011, [first, second]) is AttestationFault.SIGNERS
    assert fault(0b101, [first, second]) is AttestationFault.SIGNATURE
    assert fault(0b111, [first, second]) is AttestationFault.SIGNATURE
    assert fault(0b011, [first, second], MESSAGE + b"!") is AttestationFault.SIGNATURE
    assert fault(0b011, [first, second, third]) is AttestationFault.SIGNATURE


def test_one_signature_twice_is_one_signer() -> None:
    """The lie that the library takes: one key given twice, and its signature added to itself."""
    key, signature = next(iter(SIGNED.items()))
    twice = aggregate([signature, signature])
    packed = bls._compressed_key(key), bls._compressed_signature(twice)
    assert bls._suite().FastAggregateVerify([packed[0], packed[0]], MESSAGE, packed[1])
    with pytest.raises(ValueError, match="different"):
        is_signed_by_all([key, key], MESSAGE, twice)
    for bits in (0b001, 0b011, 0b101):
        assert attested(COMMITTEE, MESSAGE, Attestation(bits, twice)) is not None


def test_infinity_signs_nothing() -> None:
    nobody = Attestation(0b011, bytes(SIGNATURE_BYTES))
    assert attested(COMMITTEE, MESSAGE, nobody) is AttestationFault.SIGNATURE


def test_signatures_become_one() -> None:
    some = dict(list(SIGNED.items())[1:])
    made = attestation_of(COMMITTEE, some)
    assert made.signers == 0b110 and attested(COMMITTEE, MESSAGE, made) is None
    with pytest.raises(Rejected):
        attestation_of(COMMITTEE, {**some, member("eve").key: some[COMMITTEE.keys[1]]})
    with pytest.raises(Rejected):
        attestation_of(COMMITTEE, {})


def test_a_message_is_of_one_kind_and_one_batch() -> None:
    assert availability_message(b"\1" * 32) == b"crypsis-availability-1" + b"\1" * 32


@pytest.mark.parametrize("kind", ["none", "fewer", "more", "swapped", "infinity"])
def test_possession_is_shown_of_every_key(kind: str) -> None:
    assert are_possessed(COMMITTEE, possession_of(NAMES, "honest"))
    assert not are_possessed(COMMITTEE, possession_of(NAMES, kind))


def test_parameters_say_their_committee_last() -> None:
    held = replace(genesis().governance, committee=COMMITTEE)
    data = held.encode()
    assert data.endswith((3).to_bytes(8, "big") + b"".join(COMMITTEE.keys) + (2).to_bytes(8, "big"))
    assert governance_from_bytes(data) == held
    for wrong in (data[:-1], data + b"\0", data[:-8], data[: -len(COMMITTEE.encode())]):
        with pytest.raises(CodecError):
            governance_from_bytes(wrong)


def test_a_genesis_has_a_proof_for_each_member() -> None:
    proofs = tuple(possession_of(NAMES, "honest"))
    held = replace(genesis().governance, committee=COMMITTEE)
    made = replace(genesis(), governance=held, possession=proofs)
    assert genesis_from_json(genesis_to_json(made).encode()) == made
    for wrong in ((), proofs[:2], (*proofs, proofs[0]), (*proofs[:2], proofs[2][:-1])):
        with pytest.raises(Rejected):
            replace(made, possession=wrong)
