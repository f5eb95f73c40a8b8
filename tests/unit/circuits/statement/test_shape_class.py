"""Every shape class has room for every batch that its rules allow, beside the blinded rows.

Worst case: every trade between two accounts that trade once as long as accounts last, deposits for
others, all other accounts refreshed, and as many nodes of trees as the class takes.
"""

import pytest

from circuits.commands.costs import PUBLISHED_HASHES
from circuits.stark.parameters import PARAMETER_SETS
from circuits.stark.shape import shape_of
from circuits.statement.circuit import HEIGHTS, circuit, tables
from circuits.tables.account.columns import LEAF_BLOCKS
from circuits.tables.header.air import HEADER_BLOCKS
from circuits.tables.order.air import MESSAGE_BLOCKS
from circuits.tables.position.sums import POSITIONS_MAX
from circuits.tables.schedule import LADDER_LEAD, LADDER_ROWS, LADDER_STRIDE
from circuits.tables.signature.air import CHALLENGE_BLOCKS
from circuits.tables.trigger.air import PLACE_BITS
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    DEPOSITS_MAX,
    MARKETS_MAX,
    OUTFLOWS_MAX,
    SLOT_BITS,
    TRIGGER_BITS,
)
from rollup.protocol.shape_class import CLASS_M, CLASS_S, SHAPE_CLASSES, ShapeClass

BLINDED = max(parameters.blinded_rows for parameters in PARAMETER_SETS.values())

LEAF_HASHES = 1 + 2 * (LEAF_BLOCKS - 1)
"""Hashes of an account's leaf: the block of the header once, the others before and after."""

VIEWING_HASHES = 1
"""The commitment to its viewing key."""

STATE_HASHES = 2 * (MARKETS_MAX + 1 + 2 + 3) + 2
"""Frontiers of all markets and their salt, globals and the three nodes above, before and after; and
the end of the data commitment."""

classes = pytest.mark.parametrize("shape", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)


def renewed(shape: ShapeClass) -> int:
    """Headers that come in place of others: every entry of the queue may rotate an account."""
    return min(DEPOSITS_MAX, shape.accounts)


def nodes_far_apart(shape: ShapeClass, height: int, accounts: int) -> int:
    """Nodes of a full batch of so many accounts that are far apart below a height. The slots of an
    account are side by side: one node more for each after the first."""
    above = ACCOUNT_BITS - height
    account_nodes = above + sum(min(2**depth, accounts) for depth in range(height))
    used = min(accounts, shape.slots)
    return account_nodes + used * SLOT_BITS + shape.slots - used


def actions(shape: ShapeClass) -> int:
    """Orders, outflows and cancels: each is of a slot of its own."""
    return shape.slots


def hashes(shape: ShapeClass) -> int:
    """Those of bundles are among those of nodes: a bundle has a node at least, however little of it
    acts; before and after are one hash of it, and the other is that of what was signed."""
    return (
        2 * shape.nodes
        + shape.accounts * (LEAF_HASHES + HEADER_BLOCKS + VIEWING_HASHES + PUBLISHED_HASHES)
        + renewed(shape) * (HEADER_BLOCKS + 1)
        + 4 * shape.positions
        + 2 * shape.triggers
        + 2 * shape.slots
        + actions(shape) * MESSAGE_BLOCKS
        + shape.orders * CHALLENGE_BLOCKS
        + STATE_HASHES
    )


def totals(shape: ShapeClass) -> int:
    """One row an account, and one more before every eighth position after its first: the most
    where some accounts hold as much as they can use for that, and all others nothing."""
    each, rest = divmod(shape.positions, MARKETS_MAX - POSITIONS_MAX + 1)
    more = each * (MARKETS_MAX // POSITIONS_MAX - 1) + max(0, rest - 1) // POSITIONS_MAX
    return shape.accounts + more


@classes
def test_the_fullest_batch_fits_every_table(shape: ShapeClass) -> None:
    needed = {
        "poseidon": hashes(shape),
        "tree": shape.nodes,
        "order": actions(shape),
        "signature": shape.orders,
        "account": shape.accounts,
        "header": shape.accounts + renewed(shape),
        "trigger": shape.triggers,
        "position": shape.positions,
        "total": totals(shape),
        "market": MARKETS_MAX,
        "slot": shape.slots,
        "deposit": DEPOSITS_MAX,
        "fill": shape.trades,
        "takeover": shape.takeovers,
        "outflow": OUTFLOWS_MAX,
        "batch": 1,
    }
    rooms = {name: height - BLINDED for name, height in HEIGHTS[shape.name].items()}
    assert {name: count for name, count in needed.items() if count > rooms[name]} == {}


@pytest.mark.parametrize(("shape", "accounts", "leaves"), [(CLASS_S, 250, 80), (CLASS_M, 950, 80)])
def test_nodes_are_enough_for_accounts_as_far_apart_as_can_be(
    shape: ShapeClass, accounts: int, leaves: int
) -> None:
    """With some leaves of triggers on paths of their own below the sides of all markets. The larger
    class takes fewer accounts then than in a book where they are neighbours."""
    needed = nodes_far_apart(shape, ACCOUNT_BITS, accounts)
    assert needed + leaves * PLACE_BITS + TRIGGER_BITS < shape.nodes


@classes
def test_nodes_are_enough_for_all_leaves_of_triggers_in_a_book_of_a_million(
    shape: ShapeClass,
) -> None:
    """A leaf has less than two nodes of its own: those that a batch touches lie in few markets, and
    within the 512 leaves that a safety can reach."""
    accounts = min(shape.orders + DEPOSITS_MAX + 2, shape.accounts)
    needed = nodes_far_apart(shape, 20, accounts)
    assert needed + 2 * shape.triggers < shape.nodes


@classes
def test_there_is_a_signature_place_for_every_order(shape: ShapeClass) -> None:
    heights = HEIGHTS[shape.name]
    assert heights["ladder"] // LADDER_STRIDE == shape.orders
    used = LADDER_LEAD + LADDER_ROWS * shape.orders
    assert used <= heights["ladder"] - BLINDED


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
