"""Nothing is left behind: provers and workers end with the command that started them."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.helpers.descendants import children, lives, needs_proc, wait_until
from tests.helpers.program import PROGRAM, Demo

pytestmark = needs_proc

WORKERS_AND_TRACKER = 3
ENDED_WITHIN_S = 15


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_that_prove_end_with_the_command(
    demo: Demo, tmp_path: Path, number: signal.Signals
) -> None:
    command = [PROGRAM, "prove", demo.batch(1).parent, "-o", tmp_path, "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_until(lambda: len(children(process.pid)) == WORKERS_AND_TRACKER, "workers")
        below = children(process.pid)
        process.send_signal(number)
        said, _ = process.communicate(timeout=ENDED_WITHIN_S)  # a pipe that nobody holds any more
    assert process.returncode == (-number if number is signal.SIGKILL else 128 + number)
    assert b"Traceback" not in said
    wait_until(lambda: not any(map(lives, below)), "workers and tracker have ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_prover_of_a_demonstration_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    command = [PROGRAM, "demo", "--batches", "1", "--target", tmp_path / "target"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_until(lambda: bool(children(process.pid)), "a prover")
        (prover,) = children(process.pid)
        process.send_signal(number)
        said, _ = process.communicate(timeout=ENDED_WITHIN_S)
    assert process.returncode == (-number if number is signal.SIGKILL else 128 + number)
    assert b"Traceback" not in said
    wait_until(lambda: not lives(prover), "the prover has ended")
    assert not list(tmp_path.glob("target/batches/*/public/proof.bin"))


def test_a_worker_that_is_killed_is_said_to_have_wanted_memory(demo: Demo, tmp_path: Path) -> None:
    command = [PROGRAM, "prove", demo.batch(1).parent, "-o", tmp_path, "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(children(process.pid)) == WORKERS_AND_TRACKER, "workers")
        workers = [each for each in children(process.pid) if "spawn_main" in command_line(each)]
        subprocess.run(["kill", "-KILL", str(workers[0])], check=True)
        _, said = process.communicate(timeout=ENDED_WITHIN_S)
    assert process.returncode == 71
    assert "killed (out of memory? about 0.6 GiB are wanted for class S, " in said
    assert len(said.splitlines()) == 1


def command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text()
