"""What a prover tells about a proof: seconds by phase, cells by table, bytes. Never a witness."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from circuits.stark.shape import Shape

Progress = Callable[[str, float], None]
"""Called with the name of a phase and its share of the work done so far, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TableCells:
    """Size of a table: base-field columns by phase, and committed witness cells (main, lookup)."""

    name: str
    height: int
    fixed: int
    main: int
    lookup: int

    @property
    def cells(self) -> int:
        """Witness cells: rows times main and lookup columns."""
        return self.height * (self.main + self.lookup)


@dataclass(slots=True)
class ProofReport:
    """The account of one proof. `phases_s` keeps the order in which phases ran; `cpu_s` counts all
    threads, `system_s` is the part of it that the kernel took."""

    parameter_set: str
    tables: tuple[TableCells, ...]
    quotient_cells: int
    phases_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    system_s: dict[str, float] = field(default_factory=dict)
    proof_bytes: int = 0

    @property
    def cells(self) -> int:
        """Committed witness cells of all tables, and those of the quotient."""
        return sum(table.cells for table in self.tables) + self.quotient_cells

    @property
    def seconds(self) -> float:
        """All phases together."""
        return sum(self.phases_s.values())


def report_for(shape: Shape) -> ProofReport:
    """An account with no phases yet."""
    tables = tuple(TableCells(table.name, table.height, *table.widths) for table in shape.tables)
    return ProofReport(shape.parameters.name, tables, shape.height * shape.quotient_width)


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
