"""Check: every broken constraint by row and claim, every bus as a multiset of messages."""

from typing import Any

import numpy as np
import pytest

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.check import check, failed_claims
from circuits.air.circuit import Circuit
from circuits.air.evaluate import fill_circuit, requests
from circuits.air.layout import Layout, cell
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.air.trace import Trace, fixed_matrix
from circuits.stark.lookup import PublicMessage

BUS = Bus("COUNT", 1, ("value",))


class Counter(Layout):
    value = cell()
    said = cell()


def counting(air: Builder, now: Any, after: Any) -> None:
    with air.first_row():
        air.require_equal(now.value, air.public("start"), "count.start")
    with air.transition():
        air.require_equal(after.value, now.value + 1, "count.step")
    with air.last_row():
        air.require_equal(now.value, air.public("end"), "count.end")
    air.send(BUS, [now.value], now.said, claim="count.say")


CIRCUIT = Circuit.build(
    [(Table("count", Counter, counting), 8)], PublicLayout((("start", 1), ("end", 1))), [BUS]
)


def trace(blinded: int = 0) -> Any:
    filling = Trace(Counter, 8, blinded)
    filling.row.value[...] = 5 + np.arange(8 - blinded)
    filling.row.said[...] = 0
    return filling.finish()


def test_an_honest_trace_has_no_failure() -> None:
    assert check(CIRCUIT, {"count": trace()}, (5, 12)) == []
    assert check(CIRCUIT, {"count": trace(3)}, (5, 9), blinded=3) == []


def test_blinded_rows_are_not_checked() -> None:
    matrix = trace(3)
    matrix[5:] = 77
    assert check(CIRCUIT, {"count": matrix}, (5, 9), blinded=3) == []
    assert check(CIRCUIT, {"count": matrix}, (5, 9), blinded=2) != []


@pytest.mark.parametrize(
    ("row", "claims"),
    [
        (0, {("count.start", 0), ("count.step", 0)}),
        (3, {("count.step", 2), ("count.step", 3)}),
        (7, {("count.step", 6), ("count.end", 7)}),
    ],
)
def test_a_changed_cell_fails_where_it_is(row: int, claims: set[tuple[str, int]]) -> None:
    matrix = trace()
    matrix[row, 0] += 100
    failures = check(CIRCUIT, {"count": matrix}, (5, 12))
    assert {(failure.claim, failure.row) for failure in failures} == claims


def test_a_message_must_be_received_as_often_as_sent() -> None:
    matrix = trace()
    matrix[2, 1] = 2
    one = PublicMessage(BUS.identifier, -1, (7,))
    assert check(CIRCUIT, {"count": matrix}, (5, 12), [one, one]) == []
    (said, heard) = check(CIRCUIT, {"count": matrix}, (5, 12), [one])
    assert (said.table, said.row, said.claim) == ("count", 2, "count.say")
    assert said.detail == "COUNT(value 7) is sent 1 times too often"
    assert heard.table == "public"


def test_counts_are_field_elements() -> None:
    matrix = trace()
    matrix[2, 1] = 2**31 - 2**24  # -1
    message = PublicMessage(BUS.identifier, 1, (7,))
    assert check(CIRCUIT, {"count": matrix}, (5, 12), [message]) == []


def test_requests_are_distinct_with_net_counts() -> None:
    matrix = trace()
    matrix[1:4, 1] = (1, 2, 2**31 - 2**24 - 2)
    payload, counts = requests(fill_circuit(CIRCUIT, {"count": matrix}), (5, 12), 1, 1)
    assert {int(p[0]): int(c) for p, c in zip(payload, counts, strict=True)} == {6: 1, 7: 2, 8: -3}


def test_a_trace_of_another_shape_or_not_canonical_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted uint32 8 x 2"):
        check(CIRCUIT, {"count": trace()[:4]}, (5, 12))
    matrix = trace()
    matrix[0, 0] = 2**32 - 1
    with pytest.raises(ValueError, match="not canonical"):
        check(CIRCUIT, {"count": matrix}, (5, 12))
    with pytest.raises(ValueError, match="wanted traces"):
        check(CIRCUIT, {}, (5, 12))


def test_a_cell_never_written_is_an_error() -> None:
    filling = Trace(Counter, 8)
    filling.row.value[...] = 0
    filling.row.said[:6] = 0
    with pytest.raises(ValueError, match="2 cells were never written, the first in column said"):
        filling.finish()


def test_negative_cells_are_taken_modulo_p() -> None:
    filling = Trace(Counter, 8)
    filling.fill_rest(-1)
    assert (filling.finish() == 2**31 - 2**24).all()


def test_the_last_selector_is_on_the_last_active_row() -> None:
    fixed = fixed_matrix(CIRCUIT.tables[0].table, 8, 3)
    assert fixed[:, 0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert fixed[:, 1].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    assert fixed[:, 2].tolist() == list(range(8))


def test_failures_name_claims() -> None:
    assert failed_claims(check(CIRCUIT, {"count": trace()}, (6, 12))) == {"count.start"}
