"""The development signers of a devnet: `crypsis oracle run` as a process that ends with this one,
and is started again where it is lost."""

from collections import deque
from collections.abc import Callable, Sequence
from subprocess import Popen
from threading import Event, Thread
from types import TracebackType
from typing import IO, Final, Self

from rollup.program.children import started
from sequencer.batches.prover import program

PAUSE_S: Final = 1.0
START_S: Final = 120.0
LINE_CHARACTERS_MAX: Final = 1 << 16


class SignersNotStarted(Exception):
    """The signers did not come up; says what they said last."""


class SignerProcess:
    """Signers that run. `say` hears when they were lost and started again."""

    def __init__(self, arguments: Sequence[str], say: Callable[[str], None]) -> None:
        """`arguments` of `crypsis oracle run`."""
        self._command = (program(), "oracle", "run", *arguments, "--json")
        self._say = say
        self._ends = Event()
        self._settled = Event()
        self._signs = False
        self._words: deque[str] = deque(maxlen=1)
        self._process: Popen[str] | None = None
        self._keeper = Thread(target=self._keep, name="signer-process", daemon=True)

    def __enter__(self) -> Self:
        """Wait until reports are there. SignersNotStarted if it ends instead, or takes too long."""
        self._keeper.start()
        if not self._settled.wait(START_S) or not self._signs:
            self.stop()
            raise SignersNotStarted(f"crypsis oracle run: {self._last_words()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

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
            if self._ends.is_set() or not self._signs:
                break
            self._say(f"the signers ended ({self._last_words()}): they are started again")
            self._ends.wait(PAUSE_S)
        self._settled.set()

    def _run(self) -> None:
        with started(self._command, apart=True) as process:
            self._process = process
            listener = Thread(target=self._listen, args=(process.stderr,), daemon=True)
            listener.start()
            if process.stdout is not None and process.stdout.readline(LINE_CHARACTERS_MAX):
                self._signs = process.poll() is None
                self._settled.set()
            if not self._ends.is_set():
                process.wait()
            listener.join(PAUSE_S)

    def _listen(self, stream: IO[str] | None) -> None:
        while stream is not None and (line := stream.readline(LINE_CHARACTERS_MAX)):
            self._words.append(line.strip())

    def _last_words(self) -> str:
        return next(iter(self._words), "they said nothing")
