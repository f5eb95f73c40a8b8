"""The circuit of the statement as its prover takes it: packaged, nothing traced.

What the package holds equals what the sources say (tests/golden/test_key.py). The base table gets
its fixed columns by the kernel.
"""

from functools import cache

from circuits.gadgets.buses import BUSES
from circuits.stark.lowered import PackagedCircuit
from circuits.statement.circuit import HEIGHTS, tables
from circuits.statement.inputs import PUBLICS
from circuits.statement.pinned import packaged_circuit, packaged_messages
from circuits.tables.base.air import TABLE as BASE
from circuits.tables.base.trace import TABLE_BY_KERNEL
from rollup.protocol.shape_class import ShapeClass


@cache
def proving_circuit(shape_class: ShapeClass) -> PackagedCircuit:
    """The circuit of a shape class for a prover and its witnesses.

    FileNotFoundError or ValueError if the installation is damaged.
    """
    heights = HEIGHTS[shape_class.name]
    placed = [
        (TABLE_BY_KERNEL if table is BASE else table, heights[table.name])
        for table in tables(shape_class)
    ]
    packaged = packaged_circuit(shape_class), packaged_messages(shape_class)
    return PackagedCircuit.of(placed, (PUBLICS, BUSES), *packaged)
