"""T1 to T13: what is not bound by the transcript can be chosen after the challenges."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from circuits.air.circuit import Circuit
from circuits.air.graph import Constraint, Graph, Interaction, Scope
from circuits.pcs.transcript import Transcript
from circuits.stark import prover
from circuits.stark.batched import Opened
from circuits.stark.binding import bind_statement
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.proof import encode, encoded_length
from circuits.stark.queries import check_queries
from circuits.stark.shape import shape_of
from circuits.stark.verifier import verify
from rollup.field import extension
from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES
from tests.helpers import circuits as small
from tests.helpers.circuits import small_instance
from tests.helpers.claims import by_formula
from tests.helpers.malice import (
    HEIGHTS,
    Deaf,
    an_instance,
    challenges,
    deaf,
    decoded,
    false_instance,
    hearing,
    honest_proof,
    judge,
    key_of,
    opened,
    prove,
    quotient_gap,
    reckless,
    refusal,
    shape,
    skip_balance,
    with_final_through_the_queries,
)

LABELS = (
    "parameters",
    "circuit",
    "public-digest",
    "heights",
    "fixed-root",
    "public-values",
    "public-messages",
    "main-root",
    "terminals",
    "lookup-root",
    "quotient-root",
    "opened-here",
    "opened-after",
    "opened-chunks",
    "batch-nonce",
    "layer-root",
    "fold-nonce",
    "final-polynomial",
    "query-nonce",
)

LATER = (Failure.GRINDING, Failure.MERKLE_PATH, Failure.FOLD, Failure.FINAL_POLYNOMIAL)
"""How a proof fails whose challenges are others from the batch on: by the work, or after."""


def test_t1_opened_values_not_absorbed_before_the_batch_challenge(monkeypatch) -> None:
    """Knowing beta, two chunk openings are shifted so that the batch stays and the lie fits."""
    reckless(monkeypatch)
    lie = false_instance()
    deaf(monkeypatch, "opened-chunks")
    proof, known = decoded(prove(lie)), challenges()
    gap = quotient_gap(lie, proof, known)
    assert gap != extension.ZERO
    step = extension.power(known.zeta, shape().chunk_coefficients)
    ratio = extension.multiply(step, extension.inverse(known.batch))
    first = extension.multiply(gap, extension.inverse(extension.subtract(extension.ONE, ratio)))
    second = extension.negate(extension.multiply(first, extension.inverse(known.batch)))
    chunks = [*proof.chunks]
    chunks[0] = extension.add(chunks[0], first)
    chunks[1] = extension.add(chunks[1], second)
    forged = encode(replace(proof, chunks=tuple(chunks)))
    judge(lie, forged)  # a verifier with the hole accepts a false statement
    hearing(monkeypatch)
    assert refusal(lie, forged) in LATER


def test_t2_terminals_not_absorbed_before_the_constraint_challenge(monkeypatch) -> None:
    """Knowing zeta, both terminals are chosen: they balance, and the quotient does not notice."""
    skip_balance(monkeypatch)
    lie = an_instance()
    lie.traces[1][3, 0] += 1  # a square is served once more than it is asked for
    deaf(monkeypatch, "terminals")
    proof, known = decoded(prove(lie)), challenges()
    assert quotient_gap(lie, proof, known) == extension.ZERO
    missing = extension.negate(prover.balance(known.lookup, lie.messages, proof.terminals))
    weights = []
    for number in (0, 1):
        moved = list(proof.terminals)
        moved[number] = extension.add(moved[number], extension.ONE)
        weights.append(quotient_gap(lie, replace(proof, terminals=tuple(moved)), known))
    # a + b = missing and w0 a + w1 b = 0.
    spread = extension.subtract(weights[1], weights[0])
    a = extension.multiply(extension.multiply(weights[1], missing), extension.inverse(spread))
    b = extension.subtract(missing, a)
    terminals = tuple(extension.add(t, s) for t, s in zip(proof.terminals, (a, b), strict=True))
    forged = encode(replace(proof, terminals=terminals))
    judge(lie, forged)
    hearing(monkeypatch)
    assert refusal(lie, forged) is Failure.CONSTRAINTS


def test_t3_public_values_partially_absorbed() -> None:
    """Every byte of the digest, every element of the public input and every number of a public
    message moves the state."""
    instance = an_instance()

    def state(
        publics=instance.publics, messages=instance.messages, about=instance.statement_digest
    ) -> bytes:
        digest = instance.circuit.digest
        return bind_statement(shape(), digest, bytes(32), about, publics, messages).state

    states = {state()}
    for place in range(DIGEST_BYTES):
        about = bytearray(instance.statement_digest)
        about[place] ^= 1
        states.add(state(about=bytes(about)))
    for place in range(len(instance.publics)):
        changed = list(instance.publics)
        changed[place] = (changed[place] + 1) % P
        states.add(state(publics=tuple(changed)))
    first, *rest = instance.messages
    variants = [replace(first, count=2), replace(first, sign=-1)]
    for place in range(len(first.payload)):
        payload = list(first.payload)
        payload[place] += 1
        variants.append(replace(first, payload=tuple(payload)))
    for variant in variants:
        states.add(state(messages=(variant, *rest)))
    states |= {state(messages=()), state(messages=tuple(rest)), state(messages=(*rest, first))}
    assert len(states) == 1 + DIGEST_BYTES + len(instance.publics) + len(variants) + 3


@pytest.mark.parametrize("label", LABELS)
def test_t3_t5_a_prover_whose_transcript_lacks_one_step_is_refused(monkeypatch, label) -> None:
    instance = an_instance()
    deaf(monkeypatch, label)
    proof = prove(instance)
    judge(instance, proof)  # prover and verifier without that step agree
    hearing(monkeypatch)
    refusal(instance, proof)


def edits(graph: Graph) -> Iterator[Graph]:
    """The graph with one thing changed that the proof system reads."""
    first, *rest = graph.constraints or (None,)
    if first is not None:
        yield replace(graph, constraints=tuple(rest))
        other = Scope.ALL if first.scope is not Scope.ALL else Scope.TRANSITION
        yield replace(graph, constraints=(Constraint(first.node, other, first.claim), *rest))
        yield replace(graph, constraints=(Constraint(0, first.scope, first.claim), *rest))
    message, *others = graph.interactions
    yield replace(graph, interactions=tuple(others))
    for changed in (
        Interaction(message.bus + 1, message.sign, message.payload, message.count, message.claim),
        Interaction(message.bus, -message.sign, message.payload, message.count, message.claim),
        Interaction(message.bus, message.sign, message.payload[::-1], message.count, "x.y"),
        Interaction(message.bus, message.sign, message.payload, message.payload[0], message.claim),
    ):
        yield replace(graph, interactions=(changed, *others))
    yield replace(graph, fixed_width=graph.fixed_width + 1)
    yield replace(graph, width=graph.width + 1)
    yield replace(graph, fractions=graph.fractions[::-1] + graph.fractions[:1])
    yield replace(graph, table=graph.table + "x")


def test_t4_constraints_messages_widths_and_order_of_tables_are_in_the_digest() -> None:
    circuit = an_instance().circuit
    digests = {circuit.digest}
    tried = 0
    for number, placed in enumerate(circuit.tables):
        for graph in edits(placed.graph):
            tables = list(circuit.tables)
            tables[number] = replace(placed, graph=graph)
            digests.add(Circuit(tuple(tables), circuit.publics, circuit.buses).digest)
            tried += 1
    digests.add(Circuit(circuit.tables[::-1], circuit.publics, circuit.buses).digest)
    digests.add(Circuit(circuit.tables, circuit.publics, circuit.buses[::-1]).digest)
    assert len(digests) == tried + 3 and tried > 15


def test_t4_a_prover_of_a_circuit_without_a_constraint_is_refused() -> None:
    """The whole proof of the weaker circuit is in order; it is of another circuit."""
    lie = false_instance()
    steps, squares = lie.circuit.tables
    kept = tuple(c for c in steps.graph.constraints if c.claim != "steps.cube")
    weaker = replace(steps, graph=replace(steps.graph, constraints=kept))
    circuit = Circuit((weaker, squares), lie.circuit.publics, lie.circuit.buses)
    weak = replace(lie, circuit=circuit)
    proof = prove(weak)
    key = generate_key(circuit, [INSECURE_TEST])
    verify(circuit, key, *lie.known, INSECURE_TEST, proof)
    refusal(lie, proof)
    with pytest.raises(VerificationError) as caught:
        verify(circuit, key_of(), *lie.known, INSECURE_TEST, proof)
    assert caught.value.reason is Failure.WRONG_KEY


def test_t6_heights_absorbed_or_checked_only_mod_p() -> None:
    """Heights come from the circuit and are bound as logarithms; which table has which is in its
    digest; a proof has no say in them."""
    instance = an_instance()
    digest = instance.circuit.digest
    states, digests = set(), set()
    for heights in ((512, 512), (512, 1024), (1024, 512), (1024, 1024)):
        circuit = small_instance(*heights, INSECURE_TEST.blinded_rows).circuit
        other = shape_of(circuit, INSECURE_TEST)
        states.add(bind_statement(other, digest, bytes(32), bytes(32), instance.publics, ()).state)
        digests.add(circuit.digest)
        assert circuit.digest == digest or heights != HEIGHTS
    assert len(states) == 3
    assert len(digests) == 4
    taller = small_instance(512, 2048, INSECURE_TEST.blinded_rows)
    assert refusal(taller, prove(taller)) is Failure.MALFORMED


def test_t7_row_counts_are_not_in_a_proof() -> None:
    """All rows are of the shape: a witness that uses fewer gives a proof of the same bytes."""
    assert len(honest_proof()) == encoded_length(shape())
    assert len(prove(an_instance(seed=5))) == len(honest_proof())


def test_t8_one_byte_string_for_one_meaning() -> None:
    """Bytes only: no packing of several fields. Where label and data meet is marked by a length."""
    states = set()
    for label, data in (("ab", b"c"), ("a", b"bc"), ("abc", b""), ("a", b"b"), ("a", b"bc\x00")):
        transcript = Transcript("test")
        transcript.absorb(label, data)
        states.add(transcript.state)
    assert len(states) == 5


def test_t9_absorbing_keeps_what_was_absorbed_before() -> None:
    one, other = Transcript("test"), Transcript("test")
    one.absorb("a", b"1")
    other.absorb("a", b"2")
    for transcript in (one, other):
        for _ in range(10):
            transcript.absorb("b", bytes(200))
    assert one.state != other.state


def test_t10_biased_index_sampling() -> None:
    """2^k positions from the low k bits of 64: every residue comes equally often."""
    drawn = Transcript("test").indices("i", 4, 32_000)
    counts = [drawn.count(value) for value in range(16)]
    assert sum((count - 2000) ** 2 / 2000 for count in counts) < 45  # chi^2, 15 degrees: 1e-4


def test_t11_openings_not_bound_to_the_committed_root() -> None:
    """Rows of another trace, with paths of their own, under the root that was absorbed."""
    mine, theirs = decoded(honest_proof()), decoded(prove(an_instance(seed=9)))
    for swapped in (
        replace(mine, queries=theirs.queries),
        replace(mine, tops=theirs.tops),
        replace(mine, queries=theirs.queries, tops=theirs.tops),
    ):
        assert refusal(an_instance(), encode(swapped)) is Failure.MERKLE_PATH


def test_t12_positions_known_before_the_final_polynomial(monkeypatch) -> None:
    """Knowing the positions, a final polynomial is laid through garbage at just these."""
    reckless(monkeypatch)
    lie = false_instance()
    deaf(monkeypatch, "final-polynomial")
    opening = prover.open_columns

    def lying(shape, phases, zeta) -> Opened:
        found = opening(shape, phases, zeta)
        seen = Deaf.latest.drawn  # type: ignore[attr-defined]
        assert seen["zeta"][-1] == zeta
        part = opened(terminals[0], found.here, found.after, found.chunks)
        gap = quotient_gap(lie, part, challenges())
        chunks = (extension.add(found.chunks[0], gap), *found.chunks[1:])
        return replace(found, chunks=chunks)

    terminals = []
    columns = prover._Session._lookup_columns

    def remember(session, main, constants):
        result = columns(session, main, constants)
        terminals.append(result[1])
        return result

    monkeypatch.setattr(prover, "open_columns", lying)
    by_formula(monkeypatch)
    monkeypatch.setattr(prover._Session, "_lookup_columns", remember)
    proof = decoded(prove(lie))
    forged = encode(with_final_through_the_queries(proof, challenges()))
    judge(lie, forged)
    hearing(monkeypatch)
    assert refusal(lie, forged) in LATER


def test_t12_positions_follow_from_the_last_message_of_the_prover(monkeypatch) -> None:
    deaf(monkeypatch)
    seen = []
    for _ in range(2):
        prove(an_instance())
        seen.append(challenges().indices)
    assert seen[0] != seen[1]


def test_t13_fixed_columns_of_the_provers_choice() -> None:
    """A square that is none, in a table of its own: the root of the fixed columns is pinned."""
    honest = small.squares_fixed
    lie = an_instance()
    root = int(lie.traces[0][5, 3])
    false = root * root + 1

    def bent(height: int):
        values = dict(honest(height))
        squares = list(values["square"])
        squares[root] = false
        return {**values, "square": squares}

    lie.traces[0][lie.traces[0][:, 3] == root, 4] = false
    table = replace(small.SQUARES_TABLE, fixed_values=bent)
    tables = [(small.STEPS, HEIGHTS[0]), (table, HEIGHTS[1])]
    own = Circuit.build(tables, small.PUBLICS, (small.SQUARE, small.NOTE))
    assert own.digest == lie.circuit.digest
    forged = prove(replace(lie, circuit=own))
    verify(own, generate_key(own, [INSECURE_TEST]), *lie.known, INSECURE_TEST, forged)
    assert refusal(lie, forged)


def test_t13_the_pinned_root_is_what_openings_are_checked_against() -> None:
    """The step of the queries takes its root from the key, not from the proof."""
    assert not hasattr(decoded(honest_proof()), "fixed_root")
    assert check_queries.__code__.co_varnames[2] == "fixed_root"
