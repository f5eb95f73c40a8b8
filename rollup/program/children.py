"""Processes that we start: a program, or a pool of workers. They end with the block that started
them, and with us.
"""

import atexit
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Final

from rollup.program.processes import PARENT_VARIABLE, end_with_parent

GRACE_S: Final = 5.0
"""How long a process that is asked to end may clean up before it is made to."""


@contextmanager
def started(
    command: Sequence[str], *, takes_input: bool = False, apart: bool = False
) -> Iterator["subprocess.Popen[str]"]:
    """A program that ends with this block and with this process, its output in pipes, and its input
    too if it takes any. `apart`: Ctrl-C in a terminal is not for it, but for us, who end it.

    OSError if it cannot be started. `crypsis` also ends if this process is killed.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if takes_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0 if apart else None,
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
