"""BLS signatures of several keys: what py-ecc does not ask is asked here, and forms are one."""

import copy
import pickle
import subprocess
import sys

import pytest

from rollup.crypto import fresh
from rollup.crypto.bls import (
    KEY_BYTES,
    NUMBER_BYTES,
    ORDER,
    SECRET_BYTES,
    SIGNATURE_BYTES,
    BlsError,
    BlsSecret,
    aggregate,
    is_possessed,
    is_signed_by_all,
    library,
    require_key,
)

MESSAGE = b"a batch"
P = library("py_ecc.optimized_bls12_381").field_modulus
SECRETS = [BlsSecret.from_number(number) for number in (3, 2**200 + 1, ORDER - 1)]
KEYS = [secret.key for secret in SECRETS]
SIGNED = [secret.sign(MESSAGE) for secret in SECRETS]


def off_the_subgroup() -> bytes:
    """A point of the curve of G1 that is not of the group of prime order."""
    curve = library("py_ecc.optimized_bls12_381")
    for x in range(4, 100):
        square = (x**3 + 4) % P
        y = pow(square, (P + 1) // 4, P)
        point = (curve.FQ(x), curve.FQ(y), curve.FQ.one())
        if y * y % P == square and not curve.is_inf(curve.multiply(point, ORDER)):
            return x.to_bytes(NUMBER_BYTES, "big") + y.to_bytes(NUMBER_BYTES, "big")
    raise AssertionError("no such point")


def test_the_library_counts_one_key_as_often_as_it_comes_and_we_do_not() -> None:
    suite = library("py_ecc.bls").G2ProofOfPossession
    packed, signed = suite.SkToPk(3), suite.Sign(3, MESSAGE)
    doubled = suite.Aggregate([signed, signed])
    assert suite.FastAggregateVerify([packed, packed], MESSAGE, doubled)
    with pytest.raises(BlsError, match="all different"):
        is_signed_by_all([KEYS[0], KEYS[0]], MESSAGE, aggregate([SIGNED[0], SIGNED[0]]))


def test_all_of_them_signed_or_the_signature_does_not_hold() -> None:
    both = aggregate(SIGNED[:2])
    assert is_signed_by_all(KEYS[:2], MESSAGE, both)
    assert is_signed_by_all(KEYS[1::-1], MESSAGE, both)
    assert not is_signed_by_all(KEYS, MESSAGE, both)
    assert not is_signed_by_all(KEYS[:1], MESSAGE, both)
    assert not is_signed_by_all(KEYS[1:], MESSAGE, both)
    assert not is_signed_by_all(KEYS[:2], b"another", both)
    assert is_signed_by_all(KEYS, MESSAGE, aggregate(SIGNED))


def test_a_signature_is_of_one_key_and_one_message() -> None:
    assert is_signed_by_all(KEYS[:1], MESSAGE, SIGNED[0])
    assert SECRETS[0].sign(MESSAGE) == SIGNED[0]
    assert not is_signed_by_all(KEYS[1:2], MESSAGE, SIGNED[0])


def test_possession_is_of_the_key_and_no_signature_of_it() -> None:
    proofs = [secret.prove_possession() for secret in SECRETS[:2]]
    assert all(map(is_possessed, KEYS[:2], proofs))
    assert not is_possessed(KEYS[0], proofs[1])
    packed = library("py_ecc.bls").G2ProofOfPossession.SkToPk(3)
    assert not is_possessed(KEYS[0], SECRETS[0].sign(packed))


def test_a_rogue_key_signs_for_two_and_has_no_proof_of_possession() -> None:
    curve = library("py_ecc.optimized_bls12_381")
    own, other = BlsSecret.from_number(9), KEYS[0]
    x, y = (int.from_bytes(other[at:][:NUMBER_BYTES], "big") for at in (0, NUMBER_BYTES))
    negated = (curve.FQ(x), curve.FQ(P - y), curve.FQ.one())
    rogue = curve.normalize(curve.add(curve.multiply(curve.G1, 9), negated))
    key = b"".join(each.n.to_bytes(NUMBER_BYTES, "big") for each in rogue)
    assert is_signed_by_all([other, key], MESSAGE, own.sign(MESSAGE))
    assert not is_possessed(key, own.prove_possession())


def test_keys_are_points_of_the_subgroup_in_one_form() -> None:
    for key in KEYS:
        require_key(key)
    x, y = KEYS[0][:NUMBER_BYTES], KEYS[0][NUMBER_BYTES:]
    beyond = (int.from_bytes(x, "big") + P).to_bytes(NUMBER_BYTES, "big")
    wrong = {
        "bytes": [b"", x, KEYS[0] + b"\0"],
        "below the modulus": [beyond + y, bytes([0x80 | x[0]]) + x[1:] + y],
        "point of the curve": [bytes(KEY_BYTES), x + bytes(NUMBER_BYTES), y + x],
        "subgroup": [off_the_subgroup()],
    }
    for said, keys in wrong.items():
        for key in keys:
            with pytest.raises(BlsError, match=said):
                require_key(key)
            assert not is_possessed(key, SECRETS[0].prove_possession())
            assert not is_signed_by_all([key], MESSAGE, SIGNED[0])


def test_no_signature_but_a_point_of_the_twist_holds() -> None:
    for wrong in (b"", bytes(SIGNATURE_BYTES), SIGNED[0][:-1], SIGNED[0][::-1], SIGNED[1]):
        assert not is_signed_by_all(KEYS[:1], MESSAGE, wrong)
        assert not is_possessed(KEYS[0], wrong)
    flipped = SIGNED[0][:-1] + bytes([SIGNED[0][-1] ^ 1])
    assert not is_signed_by_all(KEYS[:1], MESSAGE, flipped)
    with pytest.raises(BlsError):
        aggregate([flipped])
    with pytest.raises(BlsError, match="one signature at least"):
        aggregate([])


def test_signatures_that_cancel_out_are_none() -> None:
    opposite = [BlsSecret.from_number(number).sign(MESSAGE) for number in (3, ORDER - 3)]
    with pytest.raises(BlsError, match="cancel out"):
        aggregate(opposite)


def test_no_keys_are_refused() -> None:
    with pytest.raises(BlsError, match="keys are wanted"):
        is_signed_by_all([], MESSAGE, SIGNED[0])


def test_a_secret_is_kept_and_not_shown() -> None:
    secret = BlsSecret(fresh.bls_material())
    assert BlsSecret(secret.to_bytes()).key == secret.key
    assert secret.to_bytes().hex() not in repr(secret)
    assert repr(secret) == f"BlsSecret({secret.key.hex()[:16]})"
    for leak in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            leak(secret)
    for wrong in (b"", bytes(SECRET_BYTES), ORDER.to_bytes(SECRET_BYTES, "big")):
        with pytest.raises(BlsError):
            BlsSecret(wrong)


def test_the_recursion_limit_of_the_process_stays() -> None:
    """In a process of its own: in this one other tests may have py-ecc already."""
    code = (
        "import sys; from rollup.crypto.bls import is_signed_by_all\n"
        "before = sys.getrecursionlimit()\n"
        f"assert is_signed_by_all([{KEYS[0]!r}], {MESSAGE!r}, {SIGNED[0]!r})\n"
        "assert sys.modules['py_ecc.bls'] and sys.getrecursionlimit() == before < 10_000"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
