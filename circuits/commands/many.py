"""Many batches at once: each proved on its own, by processes here or on a cluster, then joined.

A batch says which root it starts from, so nobody waits for another's proof: batches are proved in
any order, and what joins them is that each starts at the root where the one before it ended. See
docs/adr/0007-a-chunk-is-a-batch.md.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

from circuits.commands.errors import NotProved
from circuits.prove import Bundle, StarkProver
from rollup.codec.strict import CodecError
from rollup.hash.batched import compress_many
from rollup.native.jit import THREADS_VARIABLE
from rollup.native.memory import MemoryMode
from rollup.ports import VerificationError, Verifier
from rollup.private import Private
from rollup.program.children import worker_pool
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.chain import require_chained, require_consecutive
from rollup.protocol.public import PublicInput
from rollup.protocol.published_data import published_from_bytes

GIVEN = (
    "chain",
    "venue",
    "number",
    "time",
    "governance",
    "old_root",
    "receipts",
    "reports",
    "prices",
    "redo",
)
"""Members of the public input that a batch states itself."""


class Verifiers(Protocol):
    """The verifiers of the shape classes that are asked for: `circuits.verify.StarkVerifiers`."""

    def of(self, shape_class: str) -> Verifier | None:
        """The verifier of a class by its name, if that is asked for."""


@dataclass(frozen=True, slots=True, repr=False)
class BatchFile(Private):
    """A batch file to prove, and what a proof of it has to be about."""

    data: bytes
    number: int
    shape_class: str
    stated: dict[str, object]

    @classmethod
    def of(cls, data: bytes) -> "BatchFile":
        """Read it. CodecError if the bytes are no batch, Rejected if it cannot be one."""
        batch = batch_from_bytes(data)
        stated = {name: getattr(batch, name) for name in GIVEN}
        shape_class = batch.shape_class.name
        stated |= {
            "shape_class": shape_class,
            "deposits": batch.deposits,
            "book_before": batch.pre.book,
        }
        return cls(data, batch.number, shape_class, stated)

    def require_proved(self, bundle: object, verifiers: Verifiers) -> Bundle:
        """The same bundle, if it is a proof of this batch; NotProved otherwise."""
        if not isinstance(bundle, Bundle):
            raise NotProved(f"batch {self.number}: a bundle is wanted from the worker")
        public = bundle.public
        found: dict[str, object] = {name: getattr(public, name) for name in GIVEN}
        found["shape_class"] = public.shape_class
        found["book_before"] = public.book_before
        found["deposits"] = tuple(each.entry for each in public.deposits)
        if found != self.stated:
            raise NotProved(f"batch {self.number}: the worker's proof is about another batch")
        verifier = verifiers.of(self.shape_class)
        if verifier is None:
            raise NotProved(f"batch {self.number}: class {self.shape_class} was not asked for")
        try:
            verifier.verify(public, bundle.proof)
        except VerificationError as error:
            detail = f"batch {self.number}: the worker's proof is invalid: {error}"
            raise NotProved(detail) from error
        if bundle.published and not _is_committed(bundle):
            raise NotProved(f"batch {self.number}: the worker's published data is of another batch")
        return bundle


def _is_committed(bundle: Bundle) -> bool:
    """Whether its public input commits to what it says that the batch publishes."""
    try:
        data = published_from_bytes(bundle.published)
    except CodecError:
        return False
    return data.commitment(compress_many) == bundle.public.data_commitment


@dataclass(frozen=True, slots=True)
class Workers:
    """Who proves: an executor, and for workers elsewhere how many proofs each host makes at once.

    A process here has its share of the cores from whoever starts it. A Dask worker bounds its
    tasks, and not the threads of one, so there the share is taken inside each task.
    """

    executor: Executor
    at_once: Mapping[str, int] | None = None

    def prove(
        self, batch: BatchFile, parameter_set: str, memory: MemoryMode = MemoryMode.AUTO
    ) -> "Future[Bundle]":
        """Begin with a batch. What comes back is to be verified before it is used."""
        return self.executor.submit(_prove, batch.data, parameter_set, memory, self.at_once)


@contextmanager
def local_workers(count: int, batches: int) -> Iterator[Workers]:
    """`count` processes on this machine, but no more than batches, that share its cores."""
    count = min(count, batches)
    threads = max(1, len(os.sched_getaffinity(0)) // count)
    with worker_pool(count, {THREADS_VARIABLE: str(threads)}) as pool:
        yield Workers(pool)


def prove_all(
    workers: Workers,
    batches: Sequence[BatchFile],
    parameter_set: str,
    verifiers: Verifiers,
    done: Callable[[Bundle], None],
    memory: MemoryMode = MemoryMode.AUTO,
) -> list[PublicInput]:
    """Prove batch files that follow each other; `done` gets each bundle as it is finished and
    verified here: a worker is another process, perhaps on another machine.

    Returns the public inputs in order. CodecError or Rejected as for one batch; NotProved;
    ChainBroken if the batches do not follow each other: by their numbers before any proof, by
    their roots after.
    """
    require_consecutive([batch.number for batch in batches])
    waiting = {workers.prove(batch, parameter_set, memory): batch for batch in batches}
    publics = []
    try:
        for finished in as_completed(waiting):
            bundle = waiting[finished].require_proved(finished.result(), verifiers)
            done(bundle)
            publics.append(bundle.public)
    finally:
        for future in waiting:
            future.cancel()
    publics.sort(key=lambda public: public.number)
    require_chained(publics)
    return publics


def _prove(
    data: bytes, parameter_set: str, memory: MemoryMode, at_once: Mapping[str, int] | None
) -> Bundle:
    """Runs in a worker, which keeps its prover for the next batch."""
    if at_once is not None:
        take_share(at_once)
    try:
        return _prover(parameter_set, memory).prove_bundle(data)
    except MemoryError:
        raise MemoryError from None  # NumPy's own does not survive the way back


def take_share(at_once: Mapping[str, int]) -> None:
    """As many threads as leave the others of this machine theirs, unless the operator of the worker
    has said how many."""
    distributed: Any = importlib.import_module("distributed")
    here = urlsplit(distributed.get_worker().address).hostname
    share = len(os.sched_getaffinity(0)) // at_once.get(str(here), 1)
    os.environ.setdefault(THREADS_VARIABLE, str(max(1, share)))


@cache
def _prover(parameter_set: str, memory: MemoryMode) -> StarkProver:
    return StarkProver(parameter_set, memory=memory)
