"""The prover that stays up, as a process: batch after batch, and every way it ends."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from rollup.codec.strict import CodecError
from rollup.installed import installed_verifier
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.resident import ResidentProver
from tests.helpers.descendants import children, lives, needs_proc, wait_until
from tests.helpers.program import PROGRAM, Demo

pytestmark = needs_proc

BATCHES = 13
"""Twelve whose memory counts, and one that is under way when the input ends."""

GROWTH_MAX = 1.15
ENDED_WITHIN_S = 15


class Served:
    """A running `crypsis prover serve` that said that it is ready."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None and process.stdout is not None
        self.process = process
        self.stdin: IO[str] = process.stdin
        self._stdout: IO[str] = process.stdout
        self.ready = self.hear()

    def hear(self) -> dict[str, Any]:
        record = json.loads(self._stdout.readline())
        assert isinstance(record, dict)
        return record

    def ask(self, name: object, batch: Path, output: Path) -> None:
        request = {"id": name, "batch": str(batch), "output": str(output)}
        self.stdin.write(json.dumps(request) + "\n")
        self.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What comes after the phases."""
        while "phase" in (record := self.hear()):
            assert 0 <= record["share"] < 1
        return record

    def resident_bytes(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving() -> Iterator[Served]:
    """Ends it whatever happens."""
    with subprocess.Popen(
        [PROGRAM, "prover", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


def test_one_process_proves_two_batches_for_the_venue_and_refuses_one_between_them(
    demo: Demo, tmp_path: Path
) -> None:
    others, processes = set(children(os.getpid())), []
    verifier = installed_verifier("fast", "S")
    said: list[str] = []
    with ResidentProver("fast") as prover:
        for number in (1, 2):
            batch = BatchFolder(demo.batch(number))
            public = prover.prove(
                batch.batch_file.read_bytes(), tmp_path / str(number), said.append
            )
            processes.append(set(children(os.getpid())) - others)
            proved = BatchFolder(tmp_path / str(number))
            assert public == batch.read_public() == proved.read_public()
            verifier.verify(public, proved.read_proof())
            assert proved.read_meta()["batch"] == number
            with pytest.raises(CodecError, match=r"batch\.msgpack: "):
                prover.prove(batch.batch_file.read_bytes()[:-1], tmp_path / "cut")
            assert not list((tmp_path / "cut").rglob("*.bin"))
    assert processes[0] == processes[1] and len(processes[0]) == 1
    assert not any(map(lives, processes[0]))
    assert said.count("proof: main (0% done)") == 2 and not any("lost" in line for line in said)


def test_memory_after_twelve_batches_is_that_after_one_and_input_that_ends_is_answered_first(
    demo: Demo, tmp_path: Path
) -> None:
    """The slow one: a dozen proofs, half a minute on two cores."""
    batches = [BatchFolder(demo.batch(number)).batch_file for number in (1, 2)]
    sizes = []
    with serving() as served:
        assert served.ready["ready"] is True
        assert (served.ready["shape_classes"], served.ready["parameter_set"]) == (["S"], "fast")
        for number in range(BATCHES):
            served.stdin.write("no request\n")
            served.ask("missing", tmp_path / "none", tmp_path)
            served.ask(number, batches[number % 2], tmp_path / str(number % 2))
            if number == BATCHES - 1:
                served.stdin.close()
            assert [served.answer()["exit_code"] for _ in range(2)] == [2, 3]
            sizes.append(served.resident_bytes())
            done = served.answer()
            assert (done["id"], done["ok"], done["batch"]) == (number, True, number % 2 + 1)
        assert served.process.wait(ENDED_WITHIN_S) == 0
    assert max(sizes) <= GROWTH_MAX * sizes[1], [size >> 20 for size in sizes]


def test_a_signal_ends_a_proof_under_way_and_leaves_nothing_to_see(
    demo: Demo, tmp_path: Path
) -> None:
    with serving() as served:
        served.ask(1, BatchFolder(demo.batch(1)).batch_file, tmp_path / "out")
        while served.hear()["phase"] != "proof: lookup":
            pass
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(ENDED_WITHIN_S) == 128 + signal.SIGTERM
    assert list((tmp_path / "out").rglob("*.bin")) == []
    assert list((tmp_path / "out").rglob(".*")) == []


def test_it_ends_when_the_program_that_started_it_is_killed(tmp_path: Path) -> None:
    script = (
        "import time\n"
        "from sequencer.batches.resident import ResidentProver\n"
        "prover = ResidentProver('fast')\n"
        "prover.start()\n"
        "print('started', flush=True)\n"
        "time.sleep(300)\n"
    )
    path = tmp_path / "venue.py"
    path.write_text(script)
    python = PROGRAM.with_name("python")
    with subprocess.Popen([python, path], stdout=subprocess.PIPE) as venue:
        assert venue.stdout is not None and venue.stdout.readline() == b"started\n"
        (prover,) = children(venue.pid)
        venue.kill()
    wait_until(lambda: not lives(prover), "the prover ends")
