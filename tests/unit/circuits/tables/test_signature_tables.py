"""The signature tables at the statement's heights: signatures fit beside the blinded rows."""

from collections.abc import Sequence

import numpy as np
import pytest

from circuits.air.table import Table
from circuits.air.trace import fixed_matrix
from circuits.exit.circuit import exit_circuit
from circuits.statement.circuit import circuit
from circuits.tables.base import trace as base
from circuits.tables.base.air import TABLE as BASE
from circuits.tables.base.air import WHOLE_TABLE as WHOLE
from circuits.tables.ladder import trace as ladder
from circuits.tables.ladder.air import fixed_values as ladder_values
from circuits.tables.signature import trace as signature
from rollup.crypto import schnorr
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass
from tests.helpers.signatures import honest_records

BLINDED = 186
"""Blinded rows of the `fast` parameter set, the most of any."""


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_every_signature_of_a_full_batch_has_a_ladder(shape_class: ShapeClass) -> None:
    statement, count = circuit(shape_class), shape_class.orders
    records = honest_records().signatures
    signatures = signature.prepare(records, count)
    heights = {placed.name: placed.height for placed in statement.tables}
    ladder.build(signatures, heights["ladder"], BLINDED)
    signature.build(records, signatures, heights["signature"], BLINDED)
    for name in ("base", "ladder", "signature"):
        fixed_matrix(statement.table(name).table, heights[name], BLINDED)
    places = statement.table("signature").table.fixed_values(heights["signature"])["place"]
    assert len(places) == sum(places) == count
    assert sum(ladder_values(heights["ladder"])["ends"]) == count


def test_more_signatures_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="5 signatures do not fit 4 places"):
        signature.prepare(honest_records(5).signatures, 4)


def test_the_ladder_reads_the_challenge_from_its_most_significant_element() -> None:
    values = ladder_values(16)
    closing = [e for e, c in zip(values["element"], values["closes"], strict=True) if c]
    assert closing == [4, 3, 2, 1, 0]
    opening = [i for i, opens in enumerate(values["opens"]) if opens]
    assert opening == [1, 4, 7, 10, 13]
    assert sum(values["adds"]) == 15 and values["ends"][15] == 1
    assert sum(values["joins"]) == 14 and values["joins"][15] == 0


def test_each_round_serves_an_entry_of_its_own_and_the_row_above_leads() -> None:
    values = ladder_values(32)
    assert values["digit"] == [0, *range(1, 16), *range(1, 16)]
    leading = [i for i, leads in enumerate(values["leads"]) if leads]
    starting = [i for i, starts in enumerate(values["starts"]) if starts]
    assert leading == [0, 15] and starting == [1, 16]


WINDOWS = [
    (BASE, base.TABLE_BY_KERNEL, (0, 15), 1 << 10),
    (WHOLE, base.WHOLE_TABLE_BY_KERNEL, range(28), 1 << 13),
]


@pytest.mark.parametrize(("table", "by_kernel", "windows", "height"), WINDOWS)
def test_the_base_table_is_fixed_and_complete(
    table: Table, by_kernel: Table, windows: Sequence[int], height: int
) -> None:
    values = table.fixed_values(height)
    assert {len(column) for column in values.values()} == {len(windows) * 256}
    for number, window in enumerate(windows):
        place = number * 256 + 17
        point = schnorr.comb_table()[window][17]
        assert (values["window"][place], values["byte"][place]) == (window, 17)
        assert tuple(values[f"x.{k}"][place] for k in range(7)) == point.x
        assert tuple(values[f"y.{k}"][place] for k in range(7)) == point.y
    assert by_kernel.fixed_values(height) == values
    for each in (table, by_kernel):
        with pytest.raises(ValueError, match=f"{len(windows) * 256} entries"):
            each.fixed_values(len(windows) * 256 - 1)


def test_the_kernel_makes_the_same_circuits() -> None:
    for each in (circuit(), exit_circuit()):
        swapped = base.with_kernel(each)
        assert swapped.digest == each.digest
        by_kernel = (base.TABLE_BY_KERNEL, base.WHOLE_TABLE_BY_KERNEL)
        assert sum(placed.table in by_kernel for placed in swapped.tables) == 1


def test_an_unknown_base_entry_is_asked_for_in_vain() -> None:
    payload = np.zeros((4, 16), dtype=np.uint32)
    payload[:, :2] = [(15, 255), (28, 0), (1, 0), (0, 256)]
    counts = np.array([3, 4, 5, 6])
    trace = base.build(payload, counts, 1 << 10, BLINDED)
    assert trace[2 * 256 - 1, 0] == 3
    assert trace.sum() == 3
    trace = base.build(payload, counts, 1 << 13, BLINDED, windows=range(28))
    assert (trace[15 * 256 + 255, 0], trace[256, 0], trace.sum()) == (3, 5, 8)
