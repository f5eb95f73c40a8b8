"""Cells of an order today and as a slot's leaf, for each choice of ADR 0047.

Three kinds of figures, each marked in the table. *Built*: a table of the circuit. *Written*: a
table of `order_tables` or `order_signatures`, whose constraints exist and were never traced.
*Simulated*: how many nodes are opened on the way to levels, times the cells of a node.
A table's cells are rows times columns, and half a lookup column for each message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from benchmarks.orders import actions, levels, sides, state
from benchmarks.orders.book import BOOKS, Book, Nodes, measure, opened, slot_nodes
from benchmarks.orders.signatures import (
    SIGNED,
    comb_rows,
    comb_table,
    ladder_rows,
    ladder_table,
    signature_table,
)
from circuits.air.cost import EXTENSION_DEGREE
from circuits.air.table import Table
from circuits.commands.costs import transaction_cells
from circuits.stark.parameters import FAST
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.statement.inputs import PUBLICS
from circuits.tables.order.air import CHALLENGE_BLOCKS
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.shape_class import CLASS_M

HASH = 159.5
"""Cells of a compression, as `transaction_cells` has it; a test compares."""

NEAR_SLOT_BITS, NEAR_DEPTH = 4, 5
"""Sixteen slots of an account stand at depth 5, all others at depth 9."""

BUNDLE = 64
LINKED_LEAF = 90
"""Cells of a row of a linked list, estimated: key, next and count before and after, two orders of
keys, two digests, four messages. No table was written."""


@cache
def row_cells(table: Table) -> float:
    """Of a row of a table that is written."""
    graph = table.trace_graph(PUBLICS)
    return graph.width + EXTENSION_DEGREE / 2 * len(graph.interactions)


@cache
def built() -> Mapping[str, float]:
    """Cells of what there is, by what it is for."""
    kinds = transaction_cells(shape_of(circuit(CLASS_M), FAST))
    return {kind: sum(parts.values()) for kind, parts in kinds.items()}


@dataclass(frozen=True, slots=True)
class Signature:
    """Cells of one signature, by table."""

    name: str
    ladder: float
    comb: float
    row: float
    hashes: float

    @property
    def cells(self) -> float:
        """All of it."""
        return self.ladder + self.comb + self.row + self.hashes


def signature_built() -> Signature:
    """One ladder for both products: ADR 0048. Built."""
    ladder = built()["a signature"] - CHALLENGE_BLOCKS * HASH
    return Signature("one ladder", ladder, 0, row_cells(SIGNED), CHALLENGE_BLOCKS * HASH)


def signature(bits: int, per_row: int, bytes_a_row: int) -> Signature:
    """With windows of so many bits, in a ladder and a comb. Written."""
    ladder = ladder_rows(bits, per_row) * row_cells(ladder_table(bits, per_row))
    comb = comb_rows(bytes_a_row) * row_cells(comb_table(bytes_a_row))
    row, hashes = row_cells(signature_table(bits)), CHALLENGE_BLOCKS * HASH
    return Signature(
        f"{bits} bits, {per_row} a row; comb {bytes_a_row} a row", ladder, comb, row, hashes
    )


def node_cells(depth: float) -> float:
    """Of so many nodes of the account's own trees. Built."""
    return depth * built()["a path to a slot"] / SLOT_BITS


def walk_cells(nodes: float, fresh: float = 0) -> float:
    """Of nodes of a list, `fresh` of them hashed once. Written."""
    return nodes * (row_cells(levels.WALK_TABLE) + 2 * HASH) - fresh * HASH


def slot_row() -> float:
    """A touched slot and its leaf before and after. Written."""
    return row_cells(state.SLOT) + 2 * HASH


@cache
def busy() -> Nodes:
    """What the levels of a busy list take."""
    return measure(BOOKS[0])


def level_cells(nodes: Nodes) -> float:
    """Of a touched order's level, a mean. Simulated."""
    leaf = row_cells(levels.LEVELS) + 2 * HASH
    return nodes.leaves * leaf + walk_cells(nodes.tree + nodes.edge, nodes.fresh)


def fill_row() -> float:
    """The circuit's, less what a side says of its slot, plus what it will say. Written."""
    change = row_cells(sides.SIDE) - row_cells(sides.SIDE_TODAY)
    return built()["a fill"] + 2 * change


def order_today() -> float:
    """A signed order in a batch, without its slot. Built."""
    return built()["a signature"] + built()["an order"]


def slot_today() -> float:
    """Its slot, with a path of its own. Built."""
    return built()["a touched slot"] + built()["a path to a slot"]


def signing(count: int) -> float:
    """What was signed, for each of so many actions of a bundle. Written."""
    once = signature_built().cells + row_cells(actions.BUNDLE)
    once += row_cells(actions.SEQUENCE) + 3 * HASH
    branches = (count - 1) * (row_cells(actions.BRANCHES) + HASH)
    return (once + branches) / count + row_cells(actions.ACTIONS) + 2 * HASH


def bundle_slots() -> float:
    """Nodes for each slot of a bundle of 64 whose slots stand side by side."""
    return len(opened(range(BUNDLE), SLOT_BITS)) / BUNDLE


def signatures() -> tuple[Signature, ...]:
    """Windows that were looked at, what was before ADR 0048 first; then what is built."""
    widths = ((2, 2, 1), (2, 4, 2), (3, 2, 2), (4, 1, 2), (4, 2, 2), (4, 3, 2), (5, 1, 2))
    written = tuple(signature(*each) for each in (*widths, (6, 2, 2)))
    return (*written, signature_built())


def orders() -> dict[str, float]:
    """An order from signing it to its slot; its level is beside it."""
    bundled = signing(BUNDLE)
    scattered = slot_nodes(BUNDLE, SLOT_BITS)
    return {
        "today: signed, in one batch, with its slot": order_today() + slot_today(),
        "signed alone, far slot": signing(1) + slot_row() + node_cells(SLOT_BITS + 1),
        "signed alone, near slot": signing(1) + slot_row() + node_cells(NEAR_DEPTH),
        "in a bundle of 8, slots side by side": signing(8)
        + slot_row()
        + node_cells(len(opened(range(8), SLOT_BITS)) / 8),
        "in a bundle of 64, slots side by side": bundled + slot_row() + node_cells(bundle_slots()),
        "in a bundle of 64, any slots": bundled + slot_row() + node_cells(scattered),
    }


def fills() -> dict[str, float]:
    """A fill of two orders, without accounts, positions and what holds them."""
    side = slot_row() + node_cells(SLOT_BITS + 1)
    near = slot_row() + node_cells(NEAR_DEPTH)
    calm, full = level_cells(measure(BOOKS[1])), level_cells(busy())
    maker = slot_row() + node_cells(bundle_slots())
    return {
        "today": built()["a fill"] + 2 * (order_today() + slot_today()),
        "both rest and stay, far slots": fill_row() + 2 * side,
        "both rest and stay, near slots": fill_row() + 2 * near,
        "both rest and end, near slots, busy list": fill_row() + 2 * (near + full),
        "both rest and end, near slots, calm list": fill_row() + 2 * (near + calm),
        "both rest and end, far slots, calm list": fill_row() + 2 * (side + calm),
        "a maker's of 64, a near taker signed now": fill_row() + maker + full + near + signing(1),
    }


def quotes() -> dict[str, float]:
    """What a maker pays for an order that is not filled; today that is nothing. Simulated."""
    level = level_cells(measure(BOOKS[3]))
    action = signing(BUNDLE) + slot_row() + node_cells(bundle_slots())
    return {
        "quote placed, or cancelled, in a bundle of 64": action + level,
        "quote replaced in a bundle of 64": action + 2 * level,
        "64 quotes called off by cancel-all": signing(1),
        "one of them taken off its level when somebody comes to it": slot_row()
        + node_cells(bundle_slots())
        + level,
    }


def level_choices(book: Book) -> dict[str, float]:
    """Cells for each touched order of a list, by how levels are held. Simulated."""
    found = measure(book)
    leaf = row_cells(levels.LEVELS) + 2 * HASH
    off_the_head = book.filled / book.touched
    return {
        "tree of levels": level_cells(found),
        "window of 1,024 steps": found.leaves * leaf + walk_cells(found.window),
        "linked list": (2 - off_the_head) * (LINKED_LEAF + 2 * HASH) + node_cells(found.linked),
        "leaf an order": walk_cells(found.by_order),
    }


def rows() -> dict[str, float]:
    """Cells of one row of each table that is written, and what stands for it today."""
    written = (
        state.SLOT,
        actions.ACTIONS,
        actions.BUNDLE,
        actions.BRANCHES,
        actions.SEQUENCE,
        levels.LEVELS,
        levels.LISTS,
        levels.WALK_TABLE,
    )
    found = {table.name: row_cells(table) for table in written}
    found["a side of a fill: its slot"] = row_cells(sides.SIDE)
    found["the same today"] = row_cells(sides.SIDE_TODAY)
    return found
