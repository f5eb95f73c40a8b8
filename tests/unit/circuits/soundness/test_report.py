"""The calculator against figures that were computed independently of it, by another program."""

from dataclasses import replace
from fractions import Fraction
from math import log2

import pytest

from circuits.soundness import errors
from circuits.soundness.bounds import BCHKS25, DKT26
from circuits.soundness.counts import Counts
from circuits.soundness.report import (
    M_MIN,
    InsecureParameters,
    at,
    best,
    evaluate,
    require_bits,
    round_down,
)
from circuits.stark.parameters import BALANCED, EVM, FAST, INSECURE_TEST, Parameters, fold_count

OLD_FAST = replace(FAST, name="A4", queries=82, grinding_batch=12, grinding_fold=8)
"""The set that the corrections replaced: too weak at 2^22."""


def counts(
    parameters: Parameters,
    log2_height: int,
    batched: int = 1_500,
    constraints: int = 2_000,
    groups: int = 12,
) -> Counts:
    """The circuit that the notes assume, unless said otherwise."""
    return Counts(
        height=1 << log2_height,
        log2_blowup=parameters.log2_blowup,
        queries=parameters.queries,
        grinding_query=parameters.grinding_query,
        grinding_batch=parameters.grinding_batch,
        grinding_fold=parameters.grinding_fold,
        groups=groups,
        constraints=constraints,
        batched=batched,
        messages=60 << 20,
        fingerprint_power=16,
        folds=fold_count(log2_height),
    )


@pytest.mark.parametrize(
    ("parameters", "log2_height", "batched", "constraints", "groups", "bits"),
    [
        (OLD_FAST, 20, 1_500, 2_000, 12, 101.2),
        (OLD_FAST, 22, 1_500, 2_000, 12, 100.9),
        (OLD_FAST, 22, 5_000, 2_000, 12, 100.7),
        (OLD_FAST, 18, 3_800, 5_000, 14, 101.2),
        (OLD_FAST, 20, 3_800, 5_000, 14, 101.0),
        (OLD_FAST, 22, 3_800, 5_000, 14, 100.7),
        (FAST, 22, 3_800, 5_000, 14, 102.1),
        (BALANCED, 21, 1_500, 2_000, 12, 101.5),
        (BALANCED, 21, 3_800, 5_000, 14, 101.4),
        (EVM, 19, 400, 2_000, 12, 103.0),
        (EVM, 19, 3_800, 5_000, 14, 102.8),
    ],
)
def test_the_reference_bound_gives_the_published_figures(
    parameters: Parameters,
    log2_height: int,
    batched: int,
    constraints: int,
    groups: int,
    bits: float,
) -> None:
    found = best(BCHKS25, counts(parameters, log2_height, batched, constraints, groups))
    assert found.bits == pytest.approx(bits, abs=0.05)


@pytest.mark.parametrize(
    ("parameters", "log2_height", "batched", "bits"),
    [(OLD_FAST, 20, 1_500, 101.9), (BALANCED, 21, 1_500, 102.4), (EVM, 19, 400, 103.45)],
)
def test_the_newer_bound_gives_the_published_figures(
    parameters: Parameters, log2_height: int, batched: int, bits: float
) -> None:
    assert best(DKT26, counts(parameters, log2_height, batched)).bits == pytest.approx(
        bits, abs=0.05
    )


def test_the_sum_of_all_rounds_of_the_fast_set_is_above_the_bar_at_its_largest() -> None:
    assert best(BCHKS25, counts(FAST, 22, 3_800, 5_000, 14)).total_bits == pytest.approx(
        101.0, abs=0.05
    )
    assert best(BCHKS25, counts(OLD_FAST, 22)).total_bits < 100


def test_the_quoted_m_of_the_balanced_set_is_as_good_as_the_best() -> None:
    found = best(BCHKS25, counts(BALANCED, 21))
    assert at(BCHKS25, counts(BALANCED, 21), 46).bits <= found.bits


@pytest.mark.parametrize("bound", [BCHKS25, DKT26], ids=lambda bound: bound.name)
@pytest.mark.parametrize("parameters", [FAST, BALANCED, EVM, INSECURE_TEST], ids=lambda p: p.name)
def test_no_other_m_is_better_than_the_best(bound, parameters) -> None:  # type: ignore[no-untyped-def]
    sizes = counts(parameters, 18)
    found = best(bound, sizes)
    assert found.bits >= max(at(bound, sizes, m).bits for m in range(M_MIN, 1_500))


def test_each_term_is_the_formula_evaluated_exactly() -> None:
    """BCHKS25 and the rounds in rational numbers, at rate 1/4, whose square root is rational."""
    sizes, m = counts(FAST, 20), 60
    field, root, rate = Fraction(sizes.field_size), Fraction(1, 2), Fraction(1, 4)
    half = m + Fraction(1, 2)
    gamma = 1 - root * (1 + Fraction(1, 2 * m))
    line = (
        (2 * half**5 + 3 * half * gamma * rate) * sizes.domain / (3 * rate * root) + half / root
    ) / field
    size = half / root
    k, n = sizes.height, sizes.domain
    exact = {
        "lookup": size * sizes.messages * 18 / field,
        "constraint batching": size * 2_000 / field,
        "out of domain": 12 * size * (3 * (k + 1) + k - 1) / (field - k - n),
        "batching": line * 1_499 / 2**16,
        "fold 1": line * 7 / 2**10,
        "queries": (root + root / (2 * m)) ** 83 / 2**20,
    }
    found = at(BCHKS25, sizes, m)
    for name, error in exact.items():
        assert found.bits_of(name) == pytest.approx(-log2(error), abs=1e-9), name
    newer = Fraction(8 * n) * half**3 / (3 * Fraction(k - 1, n)) / field
    assert DKT26.line_error(sizes, m) == pytest.approx(float(newer), rel=1e-12)


def test_every_count_that_grows_costs_bits() -> None:
    sizes, m = counts(FAST, 20), 60
    for member, term in (
        ("messages", errors.lookup),
        ("fingerprint_power", errors.lookup),
        ("constraints", errors.constraint_batching),
        ("groups", errors.out_of_domain),
        ("height", errors.out_of_domain),
    ):
        larger = replace(sizes, **{member: 2 * getattr(sizes, member)})
        assert term(larger, m) > term(sizes, m), member
    assert errors.batching(replace(sizes, batched=3_000), 1e-40) > errors.batching(sizes, 1e-40)
    assert errors.query(replace(sizes, queries=82), m) > errors.query(sizes, m)


def test_folds_are_charged_for_the_code_before_each_fold() -> None:
    found = at(BCHKS25, counts(FAST, 20), 60)
    assert found.bits_of("fold 2") - found.bits_of("fold 1") == pytest.approx(3, abs=0.01)


def test_a_set_under_the_bar_is_refused_with_its_bits() -> None:
    weak = evaluate("weak", counts(INSECURE_TEST, 12))
    assert weak.bits < 20
    with pytest.raises(InsecureParameters, match=r"weak proves .* bits .* 100 are required"):
        require_bits(weak)
    with pytest.raises(InsecureParameters, match="no proven bound"):
        evaluate("tiny", counts(replace(FAST, log2_blowup=0), 12))


def test_printed_bits_are_never_rounded_up() -> None:
    assert round_down(99.99) == 99.9
    record = evaluate("fast", counts(FAST, 22)).to_record()
    assert record["bits"] == 102.2
