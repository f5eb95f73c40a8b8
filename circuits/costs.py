"""What a circuit costs to prove: cells by table and phase, from its shape alone."""

from dataclasses import dataclass

from circuits.stark.parameters import CHUNKS
from circuits.stark.shape import Phase, Shape, TableShape
from rollup.field.extension import DEGREE


@dataclass(frozen=True, slots=True)
class TableCost:
    """One table. Columns are of the base field, those of the masks included."""

    name: str
    height: int
    main_columns: int
    fixed_columns: int
    lookup_columns: int
    constraints: int
    messages: int

    @property
    def cells(self) -> int:
        """Main and lookup cells, blinded rows included; fixed columns are committed once."""
        return self.height * (self.main_columns + self.lookup_columns)

    def to_record(self) -> dict[str, object]:
        """For `--json` and `meta.json`."""
        return {
            "height": self.height,
            "main_columns": self.main_columns,
            "fixed_columns": self.fixed_columns,
            "lookup_columns": self.lookup_columns,
            "constraints": self.constraints,
            "messages": self.messages,
            "cells": self.cells,
        }


@dataclass(frozen=True, slots=True)
class Costs:
    """A whole circuit under a parameter set."""

    tables: tuple[TableCost, ...]
    quotient_cells: int

    @property
    def cells(self) -> int:
        """Committed base-field cells of a proof: all phases, padded."""
        return sum(table.cells for table in self.tables) + self.quotient_cells


def costs_of(shape: Shape) -> Costs:
    """The costs, tables in statement order."""
    quotient_cells = shape.height * (CHUNKS + 1) * DEGREE
    return Costs(tuple(_table_cost(table) for table in shape.tables), quotient_cells)


def _table_cost(table: TableShape) -> TableCost:
    return TableCost(
        name=table.name,
        height=table.height,
        main_columns=table.widths[Phase.MAIN],
        fixed_columns=table.widths[Phase.FIXED],
        lookup_columns=table.widths[Phase.LOOKUP],
        constraints=table.constraints,
        messages=len(table.tape.messages),
    )
