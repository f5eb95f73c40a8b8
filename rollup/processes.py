"""Processes that end together: a signal ends a program with all it started, and whatever was
started ends itself when the one that started it is gone.

The two halves do not rest on each other. `exit_on_signals` lets clean-up run; `end_with_parent`
holds where a parent had no time for it (SIGKILL, out of memory).
"""

import atexit
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from threading import Thread
from types import FrameType
from typing import Final

from rollup.exit_codes import TERMINATION_BASE

PARENT_VARIABLE: Final = "CRYPSIS_PARENT"
"""Environment variable that tells a started `crypsis` the process that it must not outlive."""

GRACE_S: Final = 5.0
"""How long a process that is asked to end may clean up before it is made to."""

_PARENT_DEATH_SIGNAL: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

_POLL_S: Final = 0.5


def exit_on_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP become SystemExit in the main thread, with exit code 128 + number.

    A signal that whoever started us has ignored (as nohup does) stays ignored.
    """
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(wanted) in {signal.SIG_DFL, signal.default_int_handler}:
            signal.signal(wanted, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    """Start the clean-up, which a second signal does not interrupt, unless it comes from a key."""
    del frame
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(TERMINATION_BASE + number)


def end_with_named_parent() -> None:
    """Keep to the parent that PARENT_VARIABLE names, if it does; children are not told of it.

    A living process that is not our parent has put another program between: that one's business.
    """
    named = os.environ.pop(PARENT_VARIABLE, "")
    if named.isdecimal() and (os.getppid() == int(named) or not _is_alive(int(named))):
        end_with_parent(int(named), signal.SIGTERM)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def end_with_parent(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """From now on this process is sent `how` when the process `parent`, which started it, ends.

    Linux counts the *thread* that started us as the parent: it must live as long as we may. Where
    the system has no such signal, a thread looks every half second.
    """
    if not _signalled_by_system(how):
        Thread(target=_watch, args=(parent, how), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), how)


def _signalled_by_system(how: signal.Signals) -> bool:
    if sys.platform != "linux":
        return False
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return False
    rest = [ctypes.c_ulong(each) for each in (how, 0, 0, 0)]
    return bool(prctl(_PARENT_DEATH_SIGNAL, *rest) == 0)


def _watch(parent: int, how: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os.kill(os.getpid(), how)


@contextmanager
def started(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A program that ends with this block and with this process, its output in pipes.

    OSError if it cannot be started. `crypsis` also ends if this process is killed.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
    )
    end = partial(_end, process)
    atexit.register(end)  # a thread that waits in this block does not unwind when we exit
    try:
        yield process
    finally:
        end()
        atexit.unregister(end)


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask it to end, then make it."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def worker_pool(count: int, variables: Mapping[str, str]) -> Iterator[Executor]:
    """`count` worker processes, spawned and never forked, that end with this block and with us.

    `variables` are set in their environment unless they are there. If the block is left by an
    exception, workers are killed at whatever they do: nobody wants it any more.
    """
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        count,
        mp_context=get_context("spawn"),
        initializer=_start_worker,
        initargs=(os.getpid(), dict(variables)),
    )
    with pool:
        try:
            yield pool
        except BaseException:
            for worker in set(multiprocessing.active_children()) - others:
                worker.kill()
            raise


def _start_worker(parent: int, variables: Mapping[str, str]) -> None:
    """Runs first in a worker, before anything that is slow to import."""
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all: the parent ends us
    for name, value in variables.items():
        os.environ.setdefault(name, value)
