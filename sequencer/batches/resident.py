"""The prover that stays up: `crypsis prover serve`, started when it is wanted and after it died.

What it is asked and answers is in `circuits/commands/serve.py`. The venue believes none of it: what
was proved is read from the bundle, and L1 verifies the proof.
"""

import json
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from types import TracebackType
from typing import IO, Any, Final, Self

from rollup.codec import shallow_json
from rollup.native.memory import MemoryMode, killed
from rollup.program.children import GRACE_S, started
from rollup.program.exit_codes import ExitCode
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import CLASS_S
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.ports import Progress
from sequencer.batches.prover import (
    TIMEOUT_S,
    ProverError,
    class_options,
    failure,
    program,
    silent,
)

RETRIES_MAX: Final = 3
"""How often a batch is asked for again when its prover was lost. Each time it is a new process."""

LINE_CHARACTERS_MAX: Final = 1 << 20
"""More than any answer has: meta.json is a few KiB."""

LAST_WORDS: Final = 20
"""Lines of its talk that are kept, to say what a prover said before it died."""

PASSING: Final = {ExitCode.INTERNAL, ExitCode.NO_MEMORY, ExitCode.UNREACHABLE}
"""Answers that are about the process, or its cluster, and not about the batch: another process may
do better."""


class ProverLost(ProverError):
    """The process died, hung, or said what no prover says; the batch may be as it should be."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """The process is gone: its exit code, or why it could not be started."""

    exit_code: int | None
    why: str


class ResidentProver:
    """Implements the prover's port by one process, from `start` or the first batch until `stop`.

    A process that is lost is replaced, and its batch asked for again, RETRIES_MAX times or as often
    as the caller says; then ProverLost is raised. What the prover *answers* is believed at once: a
    batch that is rejected or malformed stays so.
    """

    def __init__(
        self,
        parameter_set: str,
        command: Sequence[str] | None = None,
        timeout_s: float = TIMEOUT_S,
        shape_classes: Sequence[str] = (CLASS_S.name,),
        cluster: str | None = None,
        retries: int = RETRIES_MAX,
        memory: MemoryMode = MemoryMode.AUTO,
    ) -> None:
        """`command` is what to start instead of the `crypsis` beside this interpreter; `timeout_s`
        is how long one attempt may take, start-up included. `shape_classes` are those of the
        batches that it is asked for: the first is warm when the process is ready, another is loaded
        with its first batch, and then both are kept. `cluster` is the address of a Dask
        scheduler whose workers make the proofs, which the process then verifies. `memory` is how it
        treats its rows on the evaluation domain (`rollup.native.memory`). With no `retries`
        a lost process is the caller's to count: the next batch, or the same again, has a new one.
        """
        elsewhere = () if cluster is None else ("--cluster", cluster)
        named = ("--parameters", parameter_set, "--memory", memory.value)
        options = (*named, *class_options(shape_classes), *elsewhere)
        begin = tuple(command) if command is not None else (program(),)
        self._command = (*begin, "prover", "serve", *options, "--json")
        self._statement = {"parameter_set": parameter_set, "shape_classes": list(shape_classes)}
        self._killed = killed(shape_classes, parameter_set, memory)
        self._timeout_s = timeout_s
        self._retries = retries
        self._turn = Lock()
        self._guard = Lock()
        self._process: _Process | None = None
        self._asked = 0
        self._stopped = False

    @property
    def has_ended(self) -> bool:
        """Whether no process of it runs: the next batch starts one."""
        return self._process is None or self._process.has_ended

    def start(self) -> None:
        """Start the process and return without waiting, so that it is warm when a batch comes."""
        self._running()

    def stop(self) -> None:
        """End the process; a batch under way ends with ProverError, and no other is taken."""
        with self._guard:
            self._stopped = True
            process = self._process
        if process is not None:
            process.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def prove(self, batch: bytes, folder: Path, progress: Progress = silent) -> PublicInput:
        """Write the batch file, have it proved, and read what the proof is about.

        Raises Rejected or CodecError for the batch; ProverError if there is no proof after all.
        """
        with self._turn:
            files = BatchFolder(folder)
            files.write_batch(batch)
            self._persist(files, progress)
            return files.read_public()

    def _persist(self, files: BatchFolder, progress: Progress) -> None:
        """Ask until there is an answer. ProverError with the last reason, if there is none."""
        for retries_left in range(self._retries, -1, -1):
            try:
                return self._attempt(files, progress)
            except ProverLost as error:
                self._give_up_process()
                if self._stopped:
                    raise ProverError("stopped") from error
                if not retries_left:
                    detail = f"no proof in {_attempts(self._retries)}, at last: {error.detail}"
                    raise ProverLost(detail, error.exit_code) from error
                progress(f"prover lost ({error.detail}): trying again, {retries_left} left")

    def _attempt(self, files: BatchFolder, progress: Progress) -> None:
        """Ask once, and hear it through. ProverLost if nobody answers."""
        deadline = monotonic() + self._timeout_s
        process = self._running()
        self._asked += 1
        paths = {"batch": str(files.batch_file.absolute()), "output": str(files.path.absolute())}
        process.ask({"id": self._asked, **paths})
        while True:
            said = self._hear(process, deadline)
            if said.get("ready") is True:
                self._require_statement(said)
            elif said.get("id") is None and "error" in said:
                raise ProverLost(str(said["error"]))
            elif said.get("id") != self._asked:
                raise ProverLost(f"an answer to request {self._asked} is wanted")
            elif "phase" in said:
                progress(_in_words(said))
            elif said.get("ok") is True:
                return
            else:
                raise _answered(said)

    def _hear(self, process: "_Process", deadline: float) -> dict[str, Any]:
        """The next object. ProverLost if the process ended, is too slow, or says something else."""
        try:
            said = process.said.get(timeout=max(0.0, deadline - monotonic()))
        except Empty:
            detail = f"no proof after {self._timeout_s:.0f} s"
            raise ProverLost(detail, ExitCode.TIMEOUT) from None
        if isinstance(said, _Ended):
            if said.exit_code is None:
                raise ProverError(f"cannot start {self._command[0]}: {said.why}")
            raise self._died(said)
        try:
            record = shallow_json.loads(said)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise ProverLost("a JSON object a line is wanted from it")
        return record

    def _require_statement(self, said: Mapping[str, Any]) -> None:
        for name, wanted in self._statement.items():
            if said.get(name) != wanted:
                raise ProverError(f"a prover with {name} {wanted} is wanted")

    def _died(self, ended: _Ended) -> ProverLost:
        if ended.exit_code == -signal.SIGKILL:
            return ProverLost(self._killed, ExitCode.NO_MEMORY)
        return ProverLost(f"exit code {ended.exit_code}: {ended.why}", ended.exit_code)

    def _running(self) -> "_Process":
        """The process, a new one if there is none."""
        with self._guard:  # `stop` sees every process, or none is started
            if self._stopped:
                raise ProverError("stopped")
            if self._process is None or self._process.has_ended:
                self._process = _Process(self._command)
            return self._process

    def _give_up_process(self) -> None:
        if self._process is not None:
            self._process.end()
        self._process = None


class _Process:
    """One process, with a thread that starts it and hands over what it says, line by line.

    The thread that started it must live as long as it may: Linux ends it with that thread
    (`rollup.program.processes`). Who asks for a proof may be a thread that comes and goes.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.said: SimpleQueue[str | _Ended] = SimpleQueue()
        self._begun: SimpleQueue[subprocess.Popen[str] | None] = SimpleQueue()
        self._talk: deque[str] = deque(maxlen=LAST_WORDS)
        self._keeper = Thread(target=self._keep, args=(command,), daemon=True)
        self._keeper.start()
        self._process = self._begun.get()

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, or was never there."""
        return self._process is None or self._process.poll() is not None

    def ask(self, request: Mapping[str, object]) -> None:
        """Send a request. Whether it was read shows in what is heard."""
        if self._process is None or self._process.stdin is None:
            return
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            return  # it is gone, and `said` ends with why

    def end(self) -> None:
        """Ask it to end, then make it."""
        if self._process is None:
            return
        self._process.terminate()
        self._keeper.join(GRACE_S)
        if self._keeper.is_alive():
            self._process.kill()
            self._keeper.join(GRACE_S)

    def _keep(self, command: Sequence[str]) -> None:
        try:
            with started(command, takes_input=True, apart=True) as process:
                listener = Thread(target=self._listen, args=(process.stderr,), daemon=True)
                listener.start()
                self._begun.put(process)
                self._read(process.stdout)
                _wait(process)
                listener.join(GRACE_S)
        except OSError as error:
            self.said.put(_Ended(None, error.strerror or type(error).__name__))
            self._begun.put(None)
        else:
            self.said.put(_Ended(process.returncode, self._last_words()))

    def _read(self, stream: IO[str] | None) -> None:
        while stream is not None and (line := stream.readline(LINE_CHARACTERS_MAX)):
            self.said.put(line)

    def _listen(self, stream: IO[str] | None) -> None:
        while stream is not None and (line := stream.readline(LINE_CHARACTERS_MAX)):
            self._talk.append(line.strip())

    def _last_words(self) -> str:
        return next(filter(None, reversed(self._talk)), "it said nothing")


def _wait(process: "subprocess.Popen[str]") -> None:
    """Who closes its output is about to end: with an exit code of its own, if it is given time."""
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        return


def _attempts(retries: int) -> str:
    return f"{retries + 1} attempts" if retries else "an attempt"


def _in_words(said: Mapping[str, Any]) -> str:
    share = said.get("share")
    done = f" ({share:.0%} done)" if isinstance(share, int | float) else ""
    return f"{said['phase']}{done}"


def _answered(said: Mapping[str, Any]) -> Exception:
    """What an answer without a proof means."""
    exit_code = said.get("exit_code")
    if not isinstance(exit_code, int):
        return ProverLost("an answer with `ok` or an exit code is wanted")
    found = failure(exit_code, said, ())
    if isinstance(found, ProverError) and exit_code in PASSING:
        return ProverLost(found.detail, exit_code)
    return found
