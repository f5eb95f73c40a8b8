"""With rows kept and with rows made anew, a prover makes the same bytes."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.stark import committed
from circuits.stark.committed import COSETS_REMADE, Columns, commit_fixed
from circuits.stark.key import VerificationKey
from circuits.stark.parameters import (
    BALANCED,
    FAST,
    INSECURE_TEST,
    L1,
    L1_TALL,
    Parameters,
)
from circuits.stark.prover import Prover
from circuits.stark.shape import shape_of
from circuits.stark.stacks import TRACE_PHASES, Phase
from circuits.stark.verifier import verify
from rollup.field.koalabear import P
from tests.helpers.circuits import Instance, lonely_instance, small_circuit, small_instance
from tests.helpers.phases import Phases, point_of, random_phases, word_at

SEED = bytes(range(32))

WIDE = replace(INSECURE_TEST, name="wide", log2_blowup=5)
"""More cosets than are made again for the queries."""

SHORT = replace(WIDE, name="short digests", digest_bytes=26)

QUICK = {
    each.name: replace(each, grinding_query=4, grinding_batch=3, grinding_fold=2)
    for each in (FAST, BALANCED, L1, L1_TALL)
}
"""The sets of the design, without the search for nonces."""

CASES = [
    (INSECURE_TEST, (512, 1024)),
    (INSECURE_TEST, (1024, 512)),
    (INSECURE_TEST, (512, 512)),
    (INSECURE_TEST, (128, 4096)),
    (WIDE, (256, 2048)),
    (SHORT, (1024, 512)),
    (SHORT, (512, 512)),
    (QUICK["fast"], (1024, 2048)),
    (QUICK["balanced"], (2048, 1024)),
    (QUICK["l1"], (512, 2048)),
    (QUICK["l1-tall"], (512, 1024)),
]


def proof_of(instance: Instance, parameters: Parameters, *, low_memory: bool) -> bytes:
    """A seeded proof, which the verifier has accepted."""
    prover = Prover(instance.circuit, parameters, low_memory=low_memory)
    made = prover.prove(instance.traces, *instance.known, insecure_seed_for_tests=SEED).proof
    key = VerificationKey(instance.circuit.digest, {parameters.name: prover.fixed_root})
    verify(instance.circuit, key, *instance.known, parameters, made)
    return made


@pytest.mark.parametrize(
    ("parameters", "heights"), CASES, ids=[f"{p.name}-{a}-{b}" for p, (a, b) in CASES]
)
def test_the_same_seed_has_the_same_bytes(parameters: Parameters, heights: tuple[int, int]) -> None:
    instance = small_instance(*heights, parameters.blinded_rows)
    kept, remade = (proof_of(instance, parameters, low_memory=low) for low in (False, True))
    assert kept == remade


def test_a_table_alone_has_the_same_bytes_too() -> None:
    instance = lonely_instance(256, SHORT.blinded_rows)
    assert proof_of(instance, SHORT, low_memory=False) == proof_of(instance, SHORT, low_memory=True)


@pytest.mark.parametrize(
    ("parameters", "kept"), [(FAST, True), (BALANCED, False), (L1, False), (L1_TALL, False)]
)
def test_rows_are_kept_where_the_domain_is_small(
    parameters: Parameters, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def heard(circuit: object, parameters: object, *, resident: bool) -> None:
        asked.append(resident)

    monkeypatch.setattr("circuits.stark.prover.commit_fixed", heard)
    for low_memory in (None, True, False):
        Prover(small_circuit(1024, 1024), parameters, low_memory=low_memory)
    assert asked == [kept, False, True]


def test_rows_are_kept_or_not_as_asked() -> None:
    circuit = small_circuit(512, 1024)
    kept, remade = (
        commit_fixed(circuit, WIDE, resident=resident).committed for resident in (True, False)
    )
    assert kept.columns.extended is not None
    assert remade.columns.extended is None
    assert kept.tree.root == remade.tree.root
    for coset in (0, 5, WIDE.blowup - 1):
        assert np.array_equal(kept.columns.rows(coset), remade.columns.rows(coset))


# The rows that queries open.


@pytest.fixture(scope="module", params=[(256, 256), (256, 512), (256, 2048)])
def phases(request: pytest.FixtureRequest) -> tuple[Phases, Phases]:
    """Random phases at 32 cosets, kept and not."""
    shape = shape_of(small_circuit(*request.param), SHORT)
    return random_phases(shape, resident=True), random_phases(shape, resident=False)


def test_rows_weighed_are_rows_remade_and_rows_kept(
    phases: tuple[Phases, Phases], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, low = phases
    blowup, size = SHORT.blowup, 1 << kept.shape.log2_domain
    assert blowup > COSETS_REMADE
    indices = [0, 1, blowup + 1, 1, 7 * blowup + 30, size - 1, size // 2]
    for phase in Phase:
        wanted = kept.committed[phase].open(indices)
        assert low.committed[phase].open(indices) == wanted
        with monkeypatch.context() as patch:
            patch.setattr(committed, "COSETS_REMADE", blowup)
            patch.setattr(Columns, "_weighed", None)
            assert low.committed[phase].open(indices) == wanted


def test_rows_are_the_stacks_at_their_points(phases: tuple[Phases, Phases]) -> None:
    """Rows that are hashed, and rows that are opened, against the definition of the stacks."""
    _, low = phases
    shape, blowup = low.shape, SHORT.blowup
    indices = [3, blowup * 100 + 17]
    for phase in Phase:
        words, width = low.words(phase), shape.row_width(phase)
        for index, opening in zip(indices, low.committed[phase].open(indices), strict=True):
            x = point_of(shape, index)
            assert list(opening.row) == [word_at(word, x) for word in words]
            hashed = low.committed[phase].columns.rows(index % blowup)
            assert hashed[index // blowup, :width].tolist() == list(opening.row)


def test_values_of_a_group_are_those_on_its_own_coset(phases: tuple[Phases, Phases]) -> None:
    """What the quotient is made of, with values kept and made anew."""
    kept, low = phases
    shape = kept.shape
    for phase in TRACE_PHASES:
        for group in shape.groups:
            column = group.widths[phase] - 1
            word = low.column(phase, group.number, column)
            place = low.committed[phase].columns.places(group.number)[column]
            for coset in (0, 2):
                found = [
                    each.committed[phase].columns.values(group.number, coset)
                    for each in (kept, low)
                ]
                assert np.array_equal(*found)
                x = pow(point_of(shape, coset + 5 * SHORT.blowup), shape.places(group.number), P)
                assert int(found[1][0, 5, place]) == word_at(word, x)
