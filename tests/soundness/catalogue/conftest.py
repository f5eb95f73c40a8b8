"""Every lie of the catalogue is told to the contracts, too.

What a test brings to the product's verifier is written down, and brought after the test, when
nothing is bent any more, to the contracts in a chain of this process: they must say what Python
says, accepted or refused, and for the same reason.
"""

import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest

from circuits.evm.begin_manifest import BUSES_MAX
from circuits.stark import verifier
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.proof import encoded_length
from circuits.stark.shape import shape_of

HAS_CHAIN = find_spec("pyrevm") is not None

MOST = 8
"""Proofs of a test that are brought to the contracts: the first so many that differ."""


@pytest.fixture(autouse=True)
def also_on_chain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    asked: dict[bytes, tuple[Any, ...]] = {}
    honest = verifier.verify

    def heard(*given: Any) -> None:
        asked.setdefault(given[-1] if isinstance(given[-1], bytes) else b"", given)
        honest(*given)

    for module in [each for each in sys.modules.values() if _asks(each)]:
        monkeypatch.setattr(module, "verify", heard)
    yield
    monkeypatch.undo()
    for given in list(asked.values())[:MOST] if HAS_CHAIN else ():
        if _is_brought(given):
            assert _on_chain(*given) is _in_python(*given)


def _asks(module: Any) -> bool:
    name = getattr(module, "__name__", "")
    return name.startswith("tests.") and getattr(module, "verify", None) is verifier.verify


def _in_python(*given: Any) -> Failure | None:
    """Why the product refuses; None if it accepts."""
    try:
        verifier.verify(*given)
    except VerificationError as refused:
        assert isinstance(refused.reason, Failure)
        return refused.reason
    return None


def _is_brought(given: tuple[Any, ...]) -> bool:
    """Whether it has the bytes of a proof of its shape, which are what can be cut into parts; and a
    statement that bytes can say."""
    circuit, key, digest, publics, messages, parameters, proof = given
    numbers = [*publics, *(n for m in messages for n in (m.count, *m.payload))]
    said = all(type(number) is int and 0 <= number < 1 << 64 for number in numbers)
    if not said or type(digest) is not bytes or len(digest) != 32:
        return False
    try:
        shape = shape_of(circuit, parameters)
    except (VerificationError, ValueError):
        return False
    known = key.circuit_digest == circuit.digest and parameters.name in key.fixed_roots
    known &= all(bus < BUSES_MAX for bus, _ in shape.bus_widths)  # of no other circuit is there one
    return known and isinstance(proof, bytes) and len(proof) == encoded_length(shape)


def _on_chain(
    circuit: Any,
    key: Any,
    digest: bytes,
    publics: Any,
    messages: Any,
    parameters: Any,
    proof: bytes,
) -> Failure | None:
    """Why the contracts refuse; None if they accept."""
    from circuits.evm.context import split
    from circuits.evm.facts import statement_bytes
    from tests.helpers.evm_queries import verdict_of

    contracts, machine = _deployed(_Named(circuit, key, parameters))
    parts = split(proof, shape_of(circuit, parameters))
    begun = contracts.begin_alone(statement_bytes(digest, publics, messages), parts.opening)
    outcome = begun
    if begun.succeeded:
        count = parameters.queries
        outcome = machine.run(begun.data, parts.tops, 0, count, parts.chunk(0, count))
    verdict = verdict_of(outcome)
    return None if verdict is None else verdict[0]


class _Named:
    """A circuit with key and parameters, that is what its digest and root say."""

    def __init__(self, circuit: Any, key: Any, parameters: Any) -> None:
        self.parts = circuit, key, parameters
        self._name = circuit.digest, key.fixed_roots[parameters.name], parameters.encode()

    def __hash__(self) -> int:
        return hash(self._name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and other._name == self._name


@cache
def _deployed(named: _Named) -> Any:
    from tests.helpers.evm_queries import QueryMachine
    from tests.helpers.verifier_evm import put_on_chain, toy_pins

    circuit, key, parameters = named.parts
    made = put_on_chain(circuit, key, parameters, toy_pins(key, parameters))
    return made, QueryMachine(made.shape)
