"""The calculator against figures that were computed independently of it, by another program."""

from dataclasses import replace
from fractions import Fraction
from math import log2

import pytest

from circuits.soundness import errors
from circuits.soundness.bounds import BCHKS25, DKT26, list_size
from circuits.soundness.counts import Counts
from circuits.soundness.report import (
    M_MIN,
    Evaluation,
    InsecureParameters,
    at,
    best,
    evaluate,
    hash_bits,
    require_bits,
    round_down,
)
from circuits.stark.parameters import BALANCED, FAST, INSECURE_TEST, Parameters, fold_count
from rollup.field.koalabear import P

OLD_FAST = replace(FAST, name="A4", queries=82, grinding_batch=12, grinding_fold=8)
"""The set that the corrections replaced: too weak at 2^22."""

THIRTY_SECOND = Parameters("1/32", 5, 31, 26, 16, 10)
L1 = Parameters("l1", 6, 25, 27, 20, 14)
L1_BEFORE = replace(L1, name="l1 before", grinding_query=26, grinding_batch=18, grinding_fold=12)
"""What the check of the stacks replaced: 100 bits in every round, and not over all rounds."""


def counts(
    parameters: Parameters,
    log2_height: int,
    batched: int = 1_500,
    constraints: int = 2_000,
) -> Counts:
    """The circuit that the notes assume, unless said otherwise."""
    return Counts(
        height=1 << log2_height,
        log2_blowup=parameters.log2_blowup,
        queries=parameters.queries,
        grinding_query=parameters.grinding_query,
        grinding_batch=parameters.grinding_batch,
        grinding_fold=parameters.grinding_fold,
        blinded_rows=parameters.blinded_rows,
        digest_bytes=32,
        largest_stack=1 << 10,
        constraints=constraints,
        batched=batched,
        messages=60 << 20,
        fingerprint_power=16,
        folds=fold_count(log2_height),
    )


def stacked(shape_class: str, parameters: Parameters, digest_bytes: int) -> Counts:
    """The counts of the classes S and M of the day on which the figures were computed."""
    heights, stacks, below, constraints, messages, largest = {
        "S": (15, 314, 17, 951, 756_736, 32),
        "M": (17, 347, 30, 959, 2_362_368, 128),
    }[shape_class]
    sizes = counts(parameters, heights, 2 * (stacks + 3) + below + 1, constraints)
    return replace(
        sizes,
        digest_bytes=digest_bytes,
        largest_stack=largest,
        messages=messages + 256,
        fingerprint_power=36,
    )


@pytest.mark.parametrize(
    ("parameters", "log2_height", "batched", "constraints", "bits"),
    [
        (OLD_FAST, 20, 1_500, 2_000, 101.2),
        (OLD_FAST, 22, 1_500, 2_000, 100.9),
        (OLD_FAST, 22, 5_000, 2_000, 100.7),
        (OLD_FAST, 18, 3_800, 5_000, 101.2),
        (OLD_FAST, 20, 3_800, 5_000, 101.0),
        (OLD_FAST, 22, 3_800, 5_000, 100.7),
        (FAST, 22, 3_800, 5_000, 102.1),
        (BALANCED, 21, 1_500, 2_000, 101.5),
        (BALANCED, 21, 3_800, 5_000, 101.4),
        (THIRTY_SECOND, 19, 400, 2_000, 103.0),
        (THIRTY_SECOND, 19, 3_800, 5_000, 102.8),
    ],
)
def test_the_reference_bound_gives_the_published_figures(
    parameters: Parameters, log2_height: int, batched: int, constraints: int, bits: float
) -> None:
    found = best(BCHKS25, counts(parameters, log2_height, batched, constraints))
    assert found.bits == pytest.approx(bits, abs=0.05)


@pytest.mark.parametrize(
    ("parameters", "digest_bytes", "shape_class", "bits", "summed", "m"),
    [
        (FAST, 32, "S", 102.75, 101.3, 236),
        (FAST, 32, "M", 102.66, 101.2, 176),
        (BALANCED, 32, "S", 102.12, 101.0, 104),
        (BALANCED, 32, "M", 101.99, 100.9, 78),
        (L1_BEFORE, 26, "S", 100.82, 99.4, 101),
        (L1_BEFORE, 26, "M", 100.76, 99.4, 75),
        (L1, 26, "S", 101.84, 100.4, 116),
        (L1, 26, "M", 101.79, 100.4, 86),
        (replace(THIRTY_SECOND, queries=30), 26, "M", 100.73, 99.3, 81),
        (THIRTY_SECOND, 26, "M", 103.12, 101.7, None),
    ],
)
def test_stacks_have_the_figures_of_their_check(
    parameters: Parameters,
    digest_bytes: int,
    shape_class: str,
    bits: float,
    summed: float,
    m: int | None,
) -> None:
    found = best(BCHKS25, stacked(shape_class, parameters, digest_bytes))
    assert found.bits == pytest.approx(bits, abs=0.01)
    assert found.total_bits == pytest.approx(summed, abs=0.06)
    assert m is None or abs(found.m - m) <= 1


@pytest.mark.parametrize(
    ("parameters", "digest_bytes", "shape_class", "bits"),
    [
        (FAST, 32, "S", 129.1),
        (FAST, 32, "M", 127.5),
        (BALANCED, 32, "S", 129.7),
        (BALANCED, 32, "M", 128.2),
        (L1, 26, "S", 128.1),
        (L1, 26, "M", 126.5),
    ],
)
def test_the_opened_point_has_the_figures_of_the_check(
    parameters: Parameters, digest_bytes: int, shape_class: str, bits: float
) -> None:
    found = best(BCHKS25, stacked(shape_class, parameters, digest_bytes))
    assert found.bits_of("out of domain") == pytest.approx(bits, abs=0.06)


@pytest.mark.parametrize(
    ("parameters", "log2_height", "batched", "bits"),
    [(OLD_FAST, 20, 1_500, 101.9), (BALANCED, 21, 1_500, 102.4), (THIRTY_SECOND, 19, 400, 103.45)],
)
def test_the_newer_bound_gives_the_published_figures(
    parameters: Parameters, log2_height: int, batched: int, bits: float
) -> None:
    assert best(DKT26, counts(parameters, log2_height, batched)).bits == pytest.approx(
        bits, abs=0.05
    )


def test_the_sum_of_all_rounds_of_the_fast_set_is_above_the_bar_at_its_largest() -> None:
    found = best(BCHKS25, counts(FAST, 22, 3_800, 5_000))
    assert found.total_bits == pytest.approx(101.0, abs=0.05)
    assert best(BCHKS25, counts(OLD_FAST, 22)).total_bits < 100


def test_the_quoted_m_of_the_balanced_set_is_as_good_as_the_best() -> None:
    found = best(BCHKS25, counts(BALANCED, 21))
    assert at(BCHKS25, counts(BALANCED, 21), 46).bits <= found.bits


@pytest.mark.parametrize("bound", [BCHKS25, DKT26], ids=lambda bound: bound.name)
@pytest.mark.parametrize("parameters", [FAST, BALANCED, L1, INSECURE_TEST], ids=lambda p: p.name)
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
        "out of domain": size * (4 * k - 2 * 186 + 2) / (field - P),
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
        ("height", errors.out_of_domain),
    ):
        larger = replace(sizes, **{member: 2 * getattr(sizes, member)})
        assert term(larger, m) > term(sizes, m), member
    assert errors.batching(replace(sizes, batched=3_000), 1e-40) > errors.batching(sizes, 1e-40)
    assert errors.query(replace(sizes, queries=82), m) > errors.query(sizes, m)


def test_folds_are_charged_for_the_code_before_each_fold() -> None:
    found = at(BCHKS25, counts(FAST, 20), 60)
    assert found.bits_of("fold 2") - found.bits_of("fold 1") == pytest.approx(3, abs=0.01)


def test_the_point_is_charged_for_the_longer_side_of_its_identity() -> None:
    sizes, m = counts(FAST, 20), 60
    rows, blinded, largest = sizes.height, sizes.blinded_rows, sizes.height // sizes.blinded_rows
    constraints = replace(sizes, largest_stack=2 * largest)
    chunks = replace(sizes, largest_stack=1)
    ratio = errors.out_of_domain(constraints, m) / errors.out_of_domain(chunks, m)
    degrees = Fraction(3 * rows + (blinded + 1) * 2 * largest, 4 * rows - 2 * blinded + 2)
    assert ratio == pytest.approx(float(degrees), rel=1e-12)


def test_the_least_table_keeps_the_longer_side_below_four_heights_and_two() -> None:
    for parameters in (FAST, BALANCED, L1, THIRTY_SECOND):
        sizes = counts(parameters, 17)
        sizes = replace(sizes, largest_stack=sizes.height // parameters.min_height)
        error = errors.out_of_domain(sizes, 60) / list_size(sizes, 60)
        assert error * (sizes.field_size - P) <= (4 * sizes.height + 2) * (1 + 1e-12)


def test_digests_of_trees_are_charged_by_their_bytes() -> None:
    assert [hash_bits(count) for count in (26, 32, 64)] == [104, 128, 128]
    found = best(BCHKS25, stacked("S", L1, 26))
    assert found.bits_of("hash") == 104
    longer = best(BCHKS25, stacked("S", L1, 32))
    assert found.rounds == longer.rounds
    assert found.total_bits == longer.total_bits


def refused(sizes: Counts) -> str:
    with pytest.raises(InsecureParameters) as raised:
        require_bits(evaluate("set", sizes))
    return str(raised.value)


def test_short_digests_are_refused() -> None:
    assert require_bits(evaluate("l1", stacked("S", L1, 26))).bits >= 100
    assert "digests of 25 bytes; 26 are required" in refused(stacked("S", L1, 25))


def test_a_set_under_the_bar_over_all_rounds_is_refused() -> None:
    sizes = stacked("S", L1_BEFORE, 26)
    proven: Evaluation = evaluate("set", sizes).proven
    assert proven.bits > 100 > proven.total_bits
    assert "proves 99.37 bits for this circuit (all rounds together)" in refused(sizes)


def test_too_few_common_points_for_the_largest_stack_are_outside_the_theorems() -> None:
    sizes = counts(replace(FAST, log2_blowup=1), 12)
    with pytest.raises(InsecureParameters, match="no proven bound"):
        at(BCHKS25, replace(sizes, largest_stack=sizes.height // 2), 60)
    assert at(BCHKS25, replace(sizes, largest_stack=sizes.height // 4), 60).m == 60


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
