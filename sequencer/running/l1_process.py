"""The mock L1 of a devnet: `crypsis l1 up` as a process that ends with this one, and is started
again, on its port and its file, where it is lost."""

from collections import deque
from collections.abc import Callable, Sequence
from subprocess import Popen
from threading import Event, Thread
from types import TracebackType
from typing import IO, Final, Self

from rollup.codec import shallow_json
from rollup.program.children import started
from rollup.program.exit_codes import ExitCode
from sequencer.batches.prover import program

PAUSE_S: Final = 1.0
START_S: Final = 120.0
LINE_CHARACTERS_MAX: Final = 1 << 16
LAST_WORDS: Final = 5


class L1NotStarted(Exception):
    """The mock L1 did not come up; says what it said last. `exit_code` is the one that it said so
    with, or that of a program which ends without a word or takes too long."""

    def __init__(self, detail: str, exit_code: ExitCode) -> None:
        super().__init__(detail)
        self.exit_code = exit_code


class L1Process:
    """One mock L1. `say` hears when it was lost and started again."""

    def __init__(self, arguments: Sequence[str], port: int, say: Callable[[str], None]) -> None:
        """`arguments` of `crypsis l1 up`, beside its port; port 0 takes a free one, once.
        InstallationError where there is no `crypsis` to start."""
        self._program = program()
        self._arguments = tuple(arguments)
        self._port = port
        self._say = say
        self._ends = Event()
        self._ready = Event()
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._process: Popen[str] | None = None
        self._exit_code = ExitCode.INTERNAL
        self.url = ""
        self._keeper = Thread(target=self._keep, name="l1-process", daemon=True)

    def __enter__(self) -> Self:
        """Wait until it takes calls. L1NotStarted if it ends instead, or takes too long."""
        self._keeper.start()
        came = self._ready.wait(START_S)
        if not came or not self.url:
            self.stop()
            detail = f"crypsis l1 up: {self._last_words()}"
            raise L1NotStarted(detail, self._exit_code if came else ExitCode.TIMEOUT)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._process is None else self._process.pid

    def stop(self) -> None:
        """End it, and start it no more."""
        self._ends.set()
        if self._process is not None:
            self._process.terminate()
        self._keeper.join()

    def _keep(self) -> None:
        """Who starts a process must live as long as it may (`rollup.program.processes`)."""
        while not self._ends.is_set():
            try:
                self._run()
            except OSError as error:
                self._words.append(error.strerror or type(error).__name__)
            if self._ends.is_set() or not self.url:
                break
            self._say(f"the mock L1 ended ({self._last_words()}): it is started again")
            self._ends.wait(PAUSE_S)
        self._ready.set()

    def _run(self) -> None:
        command = (self._program, "l1", "up", "--port", str(self._port), *self._arguments, "--json")
        with started(command, apart=True) as process:
            self._process = process
            listener = Thread(target=self._listen, args=(process.stderr,), daemon=True)
            listener.start()
            self._hear(process.stdout)
            if not self._ends.is_set():
                process.wait()
            listener.join(PAUSE_S)

    def _hear(self, stream: IO[str] | None) -> None:
        """Its one line of standard output says where it is."""
        line = "" if stream is None else stream.readline(LINE_CHARACTERS_MAX)
        try:
            record = shallow_json.loads(line)
        except ValueError:
            return
        if isinstance(record, dict) and isinstance(record.get("url"), str):
            self.url = record["url"]
            self._port = int(self.url.rstrip("/").rpartition(":")[2])
            self._ready.set()
        elif isinstance(record, dict):
            self._words.append(str(record.get("error")))
            code = record.get("exit_code")
            self._exit_code = ExitCode(code) if code in tuple(ExitCode) else ExitCode.INTERNAL

    def _listen(self, stream: IO[str] | None) -> None:
        while stream is not None and (line := stream.readline(LINE_CHARACTERS_MAX)):
            self._words.append(line.strip())

    def _last_words(self) -> str:
        return next(filter(None, reversed(self._words)), "it said nothing")
