"""Cells of orders: of the circuit as it is, and within what was asked of it."""

from benchmarks.cells_per_order import lines
from benchmarks.orders.book import BOOKS, measure, opened
from benchmarks.orders.cells import (
    HASH,
    built,
    fills,
    level_choices,
    node,
    orders,
    row_cells,
    side_by_side,
    signing,
)
from circuits.tables.ladder.air import TABLE as LADDER
from circuits.tables.order.air import MESSAGE_BLOCKS
from circuits.tables.order.air import TABLE as ORDER
from circuits.tables.schedule import LADDER_ROWS
from circuits.tables.signature.air import CHALLENGE_BLOCKS
from circuits.tables.signature.air import table as signature_table
from circuits.tables.slot.air import TABLE as SLOT
from circuits.tables.tree.air import TABLE as TREE
from rollup.protocol.bundle import ACTIONS_MAX, DEPTH_MAX
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.shape_class import CLASS_M


def test_what_is_built_is_counted_as_the_circuit_pays_for_it() -> None:
    signature = row_cells(signature_table(CLASS_M.orders)) + LADDER_ROWS * row_cells(LADDER)
    wanted = {
        "a touched slot": row_cells(SLOT) + 2 * HASH,
        "a signature": signature + CHALLENGE_BLOCKS * HASH,
        "an order": row_cells(ORDER) + MESSAGE_BLOCKS * HASH,
        "a node of a bundle": row_cells(TREE) + HASH,
    }
    for name, cells in wanted.items():
        assert abs(built()[name] - cells) < len(wanted)
    assert abs(node() - row_cells(TREE) - 2 * HASH) < 1


def test_a_fill_of_orders_that_rest_costs_half() -> None:
    signed, one, both = fills().values()
    assert both <= 0.5 * signed
    assert one - both == signed - one == signing(1)


def test_an_order_of_a_bundle_costs_a_third() -> None:
    alone, *_, bundled = orders().values()
    assert bundled <= 0.35 * alone
    assert signing(ACTIONS_MAX) <= 0.35 * signing(1)


def test_more_actions_under_one_signature_cost_less_each() -> None:
    each = [signing(1 << depth) for depth in range(DEPTH_MAX + 1)]
    assert each == sorted(each, reverse=True)


def test_nodes_that_meet_are_opened_once() -> None:
    assert opened([5], 3) == {(2, 2), (1, 1), (0, 0)}
    assert len(opened(range(8), 3)) == 7
    assert side_by_side(1) == SLOT_BITS
    assert side_by_side(ACTIONS_MAX) * ACTIONS_MAX == ACTIONS_MAX - 1 + SLOT_BITS - DEPTH_MAX
    found = measure(BOOKS[1], runs=5)
    assert found.window < found.tree < found.by_order
    assert found.fresh <= found.tree


def test_a_tree_of_levels_costs_less_than_a_list_where_much_is_touched() -> None:
    for book in BOOKS[:2]:
        figures = level_choices(book)
        assert figures["tree of levels"] < figures["linked list"]


def test_the_figures_print() -> None:
    text = "\n".join(lines())
    assert "| both rest | " in text and "| in a bundle of 64, slots side by side | " in text
