"""S10 and S11: cut digests, and proofs of another version."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from circuits.pcs import merkle
from circuits.pcs.merkle_verify import DIGEST_BYTES_MIN, leaf_digest
from circuits.soundness.report import InsecureParameters, require_secure
from circuits.stark import parameters, prover, queries
from circuits.stark import proof as proof_bytes
from circuits.stark.batched import Opened
from circuits.stark.errors import Failure
from circuits.stark.parameters import FAST, INSECURE_TEST, PARAMETER_SETS
from circuits.stark.proof import VERSION_BYTES, Opening, Query, encode, tree_depth
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from tests.helpers.circuits import small_circuit
from tests.helpers.claims import (
    CUBE,
    SHORT,
    fitting,
    place_of,
    verdict,
    with_tree,
)
from tests.helpers.malice import (
    an_instance,
    decoded,
    false_instance,
    honest_proof,
    judge,
    prove,
    reckless,
    refusal,
)

# S10: digests and versions.


def passing_off(monkeypatch: pytest.MonkeyPatch, tries: int) -> None:
    """From now on the random polynomial is opened, at the queried positions, as whatever makes up
    for wrong opened values; a salt is sought under which its leaf keeps its digest."""
    opening, open_queries, batch = prover.open_columns, prover.open_queries, prover.batch
    known: dict[str, Any] = {}

    def opened(shape: Shape, phases: Any, zeta: Element) -> Opened:
        known["claims"] = opening(shape, phases, zeta)
        return known["claims"]

    def batched(shape: Shape, phases: Any, zeta: Element, beta: Element) -> Any:
        known["challenges"] = queries.Challenges(zeta, beta, (), ())
        known["values"] = batch(shape, phases, zeta, beta)
        return known["values"]

    def queried(shape: Shape, phases: Any, trees: Any, indices: Sequence[int]) -> Any:
        honest = open_queries(shape, phases, trees, indices)
        combiner = queries._Combiner(shape, known["claims"], known["challenges"])
        forged = []
        for index, query in zip(indices, honest, strict=True):
            wanted = tuple(known["values"][:, index].tolist())
            rest = extension.subtract(wanted, combiner.combine(index, query.trees))
            forged.append(made_up(shape, query, rest, tries))
        return tuple(forged)

    monkeypatch.setattr(prover, "open_columns", opened)
    monkeypatch.setattr(prover, "batch", batched)
    monkeypatch.setattr(prover, "open_queries", queried)


def made_up(shape: Shape, query: Query, rest: Element, tries: int) -> Query:
    """A query with `rest` added to the random polynomial, and the salt that fits best."""
    own = query.trees[Phase.QUOTIENT]
    last = extension.add(own.row[-DEGREE:], rest)  # type: ignore[arg-type]
    row, depth = (*own.row[:-DEGREE], *last), tree_depth(shape, None)
    size = shape.parameters.digest_bytes
    wanted = leaf_digest(depth, own.row, own.salt, size)
    salts = (number.to_bytes(16, "little") for number in range(tries))
    salt = next((s for s in salts if leaf_digest(depth, row, s, size) == wanted), own.salt)
    return replace(query, trees=(*query.trees[:-1], Opening(row, salt, own.path)))


def test_s10_short_digests_let_rows_be_chosen_after_the_positions(monkeypatch) -> None:
    """With digests of one byte a false statement passes: a row with the same digest is found."""
    lie = false_instance()
    reckless(monkeypatch)
    fitting(
        monkeypatch,
        lie,
        lambda shape, _: {place_of(shape, Phase.MAIN, SHORT, CUBE): extension.ONE},
    )
    passing_off(monkeypatch, 1 << 13)
    with monkeypatch.context() as patched:
        patched.setattr(merkle, "_LANES", 1 << 30)  # every node by the reference: kernels cut less
        one_byte = replace(INSECURE_TEST, name="one-byte", digest_bytes=1)
        assert verdict(lie, prove(lie, one_byte), one_byte) is None
    assert verdict(lie, prove(lie)) is Failure.MERKLE_PATH


def test_s10_digests_under_26_bytes_are_refused() -> None:
    assert DIGEST_BYTES_MIN == 26
    assert all(each.digest_bytes >= DIGEST_BYTES_MIN for each in PARAMETER_SETS.values())
    circuit = small_circuit(1024, 1024)
    assert require_secure(shape_of(circuit, replace(FAST, digest_bytes=26)), 1).bits >= 100
    for short in (25, 24, 16, 1, 0):
        with pytest.raises(InsecureParameters):
            require_secure(shape_of(circuit, replace(FAST, digest_bytes=short)), 1)


def test_s10_digests_of_another_length() -> None:
    """Cut, or filled up again, a digest is not what the set asks for."""
    instance = an_instance()
    short = replace(INSECURE_TEST, digest_bytes=26)
    assert verdict(instance, prove(instance, short), short) is None
    assert refusal(instance, prove(instance, short)) is Failure.MALFORMED
    proof = decoded(honest_proof())

    def cut(digest: bytes) -> bytes:
        return digest[:26].ljust(32, b"\0")

    roots = {name: cut(getattr(proof, name)) for name in ("main_root", "quotient_root")}
    assert refusal(instance, encode(replace(proof, **roots)))
    tops = tuple(tuple(cut(digest) for digest in top) for top in proof.tops)
    assert refusal(instance, encode(replace(proof, tops=tops))) is Failure.MERKLE_PATH
    own = proof.queries[0].trees[Phase.MAIN]
    for path in ((*own.path[:-1], cut(own.path[-1])), (own.path[-1][:26], *own.path[1:])):
        bent = encode(with_tree(proof, 0, Phase.MAIN, replace(own, path=path)))
        assert refusal(instance, bent) in (Failure.MERKLE_PATH, Failure.MALFORMED)


def test_s11_a_proof_of_version_2(monkeypatch) -> None:
    """Refused by its first bytes; and, labelled as one of ours, by its transcript."""
    instance, version = an_instance(), (2).to_bytes(4, "little")
    bare = honest_proof()[len(VERSION_BYTES) :]
    for other in (bare, version + bare, b"", VERSION_BYTES[:3], (4).to_bytes(4, "little") + bare):
        assert refusal(instance, other) is Failure.PROTOCOL_VERSION
    with monkeypatch.context() as patched:
        patched.setattr(parameters, "PROTOCOL_VERSION", 2)
        patched.setattr(proof_bytes, "VERSION_BYTES", version)
        old = prove(instance)
        judge(instance, old)
    assert old[: len(version)] == version
    assert refusal(instance, old) is Failure.PROTOCOL_VERSION
    assert refusal(instance, VERSION_BYTES + old[len(version) :]) is Failure.UNBALANCED_BUSES
