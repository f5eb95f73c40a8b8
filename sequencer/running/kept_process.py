"""A program that a venue rests on: a process that ends with this one, and is started again where it
is lost."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from subprocess import Popen
from threading import Event, Thread
from typing import IO, ClassVar, Final, Self

from rollup.codec import shallow_json
from rollup.program.children import started
from rollup.program.exit_codes import ExitCode
from rollup.program.resource import Resource
from sequencer.batches.prover import program

PAUSE_S: Final = 1.0
START_S: Final = 120.0
LINE_CHARACTERS_MAX: Final = 1 << 16
LAST_WORDS: Final = 5


class NotStarted(Exception):
    """The program did not come up; says what it said last. `exit_code` is the one that it said so
    with, or that of a program which ends without a word or takes too long."""

    def __init__(self, detail: str, exit_code: ExitCode) -> None:
        super().__init__(detail)
        self.exit_code = exit_code


class KeptProcess(Resource, ABC):
    """One program of ours, `crypsis` with some words. `say` hears when it was lost and started
    again. It is ready once its one line of standard output, an object of JSON, says so."""

    words: ClassVar[tuple[str, ...]]
    name: ClassVar[str]
    starts_again = True
    """Whether it goes on where it was, once it is started again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """InstallationError where there is no `crypsis` to start."""
        self._program = program()
        self._say = say
        self._ends = Event()
        self._settled = Event()
        self._was_ready = False
        self._last: deque[str] = deque(maxlen=LAST_WORDS)
        self._process: Popen[str] | None = None
        self._exit_code = ExitCode.INTERNAL
        self._keeper = Thread(target=self._keep, name=f"{self.words[0]}-process", daemon=True)

    def __enter__(self) -> Self:
        """Wait until it is ready. NotStarted if it ends instead, or takes too long."""
        self._keeper.start()
        came = self._settled.wait(START_S)
        if not came or not self._was_ready:
            self.close()
            detail = f"crypsis {' '.join(self.words)}: {self._last_words()}"
            raise NotStarted(detail, self._exit_code if came else ExitCode.TIMEOUT)
        return self

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End it, and start it no more."""
        self._ends.set()
        if self._process is not None:
            self._process.terminate()
        self._keeper.join()

    @abstractmethod
    def _arguments(self) -> Sequence[str]:
        """What follows its words, each time that it is started."""

    @abstractmethod
    def _is_ready(self, record: dict[str, object]) -> bool:
        """Whether what it says means that it is ready, and not what went wrong."""

    def _keep(self) -> None:
        """Who starts a process must live as long as it may (`rollup.program.processes`)."""
        while not self._ends.is_set():
            try:
                self._run()
            except OSError as error:
                self._last.append(error.strerror or type(error).__name__)
            if self._ends.is_set() or not self._was_ready:
                break
            if not self.starts_again:
                self._say(f"{self.name} ended ({self._last_words()}), and what it held is lost")
                break
            self._say(f"{self.name} ended ({self._last_words()}): started again")
            self._ends.wait(PAUSE_S)
        self._settled.set()

    def _run(self) -> None:
        command = (self._program, *self.words, *self._arguments(), "--json")
        with started(command, apart=True) as process:
            self._process = process
            listener = Thread(target=self._listen, args=(process.stderr,), daemon=True)
            listener.start()
            self._hear(process.stdout)
            if not self._ends.is_set():
                process.wait()
            listener.join(PAUSE_S)

    def _hear(self, stream: IO[str] | None) -> None:
        line = "" if stream is None else stream.readline(LINE_CHARACTERS_MAX)
        try:
            record = shallow_json.loads(line)
        except ValueError:
            return
        if not isinstance(record, dict):
            return
        if self._is_ready(record):
            self._was_ready = True
            self._settled.set()
        else:
            self._last.append(str(record.get("error")))
            code = record.get("exit_code")
            self._exit_code = ExitCode(code) if code in tuple(ExitCode) else ExitCode.INTERNAL

    def _listen(self, stream: IO[str] | None) -> None:
        while stream is not None and (line := stream.readline(LINE_CHARACTERS_MAX)):
            self._last.append(line.strip())
            self._overhear(line.strip())

    def _overhear(self, line: str) -> None:
        """A line of its standard error, as it comes."""

    def _last_words(self) -> str:
        return next(filter(None, reversed(self._last)), "it said nothing")


class ServingProcess(KeptProcess):
    """One that serves, and says where: at the same port again whenever it is started again."""

    def __init__(self, say: Callable[[str], None], port: int = 0) -> None:
        """Port 0 takes a free one, once."""
        super().__init__(say)
        self._port = port
        self.url = ""

    def _is_ready(self, record: dict[str, object]) -> bool:
        """It says where it is."""
        url = record.get("url")
        if not isinstance(url, str):
            return False
        self.url = url
        self._port = int(url.rstrip("/").rpartition(":")[2])
        return True
