"""An existing Dask cluster as workers: its address is looked at before anything is waited for."""

import asyncio
import importlib
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from circuits.commands.errors import ClusterError
from circuits.commands.many import BatchFile, Workers
from circuits.prove import Bundle, Report
from circuits.verify import StarkVerifiers
from rollup.native.memory import MemoryMode
from rollup.program.exit_codes import ExitCode

SCHEMES = ("tcp", "tls")
ANSWER_TIMEOUT_S = 2
"""For the machine to take a connection: an address where nobody is shows itself in this time."""

HANDSHAKE_TIMEOUT_S = 5
"""For what took the connection to show that it is a scheduler."""


def require_scheduler(address: str) -> None:
    """ClusterError, within ANSWER_TIMEOUT_S, unless something listens at an address such as
    tcp://host:8786. To ask before anything else is done."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number
        host, port = None, None
    if parts.scheme not in SCHEMES or not host or not port or parts.path:
        wanted = f"an address such as tcp://host:8786 or tls://host:8786 is wanted, not {address!r}"
        raise ClusterError(wanted, ExitCode.USAGE)
    try:
        socket.create_connection((host, port), timeout=ANSWER_TIMEOUT_S).close()
    except OSError as error:
        reason = error.strerror or f"no answer within {ANSWER_TIMEOUT_S} s"
        raise ClusterError(f"no Dask scheduler answers at {address}: {reason}") from error


@contextmanager
def cluster_workers(address: str) -> Iterator[Workers]:
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
        asyncio.run(asyncio.wait_for(_shake_hands(address), HANDSHAKE_TIMEOUT_S))
        client = distributed.Client(address, timeout=HANDSHAKE_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        detail = f"what answers at {address} is no Dask scheduler, or not within "
        raise ClusterError(f"{detail}{HANDSHAKE_TIMEOUT_S} s") from error
    with client, _losses():
        yield Workers(client.get_executor(pure=False), _at_once(client))


@contextmanager
def _losses() -> Iterator[None]:
    """Workers and schedulers that go while a proof is waited for, as ClusterErrors."""
    distributed: Any = importlib.import_module("distributed")
    try:
        yield
    except distributed.KilledWorker as error:
        detail = "a worker of the cluster died again and again while proving (out of memory?)"
        raise ClusterError(detail, ExitCode.NO_MEMORY) from error
    except CancelledError as error:
        raise ClusterError("the Dask scheduler has gone") from error


def _at_once(client: Any) -> dict[str, int]:
    """How many tasks each host of the cluster runs at once, all its workers together."""
    found: Counter[str] = Counter()
    for address, worker in client.scheduler_info(n_workers=-1)["workers"].items():
        found[str(urlsplit(address).hostname)] += int(worker["nthreads"])
    return dict(found)


@dataclass(frozen=True, slots=True)
class ClusterProver:
    """Proves a batch on whatever worker is free, and verifies here what comes back: to be used as
    `circuits.prove.StarkProver` is by `crypsis prover serve`."""

    workers: Workers
    statement: dict[str, Any]
    verifiers: StarkVerifiers

    def prove_bundle(self, batch: bytes, report: Report) -> Bundle:
        """A bundle that is verified. As StarkProver's; NotProved where a worker sends none."""
        file = BatchFile.of(batch)
        report("cluster: waiting for a proof", 0.0)
        with _losses():
            memory = MemoryMode(self.statement["memory"])
            bundle = self.workers.prove(file, self.statement["parameter_set"], memory).result()
        report("cluster: verifying the proof", 0.99)
        return file.require_proved(bundle, self.verifiers)


async def _shake_hands(address: str) -> None:
    """Meet a scheduler and part again. A client would wait for ever for one that says nothing:
    its timeout is for the connection alone."""
    core: Any = importlib.import_module("distributed.comm")
    security: Any = importlib.import_module("distributed.security")
    arguments = security.Security().get_connection_args("client")
    met = await core.connect(address, timeout=HANDSHAKE_TIMEOUT_S, **arguments)
    met.abort()
