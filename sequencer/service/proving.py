"""Provers beside the venue: a thread waits for each, so that the venue need not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
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
    """What the daemon asks of whoever proves: several batches side by side, and no waiting."""

    @property
    def numbers(self) -> Collection[int]:
        """Batches that are being proved, or whose end was not taken yet."""

    @property
    def has_room(self) -> bool:
        """Whether another batch can begin."""

    def start(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        """Begin with a batch."""

    def take(self) -> ProofEnd | None:
        """How one of them ended, once it has; told once."""


class ProofThreads:
    """Provers side by side, each with a thread that waits for it while it has a batch.

    Daemon threads: an end at once does not wait for them.
    """

    def __init__(self, provers: Sequence[ReportingProver], progress: Progress) -> None:
        self._free = list(provers)
        self._progress = progress
        self._busy: dict[int, ReportingProver] = {}
        self._ends: SimpleQueue[ProofEnd] = SimpleQueue()

    @property
    def numbers(self) -> Collection[int]:
        """Batches that are being proved, or whose end was not taken yet."""
        return self._busy.keys()

    @property
    def has_room(self) -> bool:
        """Whether another batch can begin."""
        return bool(self._free)

    def start(self, number: int, header: bytes, batch: bytes, folder: Path) -> None:
        """Begin with a batch. RuntimeError if none is free, or one has this number."""
        if not self._free or number in self._busy:
            raise RuntimeError(f"batch {number} must wait: no prover is free for it")
        prover = self._busy[number] = self._free.pop()
        arguments = (prover, number, header, batch, folder)
        Thread(target=self._run, args=arguments, name="prover", daemon=True).start()

    def take(self) -> ProofEnd | None:
        """How one of them ended, once it has; told once."""
        try:
            end = self._ends.get_nowait()
        except Empty:
            return None
        self._free.append(self._busy.pop(end.number))
        return end

    def _run(
        self, prover: ReportingProver, number: int, header: bytes, batch: bytes, folder: Path
    ) -> None:
        try:
            prover.prove(batch, folder, self._progress)
        except Exception as error:  # whatever it is, the daemon decides what it means
            self._ends.put(ProofEnd(number, header, error))
        else:
            self._ends.put(ProofEnd(number, header))
