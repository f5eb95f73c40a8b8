"""What a prover tells about a proof: seconds by phase, cells by table, bytes. Never a witness."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE

Progress = Callable[[str, float], None]
"""Called with the name of a phase and its share of the work done so far, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TableCells:
    """Size of a table: its main columns, and its messages, two of which take a lookup column."""

    name: str
    height: int
    main: int
    messages: int

    def cells(self, rows: int) -> int:
        """Committed witness cells of so many rows; a half is dropped."""
        return rows * self.main + rows * DEGREE * self.messages // 2


@dataclass(slots=True)
class ProofReport:
    """The account of one proof.

    `shared_cells` are running sums, masks, and halves of lookup columns without a second message;
    `phases_s` keeps the order in which phases ran; `cpu_s` counts all threads, `system_s` is the
    part of it that the kernel took.
    """

    parameter_set: str
    tables: tuple[TableCells, ...]
    shared_cells: int
    quotient_cells: int
    phases_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    system_s: dict[str, float] = field(default_factory=dict)
    proof_bytes: int = 0

    @property
    def cells(self) -> int:
        """Committed witness cells: of all tables, what they share, and the quotient's."""
        own = sum(table.cells(table.height) for table in self.tables)
        return own + self.shared_cells + self.quotient_cells

    @property
    def seconds(self) -> float:
        """All phases together."""
        return sum(self.phases_s.values())


def report_for(shape: Shape) -> ProofReport:
    """An account with no phases yet."""
    placed = sorted(
        (table.number, group.height, table) for group in shape.groups for table in group.tables
    )
    tables = [
        TableCells(table.name, height, table.stop - table.start, table.messages)
        for _, height, table in placed
    ]
    columns = sum(
        group.height * (group.widths[Phase.MAIN] + group.widths[Phase.LOOKUP])
        for group in shape.groups
    )
    shared = columns - sum(table.cells(table.height) for table in tables)
    quotient = shape.height * shape.quotient_width
    return ProofReport(shape.parameters.name, tuple(tables), shared, quotient)


_PHASES = ("main", "lookup", "quotient", "opening", "batch", "folds", "queries")


class Clock:
    """Times phases into a report and tells a listener."""

    def __init__(self, report: ProofReport, progress: Progress | None) -> None:
        self._report = report
        self._progress = progress

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase; several spans of one name add up."""
        if self._progress is not None:
            self._progress(name, _PHASES.index(name) / len(_PHASES))
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        yield
        after = resource.getrusage(resource.RUSAGE_SELF)
        system = after.ru_stime - before.ru_stime
        _add(self._report.phases_s, name, time.perf_counter() - start)
        _add(self._report.cpu_s, name, after.ru_utime - before.ru_utime + system)
        _add(self._report.system_s, name, system)


def _add(spans: dict[str, float], name: str, spent: float) -> None:
    spans[name] = spans.get(name, 0.0) + spent
