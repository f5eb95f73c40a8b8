"""Parameter sets: the numbers of the design, and no way to the test set by name."""

from dataclasses import replace

import pytest

from circuits.stark.parameters import (
    BALANCED,
    FAST,
    INSECURE_TEST,
    L1,
    L1_TALL,
    PARAMETER_SETS,
    PROTOCOL_VERSION,
    final_log2,
    fold_count,
    parameters_by_name,
)


def test_sets_are_those_of_the_design() -> None:
    assert tuple(PARAMETER_SETS.values()) == (FAST, BALANCED, L1, L1_TALL)
    assert [(p.queries, p.blowup, p.blinded_rows) for p in PARAMETER_SETS.values()] == [
        (83, 4, 186),
        (55, 8, 130),
        (25, 64, 70),
        (31, 32, 82),
    ]
    assert [p.digest_bytes for p in PARAMETER_SETS.values()] == [32, 32, 26, 26]
    assert (FAST.grinding_query, FAST.grinding_batch, FAST.grinding_fold) == (20, 16, 10)
    assert (BALANCED.grinding_query, BALANCED.grinding_batch, BALANCED.grinding_fold) == (20, 12, 8)
    assert (L1.grinding_query, L1.grinding_batch, L1.grinding_fold) == (27, 20, 14)
    assert (L1_TALL.grinding_query, L1_TALL.grinding_batch, L1_TALL.grinding_fold) == (26, 16, 10)
    assert (L1.max_log2_height, L1_TALL.max_log2_height) == (18, 19)


@pytest.mark.parametrize("parameters", [*PARAMETER_SETS.values(), INSECURE_TEST])
def test_the_smallest_table_keeps_the_quotient_below_three_chunks(parameters) -> None:
    assert parameters.min_height >= 4 * parameters.blinded_rows
    assert parameters.min_height // 2 < 4 * parameters.blinded_rows


def test_the_test_set_is_not_reachable_by_name() -> None:
    assert INSECURE_TEST.name not in PARAMETER_SETS
    with pytest.raises(ValueError, match="fast, balanced, l1, l1-tall"):
        parameters_by_name("insecure-test")
    assert parameters_by_name("fast") is FAST


def test_encodings_differ() -> None:
    sets = (*PARAMETER_SETS.values(), INSECURE_TEST, replace(L1, digest_bytes=32))
    assert len({parameters.encode() for parameters in sets}) == len(sets)
    assert all(each.encode()[:4] == PROTOCOL_VERSION.to_bytes(4, "little") for each in sets)


@pytest.mark.parametrize("log2", range(6, 23))
def test_all_folds_are_by_eight(log2) -> None:
    assert final_log2(log2) + 3 * fold_count(log2) == log2
    assert 6 <= final_log2(log2) <= 8
