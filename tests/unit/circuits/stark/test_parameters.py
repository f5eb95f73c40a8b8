"""Parameter sets: the numbers of the design, and no way to the test set by name."""

import pytest

from circuits.stark.parameters import (
    BALANCED,
    EVM,
    FAST,
    INSECURE_TEST,
    PARAMETER_SETS,
    final_log2,
    fold_count,
    parameters_by_name,
)


def test_sets_are_those_of_the_design() -> None:
    assert [(p.queries, p.blowup, p.blinded_rows) for p in (FAST, BALANCED, EVM)] == [
        (83, 4, 186),
        (55, 8, 130),
        (31, 32, 82),
    ]
    assert (FAST.grinding_query, FAST.grinding_batch, FAST.grinding_fold) == (20, 16, 10)
    assert (BALANCED.grinding_query, BALANCED.grinding_batch, BALANCED.grinding_fold) == (20, 12, 8)
    assert (EVM.grinding_query, EVM.grinding_batch, EVM.grinding_fold) == (26, 16, 10)
    assert EVM.max_log2_height == 19


@pytest.mark.parametrize("parameters", [FAST, BALANCED, EVM, INSECURE_TEST])
def test_the_smallest_table_keeps_the_quotient_below_three_chunks(parameters) -> None:
    assert parameters.min_height >= 4 * parameters.blinded_rows
    assert parameters.min_height // 2 < 4 * parameters.blinded_rows


def test_the_test_set_is_not_reachable_by_name() -> None:
    assert INSECURE_TEST.name not in PARAMETER_SETS
    with pytest.raises(ValueError, match="fast, balanced, evm"):
        parameters_by_name("insecure-test")
    assert parameters_by_name("fast") is FAST


def test_encodings_differ() -> None:
    sets = (FAST, BALANCED, EVM, INSECURE_TEST)
    assert len({parameters.encode() for parameters in sets}) == 4


@pytest.mark.parametrize("log2", range(6, 23))
def test_all_folds_are_by_eight(log2) -> None:
    assert final_log2(log2) + 3 * fold_count(log2) == log2
    assert 6 <= final_log2(log2) <= 8
