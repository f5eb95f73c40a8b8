"""The signature tables at the statement's heights: signatures fit beside the blinded rows."""

import numpy as np
import pytest

from circuits.air.trace import fixed_matrix
from circuits.statement.circuit import circuit
from circuits.tables.base import trace as base
from circuits.tables.base.air import fixed_values as base_values
from circuits.tables.comb import trace as comb
from circuits.tables.comb.air import fixed_values as comb_values
from circuits.tables.ladder import trace as ladder
from circuits.tables.ladder.air import fixed_values as ladder_values
from circuits.tables.order import trace as order
from rollup.crypto import schnorr
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass
from tests.helpers.signatures import honest_records

BLINDED = 186
"""Blinded rows of the `fast` parameter set, the most of any."""


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_every_order_of_a_full_batch_has_a_ladder_and_a_comb(shape_class: ShapeClass) -> None:
    statement, count = circuit(shape_class), shape_class.orders
    signatures = order.prepare(honest_records(), count)
    heights = {placed.name: placed.height for placed in statement.tables}
    ladder.build(signatures, heights["ladder"], BLINDED)
    comb.build(signatures, heights["comb"], BLINDED)
    order.build(honest_records(), signatures, heights["order"], BLINDED)
    for name in ("base", "comb", "ladder", "order"):
        fixed_matrix(statement.table(name).table, heights[name], BLINDED)
    places = statement.table("order").table.fixed_values(heights["order"])["place"]
    assert len(places) == sum(places) == count
    assert sum(ladder_values(heights["ladder"])["ends"]) == count
    assert sum(comb_values(heights["comb"])["ends"]) == count


def test_more_orders_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="5 orders do not fit 4 signatures"):
        order.prepare(honest_records(5), 4)


def test_the_ladder_reads_the_challenge_from_its_most_significant_element() -> None:
    values = ladder_values(32)
    closing = [e for e, c in zip(values["element"], values["closes"], strict=True) if c]
    assert closing == [4, 3, 2, 1, 0]
    opening = [i for i, opens in enumerate(values["opens"]) if opens]
    assert opening == [0, 6, 12, 18, 24]
    assert sum(values["adds"]) == 30 and values["ends"][30] == 1


def test_the_base_table_is_fixed_and_complete() -> None:
    values = base_values(1 << 13)
    assert {len(column) for column in values.values()} == {28 * 256}
    place = 3 * 256 + 17
    point = schnorr.comb_table()[3][17]
    assert (values["window"][place], values["byte"][place]) == (3, 17)
    assert tuple(values[f"x.{k}"][place] for k in range(7)) == point.x
    with pytest.raises(ValueError, match="7168 entries"):
        base_values(1 << 12)


def test_the_kernel_gives_the_same_base_table() -> None:
    assert base.fixed_values(1 << 13) == base_values(1 << 13)
    assert base.with_kernel(circuit()).digest == circuit().digest
    with pytest.raises(ValueError, match="7168 entries"):
        base.fixed_values(1 << 12)


def test_an_unknown_base_entry_is_asked_for_in_vain() -> None:
    payload = np.zeros((2, 16), dtype=np.uint32)
    payload[:, :2] = [(27, 255), (28, 0)]
    counts = np.array([3, 4])
    trace = base.build(payload, counts, 1 << 13, BLINDED)
    assert trace[28 * 256 - 1, 0] == 3
    assert trace.sum() == 3
