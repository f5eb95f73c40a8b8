"""The last act: the proof of the last batch goes to the contracts that verify it, on an EVM; then
the same proof with one bit changed, which they refuse for the reason for which Python does; and
people get their money out of a venue whose operator has gone, with what it published."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Final

from rollup.harness.some_evm import Engine, NoEvm, some_evm
from rollup.installed import installed_chain_proofs
from rollup.l1.evm.chain import CallReverted
from rollup.ports import VerificationError, Verifier
from rollup.protocol.public import PublicInput
from sequencer.demo.events import (
    DemoEvent,
    EvmAbsent,
    EvmReady,
    EvmTransaction,
    EvmTrial,
    VenueLeft,
)

if TYPE_CHECKING:
    from rollup.l1.evm.proofs import ProofParts, StarkFacts

SENDER: Final = b"\xa1" * 20
"""Who brings the proof: it may be anybody."""


@dataclass(frozen=True, slots=True)
class ProofLie:
    """A proof of which one bit is changed: of what, which names the trial, and how."""

    name: str
    forge: Callable[["ProofParts"], "ProofParts"]


def change_query(parts: "ProofParts") -> "ProofParts":
    """The parts with one bit of the query in their middle changed."""
    place = len(parts.queries) // 2
    changed = (*parts.queries[:place], _flipped(parts.queries[place]), *parts.queries[place + 1 :])
    return replace(parts, queries=changed)


def change_opening(parts: "ProofParts") -> "ProofParts":
    """The parts with one bit of their opening changed, among the values opened there."""
    return replace(parts, opening=_flipped(parts.opening))


LIES: Final = (
    ProofLie("of a query", change_query),
    ProofLie("of the opening", change_opening),
)


def on_evm(public: PublicInput, proof: bytes, verifier: Verifier) -> Iterator[DemoEvent]:
    """Contracts for the batch's class are created, and each trial is made on them as they were
    created. Then people leave a small venue on the same chain. EvmAbsent alone where no EVM is
    here; ChainError or RemoteError where one fails."""
    try:
        with some_evm() as engine:
            yield from _trials(engine, public, proof, verifier)
            yield _left(engine)
    except NoEvm as error:
        yield EvmAbsent(str(error))


def _trials(
    engine: Engine, public: PublicInput, proof: bytes, verifier: Verifier
) -> Iterator[DemoEvent]:
    start = perf_counter()
    facts, ready = _created(engine, verifier.pins.parameter_set, public.shape_class)
    yield replace(ready, seconds=perf_counter() - start)
    parts = facts.proofs.parts(public, proof, facts.parameter_set)
    fresh = engine.chain.checkpoint()
    yield _tried("as it is", facts, parts, _verdict(verifier, public, proof))
    for lie in LIES:
        engine.chain.restore(fresh)
        forged = lie.forge(parts)
        said = _verdict(verifier, public, forged.opening + b"".join(forged.queries))
        yield _tried(lie.name, facts, forged, said, is_forged=True)


def _left(engine: Engine) -> VenueLeft:
    """The end of a venue of which what it published is left, on contracts and on the mock."""
    from rollup.harness.left_venue import exits_of_mock, exits_on_chain  # noqa: PLC0415

    exits = tuple(exits_on_chain(engine.chain))
    without_gas = [replace(each, gas=None) for each in exits]
    return VenueLeft(exits, without_gas == list(exits_of_mock()))


def _created(engine: Engine, parameter_set: str, shape_class: str) -> tuple["StarkFacts", EvmReady]:
    """The contract that verifies proofs of a class, and what it took to create."""
    from rollup.l1.evm.abi import Interface  # noqa: PLC0415  # its libraries not all have
    from rollup.l1.evm.artefact import artefact  # noqa: PLC0415
    from rollup.l1.evm.proofs import STARK_FACTS, StarkFacts  # noqa: PLC0415
    from rollup.l1.evm.workshop import Workshop  # noqa: PLC0415

    proofs, workshop = installed_chain_proofs(), Workshop(engine.chain)
    address = proofs.create(workshop, parameter_set, shape_class)
    interface = Interface(artefact(STARK_FACTS).abi)
    gas = sum(receipt.gas for _, receipt in workshop.receipts)
    ready = EvmReady(engine.name, shape_class, len(workshop.receipts), gas, 0.0)
    return StarkFacts(engine.chain, address, interface, proofs, parameter_set), ready


def _tried(
    name: str,
    facts: "StarkFacts",
    parts: "ProofParts",
    in_python: str,
    *,
    is_forged: bool = False,
) -> EvmTrial:
    """Bring the parts of a proof until one is refused."""
    sent, on_chain = [], ""
    for part, calldata in facts.calls(parts):
        try:
            gas = facts.send(calldata, SENDER).gas
        except CallReverted as error:
            gas, on_chain = None, facts.proofs.refusal(error.data)
        sent.append(EvmTransaction(part, len(calldata), gas))
        if on_chain:
            break
    proved = facts.is_valid(parts.fact)
    return EvmTrial(name, is_forged, tuple(sent), proved, on_chain, in_python)


def _verdict(verifier: Verifier, public: PublicInput, proof: bytes) -> str:
    """Why the verifier refuses, empty if it does not."""
    try:
        verifier.verify(public, proof)
    except VerificationError as error:
        return ": ".join(filter(None, (str(error.reason.value), error.detail)))
    return ""


def _flipped(data: bytes) -> bytes:
    """The bytes with the lowest bit of the one in their middle changed."""
    place = len(data) // 2
    return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]
