"""What contracts/bls/Bls.sol asks of the precompiles of EIP-2537, and what these answer, by py-ecc.

Written from RFC 9380 and the EIP a second time, in another language: where contract and this ask
for different things, a machine that answers out of these has no answer. An answer of None is a
call that fails, after which no further one is made.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

from rollup.crypto.bls import KEY_BYTES, NUMBER_BYTES, SIGNATURE_BYTES, library

curve: Final = library("py_ecc.optimized_bls12_381")
hash_to_curve: Final = library("py_ecc.bls.hash_to_curve")
_suite: Final = library("py_ecc.bls").G2ProofOfPossession
_is_in_subgroup: Final = library("py_ecc.bls.g2_primitives").subgroup_check

FIRST_SUM: Final = 0x0B
SECOND_SUM: Final = 0x0D
PAIRING: Final = 0x0F
SECOND_MAP: Final = 0x11

_FILLED_BYTES: Final = 64
_FIRST_BYTES: Final = 2 * _FILLED_BYTES
_SECOND_BYTES: Final = 4 * _FILLED_BYTES


class PrecompileCall(NamedTuple):
    """A call of the precompile at a small address."""

    precompile: int
    data: bytes
    answer: bytes | None


class _Fails(Exception):
    """A precompile refuses its input."""


def signed_calls(keys: bytes, message: bytes, signature: bytes) -> list[PrecompileCall]:
    """The calls of `isSigned`, of keys one behind the other."""
    if not keys or len(keys) % KEY_BYTES:
        return []
    return _until_failed(_calls(keys, message, _suite.DST, signature))


def possession_calls(key: bytes, proof: bytes) -> list[PrecompileCall]:
    """The calls of `isPossessed`."""
    if len(key) != KEY_BYTES:
        return []
    y = int.from_bytes(key[NUMBER_BYTES:], "big")
    mark = 0xA0 if y > (curve.field_modulus - 1) // 2 else 0x80
    packed = bytes((key[0] | mark,)) + key[1:NUMBER_BYTES]
    return _until_failed(_calls(key, packed, _suite.POP_TAG, proof))


def _until_failed(calls: Iterator[PrecompileCall]) -> list[PrecompileCall]:
    made: list[PrecompileCall] = []
    for call in calls:
        made.append(call)
        if call.answer is None:
            break
    return made


def _calls(
    keys: bytes, message: bytes, domain: bytes, signature: bytes
) -> Iterator[PrecompileCall]:
    points = [_filled(keys[at : at + KEY_BYTES]) for at in range(0, len(keys), KEY_BYTES)]
    total = points[0]
    for point in points[1:]:
        call = _call(FIRST_SUM, total + point)
        yield call
        total = call.answer or b""
    if total == bytes(_FIRST_BYTES) or len(signature) != SIGNATURE_BYTES:
        return
    mapped = b""
    for element in _elements(message, domain):
        call = _call(SECOND_MAP, element)
        yield call
        mapped += call.answer or b""
    hashed = _call(SECOND_SUM, mapped)
    yield hashed
    generator = _first_bytes(curve.neg(curve.G1))
    yield _call(PAIRING, total + (hashed.answer or b"") + generator + _filled(signature))


def _elements(message: bytes, domain: bytes) -> list[bytes]:
    """The two elements of Fp2 that a message is hashed to."""
    found = hash_to_curve.hash_to_field_FQ2(message, 2, domain, sha256)
    return [_numbers(each.coeffs) for each in found]


def _call(precompile: int, data: bytes) -> PrecompileCall:
    try:
        return PrecompileCall(precompile, data, _PRECOMPILES[precompile](data))
    except _Fails:
        return PrecompileCall(precompile, data, None)


def _first_sum(data: bytes) -> bytes:
    """G1ADD."""
    one, other = (_first(data[at : at + _FIRST_BYTES]) for at in (0, _FIRST_BYTES))
    return _first_bytes(curve.add(one, other))


def _second_sum(data: bytes) -> bytes:
    """G2ADD."""
    one, other = (_second(data[at : at + _SECOND_BYTES]) for at in (0, _SECOND_BYTES))
    return _second_bytes(curve.add(one, other))


def _second_map(data: bytes) -> bytes:
    """MAP_FP2_TO_G2, which clears the cofactor."""
    element = curve.FQ2(_read(data, 2))
    point = hash_to_curve.map_to_curve_G2(element)
    return _second_bytes(hash_to_curve.clear_cofactor_G2(point))


def _pairing(data: bytes) -> bytes:
    """PAIRING_CHECK, which asks for the subgroup of every point."""
    product = curve.FQ12.one()
    for at in range(0, len(data), _FIRST_BYTES + _SECOND_BYTES):
        first = _first(data[at : at + _FIRST_BYTES])
        second = _second(data[at + _FIRST_BYTES : at + _FIRST_BYTES + _SECOND_BYTES])
        if not all(map(_is_in_subgroup, (first, second))):
            raise _Fails
        product *= curve.pairing(second, first, final_exponentiate=False)
    holds = curve.final_exponentiate(product) == curve.FQ12.one()
    return int(holds).to_bytes(32, "big")


_PRECOMPILES: Final[dict[int, Callable[[bytes], bytes]]] = {
    FIRST_SUM: _first_sum,
    SECOND_SUM: _second_sum,
    SECOND_MAP: _second_map,
    PAIRING: _pairing,
}


def _first(data: bytes) -> Any:
    """A point of G1's curve; zeros are infinity."""
    x, y = _read(data, 2)
    if x == y == 0:
        return curve.Z1
    return _on_curve((curve.FQ(x), curve.FQ(y), curve.FQ.one()), curve.b)


def _second(data: bytes) -> Any:
    """A point of G2's curve; zeros are infinity."""
    numbers = _read(data, 4)
    if not any(numbers):
        return curve.Z2
    x, y = curve.FQ2(numbers[:2]), curve.FQ2(numbers[2:])
    return _on_curve((x, y, curve.FQ2.one()), curve.b2)


def _on_curve(point: Any, b: Any) -> Any:
    if not curve.is_on_curve(point, b):
        raise _Fails
    return point


def _read(data: bytes, count: int) -> list[int]:
    numbers = [
        int.from_bytes(data[at : at + _FILLED_BYTES], "big")
        for at in range(0, count * _FILLED_BYTES, _FILLED_BYTES)
    ]
    if any(number >= curve.field_modulus for number in numbers):
        raise _Fails
    return numbers


def _first_bytes(point: Any) -> bytes:
    if curve.is_inf(point):
        return bytes(_FIRST_BYTES)
    x, y = curve.normalize(point)
    return _numbers((x.n, y.n))


def _second_bytes(point: Any) -> bytes:
    if curve.is_inf(point):
        return bytes(_SECOND_BYTES)
    x, y = curve.normalize(point)
    return _numbers((*x.coeffs, *y.coeffs))


def _numbers(values: Any) -> bytes:
    return b"".join(int(value).to_bytes(_FILLED_BYTES, "big") for value in values)


def _filled(data: bytes) -> bytes:
    """Numbers of 48 bytes, each filled up to 64."""
    parts = [data[at : at + NUMBER_BYTES] for at in range(0, len(data), NUMBER_BYTES)]
    return b"".join(part.rjust(_FILLED_BYTES, b"\0") for part in parts)
