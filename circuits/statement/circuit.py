"""The statement: which tables, and with which heights in each shape class.

What is public about a batch is in `circuits.statement.inputs`.
"""

from collections.abc import Mapping
from functools import cache

from circuits.air.circuit import Circuit
from circuits.air.table import Table
from circuits.gadgets.buses import BUSES
from circuits.statement.inputs import PUBLICS
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.base.air import TABLE as BASE
from circuits.tables.batch.air import table as batch_table
from circuits.tables.deposit.air import TABLE as DEPOSITS
from circuits.tables.fill.air import table as fill_table
from circuits.tables.header.air import TABLE as HEADER
from circuits.tables.ladder.air import TABLE as LADDER
from circuits.tables.market.air import TABLE as MARKET
from circuits.tables.order.air import TABLE as ORDERS
from circuits.tables.outflow.air import TABLE as OUTFLOWS
from circuits.tables.poseidon.air import TABLE as POSEIDON
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.range.air import TABLE as RANGES
from circuits.tables.signature.air import table as signature_table
from circuits.tables.slot.air import TABLE as SLOT
from circuits.tables.takeover.air import table as takeover_table
from circuits.tables.total.air import TABLE as TOTAL
from circuits.tables.tree.air import TABLE as TREE
from circuits.tables.trigger.air import TABLE as TRIGGERS
from rollup.protocol.shape_class import CLASS_M, CLASS_R, CLASS_S, ShapeClass

_SAME_IN_ALL = {
    "base": 2**10,
    "market": 2**10,
    "outflow": 2**10,
    "deposit": 2**10,
    "batch": 2**10,
}

HEIGHTS: Mapping[str, Mapping[str, int]] = {
    CLASS_S.name: {
        "poseidon": 2**15,
        "range": 2**15,
        "tree": 2**14,
        "ladder": 2**12,
        "signature": 2**10,
        "order": 2**10,
        "fill": 2**10,
        "takeover": 2**10,
        "account": 2**10,
        "header": 2**10,
        "position": 2**10,
        "total": 2**10,
        "trigger": 2**11,
        "slot": 2**10,
        **_SAME_IN_ALL,
    },
    CLASS_M.name: {
        "poseidon": 2**17,
        "range": 2**16,
        "tree": 2**16,
        "ladder": 2**15,
        "signature": 2**12,
        "order": 2**12,
        "fill": 2**11,
        "takeover": 2**11,
        "account": 2**11,
        "header": 2**11,
        "position": 2**12,
        "total": 2**11,
        "trigger": 2**12,
        "slot": 2**12,
        **_SAME_IN_ALL,
    },
    CLASS_R.name: {
        "poseidon": 2**17,
        "range": 2**16,
        "tree": 2**16,
        "ladder": 2**12,
        "signature": 2**10,
        "order": 2**10,
        "fill": 2**10,
        "takeover": 2**10,
        "account": 2**12,
        "header": 2**12,
        "position": 2**13,
        "total": 2**13,
        "trigger": 2**12,
        "slot": 2**10,
        **_SAME_IN_ALL,
    },
}
"""Rows of each table by shape class, the blinded ones counted. Every batch of a class has this
shape, an empty one too, so a proof does not tell how much was traded. Tables of one height share
their running sum and mask, so that the range table is as high as its next."""


def circuit(shape_class: ShapeClass = CLASS_S) -> Circuit:
    """The circuit of the statement for a shape class, traced once a process."""
    return _circuit(shape_class)


@cache
def _circuit(shape_class: ShapeClass) -> Circuit:
    return circuit_with(HEIGHTS[shape_class.name], shape_class)


def tables(shape_class: ShapeClass) -> tuple[Table, ...]:
    """All tables with room for a shape class, in the order in which proofs hold them."""
    return (
        POSEIDON,
        RANGES,
        TREE,
        BASE,
        LADDER,
        signature_table(shape_class.orders),
        ORDERS,
        fill_table(shape_class.trades),
        takeover_table(shape_class.takeovers),
        OUTFLOWS,
        ACCOUNT,
        HEADER,
        POSITION,
        TOTAL,
        MARKET,
        TRIGGERS,
        SLOT,
        DEPOSITS,
        batch_table(shape_class),
    )


def circuit_with(heights: Mapping[str, int], shape_class: ShapeClass) -> Circuit:
    """The same tables with other heights: for tests, which need not fill a whole shape class."""
    placed = [(table, heights[table.name]) for table in tables(shape_class)]
    return Circuit.build(placed, PUBLICS, BUSES)
