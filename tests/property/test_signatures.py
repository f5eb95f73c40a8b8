"""Laws of signatures: what is signed verifies, and nothing near it does."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.crypto import batched, curve
from rollup.crypto.schnorr import MalformedSignature, SecretKey, Signature
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest

scalars = st.integers(1, curve.ORDER - 1)
digests = st.tuples(*[st.integers(0, P - 1)] * 8)
entropies = st.binary(min_size=32, max_size=32)


@settings(max_examples=40, deadline=None)
@given(scalars, digests, entropies)
def test_a_signature_verifies_and_survives_its_bytes(
    scalar: int, message: Digest, entropy: bytes
) -> None:
    (secret,) = batched.secret_keys([scalar])
    signature = batched.sign(secret, message, entropy)
    assert Signature.from_bytes(signature.to_bytes()) == signature
    assert batched.verify(secret.public, message, signature.to_bytes())


@settings(max_examples=40, deadline=None)
@given(scalars, digests, st.integers(0, 83), st.integers(1, 255))
def test_a_changed_byte_is_refused(scalar: int, message: Digest, place: int, change: int) -> None:
    (secret,) = batched.secret_keys([scalar])
    data = bytearray(batched.sign(secret, message, bytes(32)).to_bytes())
    data[place] ^= change
    assert not batched.verify(secret.public, message, bytes(data))


@settings(max_examples=20, deadline=None)
@given(scalars, scalars, digests, digests)
def test_another_key_or_another_message_is_refused(
    scalar: int, other: int, message: Digest, changed: Digest
) -> None:
    secret, stranger = batched.secret_keys([scalar, other])
    data = batched.sign(secret, message, bytes(32)).to_bytes()
    same = (scalar == other, message == changed)
    assert batched.verify(stranger.public, message, data) == same[0]
    assert batched.verify(secret.public, changed, data) == same[1]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_signature_or_malformed(data: bytes) -> None:
    try:
        assert Signature.from_bytes(data).to_bytes() == data
    except MalformedSignature:
        secret = SecretKey(1, curve.GENERATOR)
        assert not batched.verify(secret.public, (0,) * 8, data)
