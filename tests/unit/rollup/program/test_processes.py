"""How a process ends: by a signal that it may ignore, and when its parent is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rollup.program.processes import PARENT_VARIABLE, end_with_named_parent


def test_a_hangup_that_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from rollup.program.processes import exit_on_signals\n"
        "exit_on_signals()\n"
        "print('started', flush=True)\n"
        "sys.stdin.readline()\n"
        "sys.exit(5)\n"
    )
    path = tmp_path / "ignorant.py"
    path.write_text(script)
    with subprocess.Popen(
        [sys.executable, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.wait(10) == 5


def test_a_parent_that_is_gone_already_ends_the_program() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    script = (
        "from rollup.program.processes import end_with_named_parent;"
        "end_with_named_parent(); print(1)"
    )
    environment = {**os.environ, PARENT_VARIABLE: str(gone.pid)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, b"")


def test_a_living_process_that_is_not_our_parent_is_not_kept_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PARENT_VARIABLE, str(os.getpid()))
    end_with_named_parent()
    assert PARENT_VARIABLE not in os.environ
