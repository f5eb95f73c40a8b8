"""Long searches on all cores: a process a core, with one kernel thread each unless CRYPSIS_THREADS
says otherwise."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from typing import TypeVar

from rollup.native.jit import THREADS_VARIABLE
from rollup.program.children import worker_pool

Task = TypeVar("Task")
Found = TypeVar("Found")


def side_by_side(function: Callable[[Task], Found], tasks: Sequence[Task]) -> Iterator[Found]:
    """function(task) of every task, in the order in which they end; the first tasks start first."""
    count = min(len(tasks), len(os.sched_getaffinity(0)))
    with worker_pool(count, {THREADS_VARIABLE: "1"}) as pool:
        for done in as_completed([pool.submit(function, task) for task in tasks]):
            yield done.result()
