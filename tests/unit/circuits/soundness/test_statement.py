"""The statement itself: every parameter set proves the required bits for every shape class."""

from collections import Counter

import pytest

from circuits.air.graph import Graph
from circuits.soundness.counts import counts_of
from circuits.soundness.report import InsecureParameters, report, require_secure
from circuits.stark.parameters import INSECURE_TEST, PARAMETER_SETS, Parameters
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.statement.inputs import PUBLIC_MESSAGES_MAX
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass


@pytest.mark.parametrize("parameters", PARAMETER_SETS.values(), ids=lambda each: each.name)
@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda each: each.name)
def test_every_set_proves_a_hundred_bits(parameters: Parameters, shape_class: ShapeClass) -> None:
    found = require_secure(shape_of(circuit(shape_class), parameters), PUBLIC_MESSAGES_MAX)
    assert all(evaluation.total_bits >= 100 for evaluation in found.evaluations)


def test_the_test_set_is_refused() -> None:
    with pytest.raises(InsecureParameters, match="insecure-test proves"):
        require_secure(shape_of(circuit(), INSECURE_TEST), PUBLIC_MESSAGES_MAX)


def unpaired(graph: Graph) -> int:
    """Messages whose payload is no sum of cells: each has a column of its own."""
    degrees = (max(graph.degrees[node] for node in m.payload) for m in graph.interactions)
    return sum(degree > 1 for degree in degrees)


def test_counts_are_those_of_the_circuit() -> None:
    parameters = PARAMETER_SETS["fast"]
    counts = counts_of(shape_of(circuit(), parameters), PUBLIC_MESSAGES_MAX)
    tables = circuit().tables
    heights = {each.height for each in tables}
    messages = sum(len(each.graph.interactions) * each.height for each in tables)
    assert counts.messages == messages + 2 * sum(heights) + PUBLIC_MESSAGES_MAX
    assert counts.height == max(heights)
    assert counts.largest_stack == max(heights) // min(heights)
    assert counts.blinded_rows == parameters.blinded_rows
    assert counts.digest_bytes == parameters.digest_bytes
    own = sum(len(each.graph.constraints) for each in tables)
    alone = Counter(each.height for each in tables for _ in range(unpaired(each.graph)))
    fractions = sum(
        alone[height]
        + (sum(len(e.graph.interactions) for e in tables if e.height == height) - alone[height] + 1)
        // 2
        for height in heights
    )
    assert counts.constraints == own + fractions + 4 * len(heights)
    assert counts.fingerprint_power >= max(bus.width for bus in circuit().buses)
    assert report(shape_of(circuit(), parameters), PUBLIC_MESSAGES_MAX).counts == counts
