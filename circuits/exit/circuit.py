"""The exit circuit: its tables and their heights. One shape for every account.

Three of its seven tables are the statement's own. Its base table has all windows, since it has a
comb. What is public is in `circuits.exit.inputs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from circuits.air.circuit import Circuit
from circuits.air.table import Table
from circuits.exit.buses import EXIT_BUSES
from circuits.exit.holding import TABLE as HOLDING
from circuits.exit.inputs import EXIT_PUBLICS
from circuits.exit.leaf import TABLE as LEAF
from circuits.tables.base.air import WHOLE_TABLE as BASE
from circuits.tables.comb import air as comb
from circuits.tables.poseidon.air import TABLE as POSEIDON
from circuits.tables.range.air import TABLE as RANGES
from circuits.tables.schedule import COMB_STRIDE
from circuits.tables.tree.air import TABLE as TREE


def _one_place(height: int) -> Mapping[str, Sequence[int]]:
    """The comb has room for more; one secret is asked for."""
    del height
    return comb.fixed_values(COMB_STRIDE)


COMB: Final = replace(comb.TABLE, fixed_values=_one_place)

EXIT_TABLES: Final = (POSEIDON, RANGES, TREE, BASE, COMB, LEAF, HOLDING)
"""In the order in which proofs hold them."""

EXIT_HEIGHTS: Final[Mapping[str, int]] = {
    "poseidon": 2**10,
    "range": 2**15,
    "tree": 2**10,
    "base": 2**13,
    "comb": 2**10,
    "exit": 2**10,
    "holding": 2**10,
}
"""Rows of each table, the blinded ones counted: the least that every parameter set blinds, and
what the fixed tables have."""


def exit_tables(heights: Mapping[str, int] = EXIT_HEIGHTS) -> list[tuple[Table, int]]:
    """The tables with their heights."""
    return [(table, heights[table.name]) for table in EXIT_TABLES]


@cache
def exit_circuit() -> Circuit:
    """The circuit, traced once a process."""
    return Circuit.build(exit_tables(), EXIT_PUBLICS, EXIT_BUSES)
