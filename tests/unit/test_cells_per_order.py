"""What ADR 0047 is measured by: prototypes are as wide as the tables that they copy."""

import pytest

from benchmarks.cells_per_order import lines
from benchmarks.orders.book import BOOKS, measure, opened, slot_nodes
from benchmarks.orders.cells import (
    BUNDLE,
    HASH,
    built,
    fills,
    level_choices,
    order_today,
    orders,
    row_cells,
    signature,
    signature_built,
    signatures,
    signing,
)
from benchmarks.orders.classes import Batch, class_cells, rows_in_state, rows_today
from benchmarks.orders.signatures import SIGNED, comb_rows, comb_table, ladder_rows, ladder_table
from circuits.commands.costs import class_costs
from circuits.stark.parameters import FAST
from circuits.statement.circuit import circuit
from circuits.statement.inputs import PUBLICS
from circuits.tables.ladder.air import TABLE as LADDER
from circuits.tables.schedule import LADDER_ROWS
from circuits.tables.slot.air import TABLE as SLOT
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.shape_class import CLASS_M


def test_the_windows_that_were_written_cost_what_the_record_says() -> None:
    """Before ADR 0048, and what was to come in its place."""
    before, four_bits = signature(2, 2, 1), signature(4, 2, 2)
    assert [round(each.cells) for each in (before, four_bits)] == [6086, 5371]
    assert (ladder_rows(2, 2), comb_rows(1)) == (31, 29)
    assert before.ladder == 31 * row_cells(ladder_table(2, 2))
    assert before.comb == 29 * row_cells(comb_table(1))


def test_one_ladder_costs_less_than_any_windows_of_two() -> None:
    one = signature_built()
    assert round(one.ladder - LADDER_ROWS * row_cells(LADDER)) == 0
    assert one.cells < min(each.cells for each in signatures() if each != one)
    table, row = circuit(CLASS_M).table("order"), SIGNED.trace_graph(PUBLICS)
    assert row.width < table.width and len(row.interactions) < len(table.graph.interactions)


def test_a_hash_is_what_the_circuit_pays_for_it() -> None:
    assert built()["a touched slot"] == int(row_cells(SLOT)) + 2 * HASH


def test_four_bits_make_the_cheapest_signature() -> None:
    widths = {bits: signature(bits, 2 if bits != 5 else 1, 2).cells for bits in (2, 3, 4, 5, 6)}
    assert min(widths, key=widths.__getitem__) == 4
    assert signature_built().cells < order_today()


def test_the_targets_on_paper() -> None:
    figures, today = fills(), fills()["today"]
    assert figures["both rest and stay, near slots"] <= 0.5 * today
    assert figures["both rest and end, near slots, calm list"] <= 0.5 * today
    alone, bundled = (
        orders()[name] for name in ("signed alone, near slot", "in a bundle of 64, any slots")
    )
    assert bundled <= 0.35 * alone
    assert signing(BUNDLE) <= 0.35 * signing(1)


def test_nodes_that_meet_are_opened_once() -> None:
    assert opened([5], 3) == {(2, 2), (1, 1), (0, 0)}
    assert len(opened(range(8), 3)) == 7
    assert slot_nodes(1, SLOT_BITS, runs=3) == SLOT_BITS
    found = measure(BOOKS[1], runs=5)
    assert found.window < found.tree < found.by_order
    assert found.fresh <= found.tree


def test_a_tree_of_levels_costs_less_than_a_list_where_much_is_touched() -> None:
    for book in BOOKS[:2]:
        figures = level_choices(book)
        assert figures["tree of levels"] < figures["linked list"]


def test_rows_of_a_batch_follow_its_trades() -> None:
    rows = rows_in_state(Batch(2, 0.5), CLASS_M.trades)
    assert rows["fill"] == CLASS_M.trades
    assert rows["poseidon"] > rows["tree"] > rows["slot"] > rows["bundle"]


def test_todays_class_costs_what_is_printed_of_it() -> None:
    """What is counted here comes to the heights of class M, and so to its cells."""
    rows = rows_today(Batch(1, 0), CLASS_M.trades)
    (today,) = (each for each in class_costs(FAST) if each.shape_class is CLASS_M)
    counted = class_cells(rows, CLASS_M.trades, in_state=False)
    assert round(counted) == today.cells_per_trade


def test_the_figures_print() -> None:
    text = "\n".join(lines())
    assert "in a bundle of 64" in text and text.count("| used cells a trade") == 1


@pytest.mark.parametrize("bits", (3, 4))
def test_wider_digits_want_fewer_rows(bits: int) -> None:
    assert ladder_rows(bits, 2) < ladder_rows(2, 2)
    assert row_cells(ladder_table(bits, 2)) > row_cells(ladder_table(2, 2))
