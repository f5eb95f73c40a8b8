"""Table: a name, its columns and its constraints; `trace_graph` runs these once."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circuits.air.builder import Builder
from circuits.air.finish import finish_graph
from circuits.air.graph import Graph, Section
from circuits.air.layout import Layout, cell
from circuits.air.publics import NO_PUBLICS, PublicLayout


class Selectors(Layout):
    """Fixed columns of every table, before its own: first row, last active row, row number."""

    is_first = cell()
    is_last = cell()
    row_number = cell()


HEIGHT_MAX = 2**24
"""The largest subgroup of the field: no table can be taller."""


class NoFixed(Layout):
    """For tables without fixed columns of their own."""


FixedValues = Callable[[int], Mapping[str, Sequence[int]]]
"""From the height to the values of each own fixed column by name, canonical; the rest is 0."""


def no_fixed_values(height: int) -> Mapping[str, Sequence[int]]:
    """For tables without fixed columns of their own."""
    del height
    return {}


@dataclass(frozen=True)
class Table:
    """A table as its author declares it.

    `constraints` takes (air, row), or (air, now, after) where rows depend on each other.
    `height_max` is what its bounds assume where they sum over rows.
    """

    name: str
    columns: type[Layout]
    constraints: Callable[..., None]
    fixed: type[Layout] = NoFixed
    fixed_values: FixedValues = no_fixed_values
    height_max: int = HEIGHT_MAX

    @property
    def width(self) -> int:
        """Witness columns."""
        return self.columns.width()

    @property
    def fixed_width(self) -> int:
        """Fixed columns, the three selectors included."""
        return Selectors.width() + self.fixed.width()

    def trace_graph(self, publics: PublicLayout = NO_PUBLICS) -> Graph:
        """Run the constraints on symbolic rows. TracingError if they break a rule."""
        air = Builder(self.name, publics)
        shifts = range(len(inspect.signature(self.constraints).parameters) - 1)
        rows = [self._symbolic_row(air, shift) for shift in shifts]
        air.fixed = rows[0].fixed
        self.constraints(air, *rows)
        air.check_columns(self.columns.names(), self.columns.kinds())
        widths, messages = (self.width, self.fixed_width), air.marked_interactions()
        return finish_graph(self.name, widths, air.recorder, air.constraints, messages)

    def _symbolic_row(self, air: Builder, shift: int) -> Any:
        recorder = air.recorder
        row: Any = self.columns.bind(
            [recorder.column(Section.MAIN, i, shift) for i in range(self.width)]
        )
        fixed = [recorder.column(Section.FIXED, i, shift) for i in range(self.fixed_width)]
        row.first, row.last, row.index = fixed[: Selectors.width()]
        row.fixed = self.fixed.bind(fixed[Selectors.width() :])
        return row
