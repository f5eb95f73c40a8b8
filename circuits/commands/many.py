"""Many batches at once: each proved on its own, by processes here or on a cluster, then joined.

A batch says which root it starts from, so nobody waits for another's proof: batches are proved in
any order, and what joins them is that each starts at the root where the one before it ended. See
docs/adr/0007-a-chunk-is-a-batch.md.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from circuits.prove import Bundle, StarkProver
from rollup.children import worker_pool
from rollup.jit import THREADS_VARIABLE
from rollup.ports import VerificationError, Verifier
from rollup.private import Private
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.chain import require_chained, require_consecutive
from rollup.protocol.public import PublicInput

GIVEN = (
    "chain",
    "venue",
    "number",
    "time",
    "governance",
    "old_root",
    "receipts",
    "prices",
    "redo",
)
"""Members of the public input that a batch states itself."""


class NotProved(Exception):
    """What a worker sent back is no proof of the batch that it was given."""


@dataclass(frozen=True, slots=True, repr=False)
class BatchFile(Private):
    """A batch file to prove, and what a proof of it has to be about."""

    data: bytes
    number: int
    stated: dict[str, object]

    @classmethod
    def of(cls, data: bytes) -> "BatchFile":
        """Read it. CodecError if the bytes are no batch, Rejected if it cannot be one."""
        batch = batch_from_bytes(data)
        stated = {name: getattr(batch, name) for name in GIVEN}
        return cls(data, batch.number, {**stated, "deposits": batch.deposits})

    def require_proved(self, bundle: object, verifier: Verifier) -> Bundle:
        """The same bundle, if it is a proof of this batch; NotProved otherwise."""
        if not isinstance(bundle, Bundle):
            raise NotProved(f"batch {self.number}: a bundle is wanted from the worker")
        public = bundle.public
        found: dict[str, object] = {name: getattr(public, name) for name in GIVEN}
        found["deposits"] = tuple(each.entry for each in public.deposits)
        if found != self.stated:
            raise NotProved(f"batch {self.number}: the worker's proof is about another batch")
        try:
            verifier.verify(public, bundle.proof)
        except VerificationError as error:
            detail = f"batch {self.number}: the worker's proof is invalid: {error}"
            raise NotProved(detail) from error
        return bundle


@contextmanager
def local_workers(count: int, batches: int) -> Iterator[Executor]:
    """`count` processes on this machine, but no more than batches, that share its cores."""
    count = min(count, batches)
    threads = max(1, len(os.sched_getaffinity(0)) // count)
    with worker_pool(count, {THREADS_VARIABLE: str(threads)}) as pool:
        yield pool


def prove_all(
    workers: Executor,
    batches: Sequence[BatchFile],
    parameter_set: str,
    shape_class: str,
    verifier: Verifier,
    done: Callable[[Bundle], None],
) -> list[PublicInput]:
    """Prove batch files that follow each other; `done` gets each bundle as it is finished and
    verified here: a worker is another process, perhaps on another machine.

    Returns the public inputs in order. CodecError or Rejected as for one batch; NotProved;
    ChainBroken if the batches do not follow each other: by their numbers before any proof, by
    their roots after.
    """
    require_consecutive([batch.number for batch in batches])
    waiting = {
        workers.submit(_prove, batch.data, parameter_set, shape_class): batch for batch in batches
    }
    publics = []
    try:
        for finished in as_completed(waiting):
            bundle = waiting[finished].require_proved(finished.result(), verifier)
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
    try:
        return _prover(parameter_set, shape_class).prove_bundle(data)
    except MemoryError:
        raise MemoryError from None  # NumPy's own does not survive the way back


@cache
def _prover(parameter_set: str, shape_class: str) -> StarkProver:
    return StarkProver(parameter_set, shape_class)
