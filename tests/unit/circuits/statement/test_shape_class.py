"""Every shape class has room for every batch that its rules allow, beside the blinded rows.

Worst case: every trade between two accounts that trade once as long as accounts last, deposits for
others, and account indices so far apart that paths meet only near the root.
"""

import pytest

from circuits.stark.parameters import PARAMETER_SETS
from circuits.stark.shape import shape_of
from circuits.statement.circuit import HEIGHTS, circuit, tables
from circuits.tables.account.columns import LEAF_BLOCKS
from circuits.tables.header.air import HEADER_BLOCKS
from circuits.tables.order.air import CHALLENGE_BLOCKS, MESSAGE_BLOCKS
from circuits.tables.position.sums import POSITIONS_MAX
from circuits.tables.schedule import COMB_STRIDE, LADDER_STRIDE
from rollup.protocol.constants import ACCOUNT_BITS, DEPOSITS_MAX, MARKETS_MAX, SLOT_BITS
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass

BLINDED = max(parameters.blinded_rows for parameters in PARAMETER_SETS.values())

OPENED = HEADER_BLOCKS + 1 + 2 * (LEAF_BLOCKS - 1)
"""Hashes of an account whose header is opened: the header and the first block once, the others
before and after."""

STATE_HASHES = 2 * (2 + 2 + 3)
"""Markets, globals and the three nodes above them, before and after."""

classes = pytest.mark.parametrize("shape", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)


def touched(shape: ShapeClass) -> int:
    """Traders, depositors and the fee account, all different as far as the class allows."""
    return min(shape.orders + DEPOSITS_MAX + 1, shape.accounts)


def nodes(shape: ShapeClass) -> int:
    accounts = touched(shape)
    account_nodes = sum(min(2**depth, accounts) for depth in range(ACCOUNT_BITS))
    slot_nodes = sum(min(accounts * 2**depth, shape.orders) for depth in range(SLOT_BITS))
    return account_nodes + slot_nodes


def hashes(shape: ShapeClass) -> int:
    return (
        2 * nodes(shape)
        + touched(shape) * OPENED
        + 2 * shape.positions
        + 2 * shape.orders
        + shape.orders * (MESSAGE_BLOCKS + CHALLENGE_BLOCKS)
        + STATE_HASHES
    )


def totals(shape: ShapeClass) -> int:
    """One row an account, and one more for every eighth position beyond the first: the most where
    every account has one, and some have all others."""
    accounts = touched(shape)
    return accounts + (shape.positions - accounts) // POSITIONS_MAX


@classes
def test_the_fullest_batch_fits_every_table(shape: ShapeClass) -> None:
    needed = {
        "poseidon": hashes(shape),
        "tree": nodes(shape),
        "order": shape.orders,
        "account": touched(shape),
        "header": touched(shape),
        "position": shape.positions,
        "total": totals(shape),
        "market": MARKETS_MAX,
        "slot": shape.orders,
        "deposit": DEPOSITS_MAX,
        "fill": shape.trades,
        "takeover": shape.takeovers,
        "batch": 1,
    }
    rooms = {name: height - BLINDED for name, height in HEIGHTS[shape.name].items()}
    assert {name: count for name, count in needed.items() if count > rooms[name]} == {}


@classes
def test_there_is_a_signature_place_for_every_order(shape: ShapeClass) -> None:
    heights = HEIGHTS[shape.name]
    assert heights["ladder"] // LADDER_STRIDE == shape.orders
    assert heights["comb"] // COMB_STRIDE == shape.orders


@classes
def test_the_circuit_has_every_table_at_its_height(shape: ShapeClass) -> None:
    heights = HEIGHTS[shape.name]
    assert set(heights) == {table.name for table in tables(shape)}
    assert {placed.name: placed.height for placed in circuit(shape).tables} == heights


@classes
@pytest.mark.parametrize("parameters", PARAMETER_SETS.values(), ids=lambda each: each.name)
def test_every_parameter_set_takes_the_heights(shape: ShapeClass, parameters) -> None:
    assert shape_of(circuit(shape), parameters).height == max(HEIGHTS[shape.name].values())


def test_a_trade_of_the_larger_class_is_cheaper() -> None:
    cells = {}
    for shape in SHAPE_CLASSES.values():
        found = shape_of(circuit(shape), PARAMETER_SETS["fast"])
        witness = sum(group.height * sum(group.widths[1:]) for group in found.groups)
        cells[shape.name] = (witness + found.height * found.quotient_width) // shape.trades
    assert cells["M"] < cells["S"]
    assert cells["M"] < 85_000
