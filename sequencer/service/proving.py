"""One prover at a time, beside the venue: a thread waits for it, so that the venue need not."""

from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Protocol

from sequencer.batches.ports import Progress, ReportingProver


@dataclass(frozen=True, slots=True)
class ProofEnd:
    """A prover came to an end with a batch; `error` says how, None for a bundle in its folder.

    `header` is the digest of the header that the batch had when it was begun.
    """

    number: int
    header: bytes
    error: Exception | None = None


class Proving(Protocol):
    """What the daemon asks of whoever proves: one batch at a time, and no waiting."""

    @property
    def is_busy(self) -> bool:
        """Whether a batch is being proved, or an end was not taken yet."""

    def start(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        """Begin with a batch."""

    def take(self) -> ProofEnd | None:
        """How the last one ended, once it has; told once."""


class ProofThread:
    """Runs a prover's port in a thread. A daemon thread: an end at once does not wait for it."""

    def __init__(self, prover: ReportingProver, progress: Progress) -> None:
        self._prover = prover
        self._progress = progress
        self._thread: Thread | None = None
        self._end: ProofEnd | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a batch is being proved, or an end was not taken yet."""
        return self._thread is not None

    def start(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        """Begin with a batch."""
        if self._thread is not None:
            raise RuntimeError(f"batch {number} must wait: another one is being proved")
        arguments = (number, header, batch, folder)
        self._thread = Thread(target=self._run, args=arguments, name="prover", daemon=True)
        self._thread.start()

    def take(self) -> ProofEnd | None:
        """How the last one ended, once it has; told once."""
        if self._thread is None or self._thread.is_alive():
            return None
        found, self._thread, self._end = self._end, None, None
        return found

    def _run(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        try:
            self._prover.prove(batch, folder, self._progress)
        except Exception as error:  # whatever it is, the daemon decides what it means
            self._end = ProofEnd(number, header, error)
        else:
            self._end = ProofEnd(number, header)
