"""`crypsis prover serve`: one prover that stays up and proves whatever it is asked, in turn.

One JSON object a line, requests on standard input and answers on standard output:

    ready     {"ready": true, "parameter_set", "shape_classes", "memory"}, first and once
    request   {"id", "batch", "output"}: prove this file into this folder
    progress  {"id", "phase", "share"}, any number of them
    answer    {"id", "ok": true, ...what meta.json says}
    or        {"id", "error", "reason", "exit_code"}, as `crypsis prove` would have ended

A batch file names its shape class, which is one of these: the fixed tables of the first are loaded
when it is ready, those of another with its first batch.

Nothing is read ahead, so whatever waits is in the pipe, and is nobody's when the prover ends.
"""

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from circuits.commands.no_proof import no_proof
from circuits.commands.warm import warm_prover
from circuits.prove import Bundle, Report, StarkProver, require_room
from rollup.codec import shallow_json
from rollup.files import PUBLIC_FOLDER, read_bounded
from rollup.native.memory import MemoryMode, resident_bytes, return_freed_memory
from rollup.program.cli import CommandError, ExitCode, command_error, input_file
from rollup.protocol.batch_codec import BATCH_BYTES_MAX

Answer = Callable[[Mapping[str, object]], None]
"""Sends one object."""


class BundleProver(Protocol):
    """Whoever makes the proofs: `circuits.prove.StarkProver` here, or workers elsewhere."""

    @property
    def statement(self) -> dict[str, Any]:
        """What it proves and with what, by name: `parameter_set`, `shape_classes`, `memory`."""

    def prove_bundle(self, batch: bytes, report: Report) -> Bundle:
        """A bundle, or why there is none."""


REQUEST_BYTES_MAX: Final = 1 << 14
"""A request is a number and two paths, of at most 4 KiB each on Linux."""

GROWTH_MAX_PERCENT: Final = 105
"""Memory after a batch, as a share of that after the first, from which freed blocks go back."""

ID_LENGTH_MAX: Final = 100
MEMBERS: Final = frozenset({"id", "batch", "output"})


class RequestError(Exception):
    """A line that is no request. `id` is the one that it names, if it names one."""

    def __init__(self, detail: str, request_id: str | int | None = None) -> None:
        super().__init__(f"request: {detail}")
        self.id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """Prove a batch file into a folder; every answer carries `id`."""

    id: str | int
    batch: Path
    output: Path

    @classmethod
    def of(cls, line: bytes) -> "Request":
        """Read a line. RequestError if it is anything else than a request."""
        try:
            record = shallow_json.loads(line.decode("utf-8"))
        except ValueError:
            raise RequestError("one JSON object a line is wanted") from None
        if not isinstance(record, dict):
            raise RequestError("a JSON object is wanted")
        name = record.get("id")
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise RequestError("`id` is a string or a whole number")
        if len(str(name)) > ID_LENGTH_MAX:
            raise RequestError(f"`id` has at most {ID_LENGTH_MAX} characters")
        if set(record) != MEMBERS:
            raise RequestError(f"the members {', '.join(sorted(MEMBERS))} are wanted", name)
        batch, output = record["batch"], record["output"]
        if not _is_path(batch) or not _is_path(output):
            raise RequestError("`batch` and `output` are paths", name)
        return cls(name, Path(batch), Path(output))


def _is_path(value: object) -> bool:
    """Whether the system has a name for it."""
    try:
        return isinstance(value, str) and value != "" and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def serve(prover: BundleProver, requests: BinaryIO, answer: Answer) -> None:
    """Get warm where proofs are made here, say so, and answer every request, until no more come."""
    if isinstance(prover, StarkProver):
        warm_prover(prover)
    gc.collect()
    gc.freeze()  # circuit and tapes stay: no search for cycles needs to walk over them again
    answer({"ready": True, **prover.statement})
    answer_all(prover, requests, answer)


def answer_all(prover: BundleProver, requests: BinaryIO, answer: Answer) -> None:
    """Answer every request, in turn.

    What is wrong with a request or its batch is answered, and the next one is read. A fault of this
    program is answered too, and then raised: what it left behind nobody knows.
    """
    heap = _Heap()
    for line in _lines(requests):
        try:
            request = Request.of(line)
        except RequestError as error:
            wrong = CommandError(ExitCode.USAGE, str(error))
            answer(_failure(error.id, wrong))
            continue
        if _answer(prover, request, answer):
            heap.settle()


class _Heap:
    """Keeps memory what it was after the first batch.

    Freed blocks are kept for the next batch (`keep_freed_memory`), but never fit together quite as
    before: over a hundred batches that costs an eighth. So they go back to the system whenever
    there are too many of them, and are cleared again once, instead of with every batch.
    """

    def __init__(self) -> None:
        self._first = 0

    def settle(self) -> None:
        """After a proof, when whatever it needed is free again."""
        held = resident_bytes()
        if self._first == 0:
            self._first = held
        elif held > self._first * GROWTH_MAX_PERCENT // 100:
            return_freed_memory()


def _lines(requests: BinaryIO) -> Iterator[bytes]:
    """Lines as they come. CommandError for one that is too long: where it ends nobody knows."""
    while line := requests.readline(REQUEST_BYTES_MAX):
        if not line.endswith(b"\n") and len(line) == REQUEST_BYTES_MAX:
            detail = f"request: a line of at most {REQUEST_BYTES_MAX} bytes is wanted"
            raise CommandError(ExitCode.USAGE, detail)
        if line.strip():
            yield line


def _answer(prover: BundleProver, request: Request, answer: Answer) -> bool:
    """Prove, and say how it went; whether there is a proof."""
    try:
        meta = _prove(prover, request, answer)
    except Exception as error:
        known = error if isinstance(error, CommandError) else command_error(error)
        answer(_failure(request.id, known))
        if known.exit_code == ExitCode.INTERNAL:
            raise known from None
        return False
    bundle = str(request.output / PUBLIC_FOLDER)
    answer({"id": request.id, "ok": True, "bundle": bundle, **meta})
    return True


def _prove(prover: BundleProver, request: Request, answer: Answer) -> dict[str, object]:
    """Read, prove and write one batch; what meta.json says of it."""

    def report(phase: str, share: float) -> None:
        answer({"id": request.id, "phase": phase, "share": round(share, 3)})

    names = prover.statement
    classes, memory = names["shape_classes"], MemoryMode(names["memory"])
    with no_proof(names["parameter_set"], *classes, memory=memory):
        require_room(request.output)
        batch = read_bounded(request.batch, BATCH_BYTES_MAX)
        with input_file(request.batch):
            bundle = prover.prove_bundle(batch, report)
        bundle.write(request.output)
    return bundle.meta


def _failure(request_id: str | int | None, error: CommandError) -> dict[str, object]:
    said = {"error": error.message, "reason": None, **error.record}
    return {"id": request_id, **said, "exit_code": int(error.exit_code)}
