"""Provers side by side, each in a thread: who has room, and how each ended."""

from pathlib import Path
from threading import Event

import pytest

from rollup.protocol.public import PublicInput
from sequencer.batches.ports import Progress
from sequencer.batches.resident import ProverLost
from sequencer.service.proving import ProofEnd, ProofThreads

WAIT_S = 60.0


class Held:
    """A prover that ends when it is let go."""

    def __init__(self) -> None:
        self.go = Event()

    def prove(self, batch: bytes, folder: Path, progress: Progress) -> PublicInput:
        assert self.go.wait(WAIT_S)
        self.go.clear()
        raise ProverLost(batch.decode())


def taken(threads: ProofThreads) -> ProofEnd:
    while (end := threads.take()) is None:
        Event().wait(0.01)
    return end


def test_each_prover_has_one_batch_and_no_batch_two_provers(tmp_path: Path) -> None:
    first, second = Held(), Held()
    threads = ProofThreads([first, second], lambda _: None)
    threads.start(1, b"one", b"a", tmp_path)
    with pytest.raises(RuntimeError, match="batch 1 must wait"):
        threads.start(1, b"other", b"a", tmp_path)
    threads.start(2, b"two", b"b", tmp_path)
    assert not threads.has_room and set(threads.numbers) == {1, 2}
    with pytest.raises(RuntimeError, match="batch 3 must wait"):
        threads.start(3, b"three", b"c", tmp_path)
    assert threads.take() is None
    first.go.set()
    end = taken(threads)
    assert end.header in (b"one", b"two") and isinstance(end.error, ProverLost)
    assert threads.has_room and end.number not in threads.numbers
    second.go.set()
    assert {end.number, taken(threads).number} == {1, 2} and not threads.numbers
    threads.start(end.number, b"again", b"d", tmp_path)
    first.go.set()
    second.go.set()
    assert taken(threads).header == b"again"
