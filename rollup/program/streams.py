"""Standard streams of a command: output that is lost ends it, talk that is lost does not.

Python alone would end with exit code 1 or 120 and a traceback where standard output cannot be
written, and 1 says that a proof is invalid. What is checked here is the descriptor itself, so that
whoever prints, to a buffer or not, is covered.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from rollup.program.exit_codes import ExitCode

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT, STDERR = 1, 2


def guard_standard_streams(program: str) -> None:
    """From now on a failed write to stdout ends this process with one line and a code of its own;
    one to stderr is forgotten."""
    if sys.stdout is not None:
        sys.stdout = _text(_Results(program), sys.stdout)
    if sys.stderr is not None:
        sys.stderr = _text(_Talk(), sys.stderr)


class _Results(io.FileIO):
    """Standard output. After the first failure it takes everything and writes nothing, so that
    what is left in buffers cannot fail again."""

    def __init__(self, program: str) -> None:
        super().__init__(STDOUT, "w", closefd=False)
        self._program = program
        self._lost = False

    def write(self, data: "ReadableBuffer", /) -> int:
        """All of data, or SystemExit."""
        if self._lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            self._lost = True
            raise SystemExit(ExitCode.READER_GONE) from None
        except OSError as error:
            self._lost = True
            print(f"{self._program}: standard output: {error.strerror}", file=sys.stderr)
            raise SystemExit(ExitCode.CANNOT_WRITE) from None


class _Talk(io.FileIO):
    """Standard error: whoever does not read it misses progress and reasons, not the result."""

    def __init__(self) -> None:
        super().__init__(STDERR, "w", closefd=False)

    def write(self, data: "ReadableBuffer", /) -> int:
        """All of data, or none."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _text(raw: io.FileIO, old: TextIO) -> io.TextIOWrapper:
    """The stream that takes the place of `old`, with its encoding."""
    old.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=old.encoding,
        errors=old.errors,
        line_buffering=raw.fileno() == STDERR or os.isatty(raw.fileno()),
    )
