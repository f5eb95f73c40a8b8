"""Whatever is done to a proof, the verifier says VerificationError and nothing else."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import pytest

from circuits.air.circuit import Circuit
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.key import VerificationKey
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import INSECURE_TEST, Parameters
from circuits.stark.proof import VERSION_BYTES, Proof, decode, encode
from circuits.stark.prover import Prover
from circuits.stark.shape import shape_of
from circuits.stark.verifier import verify
from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES
from tests.helpers.circuits import Instance, small_instance
from tests.helpers.seed import draws

HEIGHTS = (1024, 512)

VERSION = len(VERSION_BYTES)


@cache
def honest() -> tuple[Instance, VerificationKey, bytes]:
    instance = small_instance(*HEIGHTS, INSECURE_TEST.blinded_rows)
    proved = Prover(instance.circuit, INSECURE_TEST).prove(instance.traces, *instance.known)
    return instance, generate_key(instance.circuit, [INSECURE_TEST]), proved.proof


def refuse(
    proof: bytes,
    *,
    circuit: Circuit | None = None,
    key: VerificationKey | None = None,
    statement_digest: bytes | None = None,
    publics: tuple[int, ...] | None = None,
    messages: tuple[PublicMessage, ...] | None = None,
    parameters: Parameters = INSECURE_TEST,
) -> Failure:
    """Why a proof is refused; the test fails if it is not, or with another exception."""
    instance, own_key, _ = honest()
    with pytest.raises(VerificationError) as caught:
        verify(
            circuit or instance.circuit,
            key or own_key,
            instance.statement_digest if statement_digest is None else statement_digest,
            instance.publics if publics is None else publics,
            instance.messages if messages is None else messages,
            parameters,
            proof,
        )
    return caught.value.reason


def test_the_untouched_proof_is_accepted() -> None:
    instance, key, proof = honest()
    verify(instance.circuit, key, *instance.known, INSECURE_TEST, proof)


def test_random_bit_flips() -> None:
    proof = honest()[2]
    draw = draws(1)
    reasons = set()
    for _ in range(200):
        position = draw.randrange(8 * len(proof))
        flipped = bytearray(proof)
        flipped[position // 8] ^= 1 << position % 8
        reasons.add(refuse(bytes(flipped)))
    assert len(reasons) >= 4


def test_every_byte_of_the_head() -> None:
    """Version, roots, terminals and the first opened values, byte by byte."""
    proof = honest()[2]
    for position in range(0, 400):
        changed = bytearray(proof)
        changed[position] ^= 0x55
        refuse(bytes(changed))


def test_lengths() -> None:
    proof = honest()[2]
    for wrong in (b"", proof[:1], proof[: VERSION - 1], proof[1:]):
        assert refuse(wrong) is Failure.PROTOCOL_VERSION
    for wrong in (proof[:VERSION], proof[:-1], proof + b"\x00", proof + proof):
        assert refuse(wrong) is Failure.MALFORMED
    draw = draws(2)
    for _ in range(30):
        assert refuse(proof[: draw.randrange(VERSION, len(proof))]) is Failure.MALFORMED


def test_noise_of_the_right_length() -> None:
    length = len(honest()[2])
    draw = draws(3)
    for noise in (bytes(length), b"\xff" * length, draw.randbytes(length)):
        refuse(noise)


def test_values_at_or_above_p_are_not_canonical() -> None:
    """Adding p to a field element keeps its value and is refused for its form alone."""
    proof = honest()[2]
    first = VERSION + 64
    for position in (first, first + 40 + 32, len(proof) // 4 * 4 - 2000):
        value = int.from_bytes(proof[position : position + 4], "little")
        if value + P < 2**32:
            changed = proof[:position] + (value + P).to_bytes(4, "little") + proof[position + 4 :]
            assert refuse(changed) is not None
    changed = proof[:first] + P.to_bytes(4, "little") + proof[first + 4 :]
    assert refuse(changed) is Failure.NON_CANONICAL


def members(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all members of a proof, leaves and containers; of long tuples, both ends."""
    if is_dataclass(value):
        for field in fields(value):
            yield (*path, field.name)
            yield from members(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for index in sorted({0, len(value) - 1}) if value else ():
            yield (*path, index)
            yield from members(value[index], (*path, index))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = getattr(value, part) if isinstance(part, str) else value[part]
    return value


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same value with one member replaced."""
    if not path:
        return new
    part, *rest = path
    if isinstance(part, str):
        return replace(value, **{part: changed(getattr(value, part), tuple(rest), new)})
    inner = changed(value[part], tuple(rest), new)
    return (*value[:part], inner, *value[part + 1 :])


def variants(member: Any) -> Iterator[Any]:
    """Replacements of a member: another value, a shorter one, a longer one, none."""
    if isinstance(member, int):
        yield (member + 1) % P
        yield 0 if member else 1
    elif isinstance(member, bytes):
        yield bytes(len(member))
        yield member[:-1]
        yield member + b"\x00"
        yield b""
    elif isinstance(member, tuple) and member:
        yield member[:-1]
        yield (*member, member[-1])
        yield ()
        if member[::-1] != member:
            yield member[::-1]


def test_each_member_replaced_truncated_removed() -> None:
    instance, _, proof = honest()
    decoded: Proof = decode(proof, shape_of(instance.circuit, INSECURE_TEST))
    tried = 0
    for path in members(decoded):
        for new in variants(at(decoded, path)):
            bent = encode(changed(decoded, path, new))
            if bent != proof:
                refuse(bent)
                tried += 1
    assert tried > 300


def test_members_of_two_proofs_do_not_mix() -> None:
    """Queries, layers or openings of another proof of the same statement fit the bytes only."""
    instance, _, proof = honest()
    shape = shape_of(instance.circuit, INSECURE_TEST)
    other = Prover(instance.circuit, INSECURE_TEST).prove(instance.traces, *instance.known)
    mine, theirs = decode(proof, shape), decode(other.proof, shape)
    for field in fields(Proof):
        mixed = encode(replace(mine, **{field.name: getattr(theirs, field.name)}))
        if mixed != proof:
            refuse(mixed)


def test_another_public_input() -> None:
    instance, _, proof = honest()
    start, result = instance.publics
    for publics in ((start + 1, result), (start, result + 1), (result, start), (0, 0)):
        refuse(proof, publics=publics)
    assert refuse(proof, publics=(start,)) is Failure.PUBLIC_VALUES
    assert refuse(proof, publics=(start, result + P)) is Failure.PUBLIC_VALUES
    assert refuse(proof, publics=(True, result)) is Failure.PUBLIC_VALUES  # type: ignore[arg-type]


def test_another_digest_of_the_public_input() -> None:
    """The same elements, of which something else is said that no element shows."""
    instance, _, proof = honest()
    for place in range(DIGEST_BYTES):
        other = bytearray(instance.statement_digest)
        other[place] ^= 1
        assert refuse(proof, statement_digest=bytes(other)) is not Failure.PUBLIC_VALUES
    digest = instance.statement_digest
    for wrong in (b"", digest[:-1], digest + b"\0", digest.hex(), bytearray(digest)):
        assert refuse(proof, statement_digest=wrong) is Failure.PUBLIC_VALUES  # type: ignore[arg-type]


def test_other_public_messages() -> None:
    instance, _, proof = honest()
    first, *rest = instance.messages
    for messages in (
        (),
        tuple(rest),
        (first, *instance.messages),
        (*rest, first),
        (replace(first, count=2), *rest),
        (replace(first, sign=-1), *rest),
        (replace(first, payload=(first.payload[0] + 1, first.payload[1])), *rest),
    ):
        refuse(proof, messages=messages)


def test_another_circuit() -> None:
    _, key, proof = honest()
    other = small_instance(HEIGHTS[1], HEIGHTS[0], INSECURE_TEST.blinded_rows).circuit
    assert refuse(proof, circuit=other) is Failure.WRONG_KEY
    refuse(proof, circuit=other, key=generate_key(other, [INSECURE_TEST]))
    bent = VerificationKey(key.circuit_digest, {INSECURE_TEST.name: bytes(32)})
    refuse(proof, key=bent)
    assert refuse(proof, key=VerificationKey(key.circuit_digest, {})) is Failure.WRONG_KEY
    assert refuse(proof, key=VerificationKey(bytes(32), key.fixed_roots)) is Failure.WRONG_KEY


@pytest.mark.parametrize(
    "weaker",
    [
        {"queries": 5},
        {"queries": 7},
        {"log2_blowup": 3},
        {"grinding_query": 0},
        {"grinding_batch": 0},
        {"grinding_fold": 0},
        {"salt_bytes": 0},
        {"digest_bytes": 26},
    ],
)
def test_a_proof_is_of_its_parameters_alone(weaker) -> None:
    """Neither does an honest proof pass for another set, nor a weaker proof for the honest set."""
    instance, _, proof = honest()
    parameters = replace(INSECURE_TEST, **weaker)
    refuse(proof, parameters=parameters)
    if "salt_bytes" in weaker or "queries" in weaker:  # no such proof has this height or salt
        return
    downgraded = Prover(instance.circuit, parameters).prove(instance.traces, *instance.known)
    refuse(downgraded.proof)
