"""Many batches at once: each proved on its own, by processes here or on a cluster, then joined.

A batch says which root it starts from, so nobody waits for another's proof: batches are proved in
any order, and what joins them is that each starts at the root where the one before it ended. See
docs/adr/0007-a-chunk-is-a-batch.md.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from typing import Any

from circuits.prove import Bundle, StarkProver
from rollup.jit import THREADS_VARIABLE
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.chain import require_chained, require_consecutive
from rollup.protocol.public import PublicInput

CONNECT_TIMEOUT_S = 10


class ClusterError(Exception):
    """The cluster cannot be used: no client library here, or nobody at the address."""


@contextmanager
def local_workers(count: int) -> Iterator[Executor]:
    """`count` processes on this machine, spawned and never forked, that share its cores."""
    cores = len(os.sched_getaffinity(0))
    threads = str(max(1, cores // count))
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_set_threads, initargs=(threads,)
    ) as pool:
        yield pool


@contextmanager
def cluster_workers(address: str) -> Iterator[Executor]:
    """The workers of an existing Dask scheduler; batches go there as the bytes they are.

    ClusterError if the library is missing or nobody answers. Workers need this package and a warm
    kernel cache; one proof at a time each (`dask worker --nthreads 1`). A batch is private: use a
    scheduler of your own, at a tls:// address where the network is not yours.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        detail = "a cluster needs Dask: pip install 'crypsis[cluster]'"
        raise ClusterError(detail) from error
    try:
        client = distributed.Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}") from error
    with client:
        yield client.get_executor(pure=False)


def prove_all(
    workers: Executor,
    batches: Sequence[bytes],
    parameter_set: str,
    shape_class: str,
    done: Callable[[Bundle], None],
) -> list[PublicInput]:
    """Prove batch files that follow each other; `done` gets each bundle as it is finished.

    Returns the public inputs in order. CodecError or Rejected as for one batch; ChainBroken if
    the batches do not follow each other: by their numbers before any proof, by their roots after.
    """
    require_consecutive([batch_from_bytes(data).number for data in batches])
    waiting = [workers.submit(_prove, data, parameter_set, shape_class) for data in batches]
    publics = []
    try:
        for finished in as_completed(waiting):
            bundle = finished.result()
            done(bundle)
            publics.append(bundle.public)
    finally:
        for future in waiting:
            future.cancel()
    publics.sort(key=lambda public: public.number)
    require_chained(publics)
    return publics


def _prove(data: bytes, parameter_set: str, shape_class: str) -> Bundle:
    """Runs in a worker, which keeps its prover for the next batch."""
    return _prover(parameter_set, shape_class).prove_bundle(data)


@cache
def _prover(parameter_set: str, shape_class: str) -> StarkProver:
    return StarkProver(parameter_set, shape_class)


def _set_threads(threads: str) -> None:
    os.environ.setdefault(THREADS_VARIABLE, threads)
