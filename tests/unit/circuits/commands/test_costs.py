"""What the cost report says is what a batch fills and what a proof holds."""

import pytest

from circuits.commands.costs import class_costs, proof_parts, transaction_cells
from circuits.commands.text import classes_text, parts_text, transactions_text
from circuits.stark.parameters import FAST, PARAMETER_SETS, Parameters
from circuits.stark.proof import encoded_length
from circuits.stark.report import report_for
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.tables.ladder.air import TABLE as LADDER
from circuits.tables.schedule import LADDER_ROWS
from rollup.protocol.shape_class import CLASS_M, CLASS_S

SHAPE = shape_of(circuit(), FAST)


@pytest.mark.parametrize("parameters", PARAMETER_SETS.values(), ids=lambda each: each.name)
def test_the_parts_of_a_proof_are_all_of_it(parameters: Parameters) -> None:
    for shape_class in (CLASS_S, CLASS_M):
        shape = shape_of(circuit(shape_class), parameters)
        assert sum(proof_parts(shape).values()) == encoded_length(shape)


def test_transactions_cost_the_rows_that_they_fill() -> None:
    cells = transaction_cells(SHAPE)
    half_columns = 2 * LADDER.width + 5 * len(circuit().table("ladder").graph.interactions)
    assert cells["a signature"]["ladder"] == LADDER_ROWS * half_columns // 2
    assert sum(cells["a fill"].values()) < sum(cells["a signature"].values())
    needs = {"a signature": 256, "an order": 256, "a fill": 128}
    filled = sum(count * sum(cells[kind].values()) for kind, count in needs.items())
    assert filled < class_costs(FAST)[0].cells


def test_the_cells_of_a_class_are_those_of_its_proof() -> None:
    for each in class_costs(FAST):
        assert each.cells == report_for(shape_of(circuit(each.shape_class), FAST)).cells
        assert each.cells_per_trade == each.cells // each.shape_class.trades


def test_texts_hold_every_table_and_part() -> None:
    text = classes_text(class_costs(FAST))
    assert all(placed.name in text for placed in circuit().tables)
    assert "a touched slot" in transactions_text(transaction_cells(SHAPE))
    parts = {"fast": proof_parts(SHAPE)}
    assert f"{encoded_length(SHAPE):,}" in parts_text(parts)
