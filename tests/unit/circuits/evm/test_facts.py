"""StarkFacts: a fact is valid when every query of one session was checked, and never else."""

from dataclasses import replace

import pytest
from eth_abi.abi import decode

from circuits.evm import deploy
from circuits.evm.context import Parts, context
from circuits.evm.facts import fact
from circuits.stark.errors import Failure
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.prover import Prover
from circuits.stark.shape import shape_of
from rollup.hash.keccak import keccak256

pytest.importorskip("pyrevm", reason="pyrevm is not installed")

from tests.helpers.circuits import small_instance
from tests.helpers.verifier_evm import (
    Toy,
    call_data,
    is_malformed,
    put_on_chain,
    refused,
    selector,
    toy,
    toy_pins,
)

QUERIES = INSECURE_TEST.queries
NOBODY = b"\x11" * 20


class Session:
    """One proof on its way: its parts, and what StarkFacts is called with."""

    def __init__(self, made: Toy, proof: bytes | None = None) -> None:
        self.made = made if proof is None else replace(made, proof=proof)
        self.contracts = self.made.contracts
        self.parts: Parts = self.made.parts
        shape = self.contracts.shape
        self.context = context(shape, self.made.key, self.made.known, self.made.proof)
        self.fact = fact(self.made.key, shape, self.made.statement)
        self.identifier = self.made.session(self.fact)

    def begin(self) -> None:
        """It is good up to its queries."""
        outcome = self.contracts.begin(self.made.statement, self.parts.opening)
        assert outcome.succeeded, outcome.data.hex()
        assert outcome.data == self.identifier

    def ask(self, first: int, count: int, **changed: bytes):  # type: ignore[no-untyped-def]
        """Some queries, with what is not as it should be."""
        return self.contracts.queries(
            changed.get("session", self.identifier),
            changed.get("context", self.context),
            changed.get("tops", self.parts.tops),
            first,
            count,
            changed.get("data", self.parts.chunk(first, count)),
        )

    @property
    def valid(self) -> bool:
        """Whether its fact is."""
        return self.contracts.is_valid(self.fact)


@pytest.fixture
def session():  # type: ignore[no-untyped-def]
    """A proof that nothing was said of, on a chain that is put back afterwards."""
    made = toy(128, 512)
    mark = made.contracts.chain.snapshot()
    yield Session(made)
    made.contracts.chain.revert(mark)


def other_proof(made: Toy, **changed: int) -> bytes:
    """Another proof of the same circuit."""
    instance = small_instance(128, 512, INSECURE_TEST.blinded_rows, **changed)
    proved = Prover(instance.circuit, INSECURE_TEST).prove(instance.traces, *instance.known)
    return proved.proof


def test_a_proof_in_parts_makes_its_fact_valid(session: Session) -> None:
    session.begin()
    for first in range(QUERIES):
        assert not session.valid
        assert session.ask(first, 1).succeeded
    assert session.valid


def test_in_any_order_overlapping_and_twice(session: Session) -> None:
    session.begin()
    for first, count in ((4, 2), (4, 2), (3, 2), (0, 1), (0, 2)):
        assert session.ask(first, count).succeeded
        assert not session.valid
    session.begin()  # a second begin takes nothing back
    assert session.ask(2, 1).succeeded
    assert session.valid


def test_all_queries_at_once_and_nothing_after(session: Session) -> None:
    session.begin()
    assert session.ask(0, QUERIES).succeeded
    assert session.valid
    assert is_malformed(session.ask(0, 1))  # the session is forgotten
    session.begin()  # and none is opened of a valid fact
    assert is_malformed(session.ask(0, 1))
    assert session.valid


def test_without_a_begin_nothing_is_checked(session: Session) -> None:
    assert is_malformed(session.ask(0, QUERIES))
    assert is_malformed(session.ask(0, QUERIES, session=bytes(32)))
    assert not session.valid


def test_ranges_that_the_proof_has_not_are_malformed(session: Session) -> None:
    session.begin()
    data = session.parts.chunk(0, QUERIES)
    ranges = [(0, 0), (QUERIES, 1), (QUERIES - 1, 2), (0, QUERIES + 1), (1, QUERIES)]
    ranges += [(256, 1), (1 << 255, 1), ((1 << 256) - 1, 1), ((1 << 256) - 1, 2)]
    ranges += [(0, 255), (0, 256), (0, (1 << 256) - 1), (250, 250)]
    for first, count in ranges:
        assert is_malformed(session.ask(first, count, data=data))
    assert not session.valid


def test_a_context_or_tops_of_the_callers_own_are_malformed(session: Session) -> None:
    session.begin()
    for place in range(0, len(session.context), 32):
        changed = bytearray(session.context)
        changed[place + 31] ^= 1
        assert is_malformed(session.ask(0, 1, context=bytes(changed)))
    assert is_malformed(session.ask(0, 1, context=session.context[:-32]))
    assert is_malformed(session.ask(0, 1, context=session.context + bytes(32)))
    assert is_malformed(session.ask(0, 1, context=b""))
    tops = bytearray(session.parts.tops)
    tops[0] ^= 1
    assert is_malformed(session.ask(0, 1, tops=bytes(tops)))
    # Lie: the border between tops and queries elsewhere.
    moved = session.parts.tops + session.parts.queries[0][:32]
    assert session.ask(0, 1, tops=moved, data=session.parts.queries[0][32:]).succeeded
    assert not session.valid


def test_a_query_of_another_place_or_proof_is_refused(session: Session) -> None:
    session.begin()
    wrong = session.ask(0, 1, data=session.parts.queries[1])
    assert refused(wrong)[0] is Failure.MERKLE_PATH
    foreign = Session(session.made, other_proof(session.made))
    foreign.begin()
    assert foreign.identifier != session.identifier
    assert foreign.fact == session.fact
    crossed = session.ask(0, 1, data=foreign.parts.queries[0], tops=foreign.parts.tops)
    assert is_malformed(crossed)
    assert is_malformed(session.ask(0, 1, session=foreign.identifier))
    # Lie: half of one proof and half of another.
    assert session.ask(0, 3).succeeded
    assert foreign.ask(3, 3).succeeded
    assert not session.valid
    assert foreign.ask(0, 3).succeeded
    assert session.valid


def test_a_refused_query_leaves_the_session_as_it_was(session: Session) -> None:
    session.begin()
    data = bytearray(session.parts.chunk(0, QUERIES))
    data[-1] ^= 1
    assert refused(session.ask(0, QUERIES, data=bytes(data)))[1] == QUERIES - 1
    assert not session.valid
    assert session.ask(0, QUERIES).succeeded
    assert session.valid


def test_a_refusal_of_begin_is_passed_on_and_opens_nothing(session: Session) -> None:
    opening = bytearray(session.parts.opening)
    opening[5] ^= 1
    outcome = session.contracts.begin(session.made.statement, bytes(opening))
    assert refused(outcome)[0] is session.made.failure(
        session.made.known, bytes(opening) + b"".join(session.parts.queries)
    )
    identifier = keccak256(session.fact + keccak256(bytes(opening)))
    assert is_malformed(session.ask(0, 1, session=identifier))


def wiring(made: Toy, **changed: bytes) -> bytes:
    """The initcode of a StarkFacts with other addresses."""
    pins = toy_pins(made.key, made.parameters)
    creations = deploy.verifier(made.instance.circuit, made.key, made.parameters, pins)
    return creations[-1].initcode({**made.contracts.made, **changed})


@pytest.mark.parametrize(
    "name", [deploy.BEGIN, deploy.QUERIES, deploy.DIRECTORY, deploy.QUERY_MANIFEST]
)
def test_an_address_without_code_is_never_wired(name: str) -> None:
    made = toy(128, 512)
    with pytest.raises(RuntimeError) as error:
        made.contracts.chain.deploy(wiring(made, **{name: NOBODY}))
    assert selector("Miswired()").hex() in str(error.value)


def test_the_data_of_another_circuit_never_makes_a_fact() -> None:
    made, other = toy(128, 512), toy(512, 512)
    pins = toy_pins(other.key, other.parameters)
    liar = put_on_chain(made.instance.circuit, made.key, made.parameters, pins)
    outcome = liar.begin(made.statement, made.parts.opening)
    assert not outcome.succeeded
    assert outcome.data == selector("Miswired()")


def test_pins_are_those_of_the_python_verifier() -> None:
    made = toy(128, 512)
    pins = toy_pins(made.key, made.parameters)
    chain, facts = made.contracts.chain, made.contracts.made[deploy.FACTS]
    answer = chain.read(facts, call_data("pins()", [], []))
    types = ["bytes32", "bytes32", "bytes", "bytes", "bytes8"]
    root = pins.fixed_root.ljust(32, b"\0")
    expected = (pins.circuit, root, pins.parameters, pins.shape, deploy.class_name("TOY"))
    assert decode(types, answer.data) == expected
    said = chain.read(facts, call_data("factOf(bytes32)", ["bytes32"], [keccak256(made.statement)]))
    shape = shape_of(made.instance.circuit, made.parameters)
    assert said.data == fact(made.key, shape, made.statement)
