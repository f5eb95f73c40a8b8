"""Cells of an order: what is built, of the circuit itself, and what levels would take on top.

*Built*: tables of the circuit; rows times columns, and half a lookup column for each message.
*Written*: the tables of `benchmarks.orders.levels`, whose constraints exist and were never traced.
*Simulated*: how many nodes are opened on the way to levels, times the cells of a node.
"""

from collections.abc import Mapping
from functools import cache

from benchmarks.orders import levels
from benchmarks.orders.book import Book, Nodes, measure, opened
from circuits.air.cost import EXTENSION_DEGREE
from circuits.air.table import Table
from circuits.commands.costs import transaction_cells
from circuits.stark.parameters import FAST
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.statement.inputs import PUBLICS
from rollup.protocol.bundle import ACTIONS_MAX
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.shape_class import CLASS_M

HASH = 159.5
"""Cells of a compression, as `transaction_cells` has it; a test compares."""

LINKED_LEAF = 90
"""Cells of a row of a linked list, estimated: key, next and count before and after, two orders of
keys, two digests, four messages. No table was written."""


@cache
def built() -> Mapping[str, float]:
    """Cells of what there is, by what it is for."""
    kinds = transaction_cells(shape_of(circuit(CLASS_M), FAST))
    return {kind: sum(parts.values()) for kind, parts in kinds.items()}


def node() -> float:
    """A node of a tree of the state: two hashes. Built."""
    return built()["a path to a slot"] / SLOT_BITS


def slot(nodes: float) -> float:
    """A touched slot with so many nodes of its own. Built."""
    return built()["a touched slot"] + nodes * node()


def signing(count: int) -> float:
    """Signature and row of an action, for each of so many under one signature. Built."""
    signature = built()["a signature"]
    if count > 1:
        signature += built()["a bundle's root"] + (count - 1) * built()["a node of a bundle"]
    return signature / count + built()["an order"]


def side_by_side(count: int) -> float:
    """Nodes for each of so many slots of an account that stand side by side."""
    return len(opened(range(count), SLOT_BITS)) / count


def parts() -> dict[str, float]:
    """What there is. Built."""
    return {
        "an action, with its digest": built()["an order"],
        "a signature": built()["a signature"],
        "a node of a bundle": built()["a node of a bundle"],
        "a slot, with its leaves": built()["a touched slot"],
        "a node of a slot tree": node(),
        "a fill": built()["a fill"],
    }


def fills() -> dict[str, float]:
    """A fill with slots and paths of their own, without accounts and positions. Built."""
    rests = slot(SLOT_BITS)
    signed = signing(1) + rests
    return {
        "both orders are signed alone in the batch": built()["a fill"] + 2 * signed,
        "one of them rests": built()["a fill"] + signed + rests,
        "both rest": built()["a fill"] + 2 * rests,
    }


def orders() -> dict[str, float]:
    """An order that comes to rest, with its slot and path. Built."""
    return {
        "signed alone": signing(1) + slot(SLOT_BITS),
        **{
            f"in a bundle of {count}, slots side by side": signing(count)
            + slot(side_by_side(count))
            for count in (2, 8, ACTIONS_MAX)
        },
    }


@cache
def row_cells(table: Table) -> float:
    """Of a row of a table that is written."""
    graph = table.trace_graph(PUBLICS)
    return graph.width + EXTENSION_DEGREE / 2 * len(graph.interactions)


def rows() -> dict[str, float]:
    """Cells of one row of each table that is written."""
    return {each.name: row_cells(each) for each in (levels.LEVELS, levels.LISTS, levels.WALK_TABLE)}


def walk_cells(nodes: float, fresh: float = 0) -> float:
    """Of nodes of a list, `fresh` of them hashed once. Written."""
    return nodes * (row_cells(levels.WALK_TABLE) + 2 * HASH) - fresh * HASH


def level_cells(nodes: Nodes) -> float:
    """Of a touched order's level, a mean. Simulated."""
    leaf = row_cells(levels.LEVELS) + 2 * HASH
    return nodes.leaves * leaf + walk_cells(nodes.tree + nodes.edge, nodes.fresh)


def level_choices(book: Book) -> dict[str, float]:
    """Cells for each touched order of a list, by how levels are held. Simulated."""
    found = measure(book)
    leaf = row_cells(levels.LEVELS) + 2 * HASH
    off_the_head = book.filled / book.touched
    return {
        "tree of levels": level_cells(found),
        "window of 1,024 steps": found.leaves * leaf + walk_cells(found.window),
        "linked list": (2 - off_the_head) * (LINKED_LEAF + 2 * HASH) + found.linked * node(),
        "leaf an order": walk_cells(found.by_order),
    }
