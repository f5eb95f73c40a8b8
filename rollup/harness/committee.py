"""Committees of scenarios: members by name, their proofs of possession, and what they sign of a
batch, bent where a scenario says so.

Nothing here is secret: names give every key, so that all scenarios repeat.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from rollup.crypto.bls import KEY_BYTES, ORDER, SIGNATURE_BYTES, BlsSecret, aggregate
from rollup.harness.scenario import ScenarioError
from rollup.hash.keccak import keccak256
from rollup.protocol.committee import NO_COMMITTEE, Attestation, Committee, availability_message

INFINITY: Final = bytes(SIGNATURE_BYTES)

NOT_KEYS: Final[Mapping[str, bytes]] = {
    "off-curve": b"\1" * KEY_BYTES,
    "infinity": bytes(KEY_BYTES),
    "modulus": b"\xff" * KEY_BYTES,
    "off-subgroup": bytes.fromhex(
        "0ccd40884cb1834492efbd0149a414535890f30477f9535103082ff438ca13d7"
        "f7e36e2f1d15dd8ca30397f12170831a157112d2c2dfffc1f042dd01e9cc104f"
        "0609ada5f5fb621f5eb44c9b1b3174267681bbdea41aacc3af76740445774b94"
    ),
}
"""What is no key, by name. The last is of the curve, and of an order that is prime to the group's:
its pairing with anything is 1, so that who does not ask for the subgroup takes infinity as what it
signed."""


@cache
def member(name: str) -> BlsSecret:
    """The key of somebody, which only a test would use."""
    digest = keccak256(b"crypsis-suite-member/" + name.encode())
    return BlsSecret.from_number(1 + int.from_bytes(digest, "big") % (ORDER - 1))


def key_of_member(name: str) -> bytes:
    """Somebody's public key, or what is none."""
    return NOT_KEYS[name] if name in NOT_KEYS else member(name).key


@cache
def _possessed(name: str) -> bytes:
    return INFINITY if name in NOT_KEYS else member(name).prove_possession()


@cache
def _signed(name: str, message: bytes) -> bytes:
    return member(name).sign(message)


def committee_of(said: Mapping[str, Any], make: Callable[..., Committee]) -> Committee:
    """So many `of` these members; keys rise, whatever order the names have, unless a scenario says
    that they are `falling`."""
    keys = sorted(map(key_of_member, said["of"]), reverse=said.get("falling", False))
    return make(NO_COMMITTEE, threshold=said["threshold"], keys=tuple(keys))


def names_of(said: Mapping[str, Any]) -> Sequence[str]:
    """The members of a committee, by rising key."""
    return sorted(said["of"], key=key_of_member)


def _fewer(names: Sequence[str]) -> list[bytes]:
    return [_possessed(name) for name in names[:-1]]


def _more(names: Sequence[str]) -> list[bytes]:
    return [_possessed(name) for name in (*names, names[0])]


def _swapped(names: Sequence[str]) -> list[bytes]:
    return [_possessed(name) for name in reversed(names)]


def _signatures(names: Sequence[str]) -> list[bytes]:
    """Of the right words, in the domain of messages: what a member may have been asked to sign."""
    return [_signed(name, key_of_member(name)) for name in names]


_POSSESSION: Final[Mapping[str, Callable[[Sequence[str]], list[bytes]]]] = {
    "honest": lambda names: [_possessed(name) for name in names],
    "none": lambda names: [],
    "fewer": _fewer,
    "more": _more,
    "swapped": _swapped,
    "signatures": _signatures,
    "infinity": lambda names: [INFINITY for _ in names],
    "short": lambda names: [_possessed(names[0])[:-1], *_fewer(names[1:])],
}
"""Proofs of possession of a committee's members, by what is wrong with them."""


def possession_of(names: Sequence[str], kind: str) -> list[bytes]:
    """Proofs of possession of these members, by rising key, right or wrong in one way."""
    return _POSSESSION[kind](names)


def attestation_of(said: Mapping[str, Any], committee: Committee, digest: bytes) -> Attestation:
    """What those `by` name signed of the batch of this public input."""
    return word_of(said, committee, availability_message(digest))


def word_of(said: Mapping[str, Any], committee: Committee, message: bytes) -> Attestation:
    """What those `by` name signed of a message, said to be by the `named` ones if they are others,
    or by `bits`; a signature at `infinity` is by nobody."""
    by = said["by"]
    if said.get("infinity"):
        signature = INFINITY
    else:
        signature = aggregate([_signed(name, message) for name in by])
    bits = said.get("bits")
    if bits is None:
        bits = sum(1 << _place(committee, name) for name in said.get("named", by))
    return Attestation(bits, signature)


def _place(committee: Committee, name: str) -> int:
    key = key_of_member(name)
    if key not in committee.keys:
        raise ScenarioError(f"{name} is no member: bits are wanted, or who is named")
    return committee.keys.index(key)
