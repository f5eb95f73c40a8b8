"""Compile every kernel once: `make setup` calls this, so that the first proof does not wait.

Two processes compile side by side, one the proof system, one signatures; each runs its kernels on
the smallest inputs they take. A mark in the kernel cache says that it is done for these sources.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from circuits.bench import circuit, instance
from circuits.stark.parameters import FAST
from circuits.stark.prover import Prover
from rollup import jit
from rollup.crypto import batched, kernels
from rollup.hash.poseidon import Digest

MARK = "warm"


def is_warm() -> bool:
    """Whether all kernels of these sources are in the cache."""
    mark = _mark()
    return mark is not None and mark.exists()


def warm_kernels() -> float:
    """Run every kernel, compiling what is not cached; the seconds that it took."""
    start = perf_counter()
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(warm_proofs), pool.submit(warm_signatures)]:
            done.result()
    mark = _mark()
    if mark is not None:
        mark.touch()
    return perf_counter() - start


def warm_proofs() -> None:
    """Run all kernels of the proof system: a small proof of the benchmark's circuit."""
    traces, messages = instance(FAST.min_height, FAST.blinded_rows)
    Prover(circuit(FAST.min_height), FAST).prove(traces, (), messages)


def warm_signatures() -> None:
    """Run all kernels of signatures: make some, check them, trace them."""
    keys = batched.generate_secrets(2)
    messages: list[Digest] = [(1, 2, 3, 4, 5, 6, 7, 8), (8, 7, 6, 5, 4, 3, 2, 1)]
    signatures = batched.sign_many(keys, messages)
    batched.verify_many([key.public for key in keys], messages, [s.to_bytes() for s in signatures])
    points = np.array([[*key.public.x, *key.public.y] for key in keys], dtype=np.uint32)
    nonces = np.array([[*s.r.x, *s.r.y] for s in signatures], dtype=np.uint32)
    responses = np.frombuffer(b"".join(s.to_bytes()[56:] for s in signatures), dtype=np.uint8)
    parts = kernels.challenge_parts_many(points, nonces, np.array(messages, dtype=np.uint32))
    kernels.trace_many(points, nonces, responses.reshape(2, -1), parts)


def _mark() -> Path | None:
    folder = jit.cache_folder()
    return None if folder is None else folder / MARK
