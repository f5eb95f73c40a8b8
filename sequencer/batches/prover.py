"""The prover as another process: `crypsis prove`, started afresh and never forked.

The venue and the prover share two artefacts and no memory, so they can be two machines later.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Any

from rollup.codec import shallow_json
from rollup.codec.strict import CodecError
from rollup.entry import InstallationError
from rollup.native.memory import killed
from rollup.program.children import started
from rollup.program.exit_codes import ExitCode
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import CLASS_S
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.ports import Progress

PROGRAM = "crypsis"
TIMEOUT_S = 1800


class ProverError(Exception):
    """The prover could not be run, died, or was stopped. Says what it said last.

    `exit_code` is what it ended with, or TIMEOUT; None if it was not started.
    """

    def __init__(self, detail: str, exit_code: int | None = None) -> None:
        super().__init__(f"prover: {detail}")
        self.detail = detail
        self.exit_code = exit_code


def silent(_: str) -> None:
    """Report to nobody."""


class ProcessProver:
    """Implements the prover's port by a subprocess."""

    def __init__(
        self,
        parameter_set: str,
        command: Sequence[str] | None = None,
        timeout_s: float = TIMEOUT_S,
        shape_classes: Sequence[str] = (CLASS_S.name,),
    ) -> None:
        """`command` is what to start instead of the `crypsis` beside this interpreter. A batch of
        another class than these is refused."""
        self._options = ("--parameters", parameter_set, *class_options(shape_classes))
        self._statement = (shape_classes, parameter_set)
        self._command = tuple(command) if command is not None else (program(),)
        self._timeout_s = timeout_s

    def prove(self, batch: bytes, folder: Path, progress: Progress = silent) -> PublicInput:
        """Write the batch file, prove it in another process, and read what it is about.

        Raises Rejected, CodecError or ProverError.
        """
        files = BatchFolder(folder)
        files.write_batch(batch)
        arguments = ["prove", str(files.batch_file), "-o", str(folder)]
        self._run([*arguments, *self._options, "--json", "-v"], progress)
        return files.read_public()

    def _run(self, arguments: Sequence[str], progress: Progress) -> None:
        command = [*self._command, *arguments]
        said: list[str] = []
        try:
            with started(command) as process:
                listener = Thread(target=_listen, args=(process.stderr, progress, said))
                listener.daemon = True
                listener.start()
                answer = _answer(process, self._timeout_s)
                listener.join()
        except OSError as error:
            raise ProverError(f"cannot start {command[0]}: {error.strerror}") from error
        if process.returncode == -signal.SIGKILL:
            raise ProverError(killed(*self._statement), ExitCode.NO_MEMORY)
        if process.returncode != 0:
            raise failure(process.returncode, _record(answer), said)


def class_options(shape_classes: Sequence[str]) -> tuple[str, ...]:
    """Shape classes by name, as `crypsis prove` and its like are told them."""
    return tuple(word for each in shape_classes for word in ("--shape-class", each))


def program() -> str:
    """The `crypsis` beside this interpreter. InstallationError where there is none to start."""
    path = Path(sys.executable).with_name(PROGRAM)
    if not os.access(path, os.X_OK):
        raise InstallationError(
            f"{path} is missing, or cannot be executed: this program starts itself by it. Install "
            f"it anew, from its folder: {sys.executable} -m pip install --no-deps --editable ."
        )
    return str(path)


def _answer(process: "subprocess.Popen[str]", timeout_s: float) -> str:
    """All of standard output, once the process has ended."""
    collected: list[str] = []
    reader = Thread(target=_collect, args=(process.stdout, collected), daemon=True)
    reader.start()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise ProverError(f"no proof after {timeout_s:.0f} s", ExitCode.TIMEOUT) from None
    reader.join()
    return "".join(collected)


def _collect(stream: IO[str] | None, collected: list[str]) -> None:
    if stream is not None:
        collected.append(stream.read())


def _listen(stream: IO[str] | None, progress: Progress, said: list[str]) -> None:
    for line in stream or ():
        text = line.strip()
        if text:
            said.append(text)
            progress(text)


def _record(answer: str) -> Mapping[str, Any]:
    """What it printed, if that is an object."""
    try:
        record = shallow_json.loads(answer)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def failure(exit_code: int, record: Mapping[str, Any], said: Sequence[str]) -> Exception:
    """What the prover's last words mean."""
    message = str(record.get("error") or (said[-1] if said else "it said nothing"))
    reason = record.get("reason")
    if reason in tuple(Reason):
        detail = message.partition(f"{reason}: ")[2]
        return Rejected(Reason(str(reason)), detail)
    if exit_code == ExitCode.BAD_INPUT:
        return CodecError(message)
    return ProverError(f"exit code {exit_code}: {message}", exit_code)
