"""Evaluation domains: where columns are committed, and where they never are."""

import pytest

from circuits.poly.domains import lifted_shift
from circuits.stark.parameters import INSECURE_TEST, PARAMETER_SETS, Parameters
from rollup.field.koalabear import P

SETS = (*PARAMETER_SETS.values(), INSECURE_TEST)


@pytest.mark.parametrize("parameters", SETS, ids=lambda each: each.name)
def test_evaluation_cosets_never_meet_a_trace_domain(parameters: Parameters) -> None:
    """A coset s <w> is disjoint from every subgroup of <w> exactly if s is not in <w>."""
    tallest = parameters.max_log2_height
    for log2_height in range(parameters.min_height.bit_length() - 1, tallest + 1):
        points = 1 << (log2_height + parameters.log2_blowup)
        assert pow(lifted_shift(log2_height, tallest), points, P) != 1
