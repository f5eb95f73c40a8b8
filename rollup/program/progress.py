"""A bar on standard error while something long runs, where there is a terminal to show it on."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

from rollup.program.cli import Output

_BAR_WIDTH: Final = 30


class ProgressScreen:
    """Shows one task: its words, a bar, what `columns` say more, and the time. It is gone at the
    end. Whoever derives from this says how far it is."""

    def __init__(
        self,
        output: Output,
        words: str,
        total: int | None,
        *columns: ProgressColumn,
        first: tuple[ProgressColumn, ...] = (),
    ) -> None:
        """`first` are columns before the words."""
        self._output = output
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            *first,
            TextColumn("{task.description}"),
            BarColumn(bar_width=_BAR_WIDTH),
            *columns,
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not output.shows_progress,
        )
        self._task = self._progress.add_task(words, total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()
