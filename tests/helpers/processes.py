"""Long searches on all cores: a process a core, spawned, with one kernel thread each."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from rollup.jit import THREADS_VARIABLE

Task = TypeVar("Task")
Found = TypeVar("Found")


def side_by_side(function: Callable[[Task], Found], tasks: Sequence[Task]) -> Iterator[Found]:
    """function(task) of every task, in the order in which they end; the first tasks start first."""
    with ProcessPoolExecutor(
        min(len(tasks), len(os.sched_getaffinity(0))),
        mp_context=get_context("spawn"),
        initializer=_one_thread,
    ) as pool:
        for done in as_completed([pool.submit(function, task) for task in tasks]):
            yield done.result()


def _one_thread() -> None:
    os.environ[THREADS_VARIABLE] = "1"
