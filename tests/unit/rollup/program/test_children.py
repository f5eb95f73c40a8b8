"""What is started ends with the one that started it, whichever way that one ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollup.program.children import started, worker_pool
from rollup.program.processes import PARENT_VARIABLE
from tests.helpers.descendants import children, lives, needs_proc, wait_until

pytestmark = needs_proc

DEFAULTS = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
"""A program keeps ignoring what whoever started it ignored, and these tests may run under nohup."""

POOL = """
import time
from rollup.program.children import worker_pool
from rollup.program.processes import exit_on_signals

if __name__ == "__main__":
    exit_on_signals()
    with worker_pool(2, {}) as pool:
        waiting = [pool.submit(time.sleep, 300) for _ in range(2)]
        print("started", flush=True)
        waiting[0].result()
"""

SLEEPER = """
import time
from rollup.program import processes

if PATCH:
    processes._signalled_by_system = lambda how: False
processes.end_with_named_parent()
print("ready", flush=True)
time.sleep(300)
"""

STARTER = f"""
import sys
from threading import Thread
from rollup.program.children import started
from rollup.program.processes import exit_on_signals

def work():
    with started([sys.executable, "-c", {SLEEPER!r}.replace("PATCH", sys.argv[1])]) as process:
        print(process.stdout.readline(), flush=True)
        process.wait()

exit_on_signals()
worker = Thread(target=work, daemon=True)
worker.start()
worker.join()
"""


@contextmanager
def program(path: Path, script: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A script that has said its first line."""
    path.write_text(DEFAULTS + script)
    command = [sys.executable, str(path), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_program_that_a_signal_ends(
    tmp_path: Path, number: signal.Signals
) -> None:
    with program(tmp_path / "pool.py", POOL) as process:
        wait_until(lambda: len(children(process.pid)) == 3, "two workers and their tracker")
        below = children(process.pid)
        process.send_signal(number)
        code = process.wait(60)
        assert code == (-number if number is signal.SIGKILL else 128 + number)
        wait_until(lambda: not any(map(lives, below)), "all that it started has ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("watched", ["False", "True"], ids=["by the system", "by a thread"])
def test_a_program_started_in_a_thread_ends_with_us(
    tmp_path: Path, number: signal.Signals, watched: str
) -> None:
    with program(tmp_path / "starter.py", STARTER, watched) as process:
        (below,) = children(process.pid)
        process.send_signal(number)
        process.wait(60)
        wait_until(lambda: not lives(below), "what it started has ended")


def test_workers_are_not_waited_for_when_an_error_ends_the_block() -> None:
    start = time.monotonic()
    with pytest.raises(ArithmeticError), worker_pool(1, {}) as pool:
        pool.submit(time.sleep, 300)
        raise ArithmeticError
    assert time.monotonic() - start < 30


def test_workers_get_the_variables_that_are_not_set_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CRYPSIS_TEST_SET", "mine")
    wanted = {"CRYPSIS_TEST_SET": "other", "CRYPSIS_TEST_UNSET": "given"}
    with worker_pool(1, wanted) as pool:
        found = [pool.submit(os.getenv, name).result() for name in wanted]
    assert found == ["mine", "given"]


def test_a_started_program_is_told_its_parent_and_ends_with_the_block() -> None:
    script = f"import os; print(os.environ[{PARENT_VARIABLE!r}], os.getppid(), flush=True)"
    with started([sys.executable, "-c", f"{script}; import time; time.sleep(300)"]) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == [str(os.getpid())] * 2
    assert process.returncode == -signal.SIGTERM
