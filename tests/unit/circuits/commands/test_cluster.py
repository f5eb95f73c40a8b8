"""A cluster that is not there is found out at once, and its workers are not waited for."""

import io
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from circuits.commands import cluster
from circuits.commands.cluster import (
    ClusterError,
    ClusterProver,
    cluster_workers,
    require_scheduler,
)
from circuits.commands.many import Workers, take_share
from circuits.commands.serve import answer_all
from circuits.prove import Bundle
from circuits.verify import StarkVerifiers
from rollup.native.jit import THREADS_VARIABLE
from rollup.program.exit_codes import ExitCode
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from tests.helpers.venue import TOY, Venue


@pytest.fixture
def listener() -> Iterator[str]:
    """The address of something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    "address", ["nonsense", "", "tcp://", "tcp://host", "tcp://host:port", "http://host:80", "x:1"]
)
def test_what_is_no_address_is_wrong_usage(address: str) -> None:
    with pytest.raises(ClusterError, match="tcp://host:8786") as caught:
        require_scheduler(address)
    assert caught.value.exit_code is ExitCode.USAGE


def test_an_address_where_nobody_listens_is_unreachable() -> None:
    start = time.monotonic()
    with pytest.raises(ClusterError, match="no Dask scheduler answers at tcp://") as caught:
        require_scheduler("tcp://127.0.0.1:1")
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert time.monotonic() - start < cluster.ANSWER_TIMEOUT_S + 1


def test_what_listens_is_asked_no_more(listener: str) -> None:
    require_scheduler(listener)


def test_what_listens_and_is_no_scheduler_is_not_waited_for_long(
    listener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "HANDSHAKE_TIMEOUT_S", 1)
    start = time.monotonic()
    not_one = pytest.raises(ClusterError, match="no Dask scheduler, or not within 1 s")
    with not_one, cluster_workers(listener):
        pass
    assert time.monotonic() - start < 10


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"crypsis\[cluster\]"), cluster_workers("tcp://x:1"):
        pass


class Elsewhere:
    """A worker that sends back what it is told to."""

    def __init__(self, bundle: object) -> None:
        self._bundle = bundle

    def submit(self, *_: object) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(self._bundle)
        return future


def test_a_bundle_from_elsewhere_that_is_no_proof_is_not_written(tmp_path: Path) -> None:
    batch = batch_to_bytes(Venue(TOY).batch())
    public = Venue(TOY).apply(batch_from_bytes(batch)).public
    statement = {"parameter_set": "fast", "shape_classes": ["S"], "memory": "low"}
    (tmp_path / "batch").write_bytes(batch)
    request = {"id": 1, "batch": str(tmp_path / "batch"), "output": str(tmp_path / "out")}
    for sent in (None, Bundle(public, b"no proof", {}), Bundle(replace(public, number=9), b"", {})):
        workers = Workers(cast(Executor, Elsewhere(sent)), {})
        prover = ClusterProver(workers, statement, StarkVerifiers("fast", ["S"]))
        said: list[Mapping[str, object]] = []
        answer_all(prover, io.BytesIO(json.dumps(request).encode()), said.append)
        assert said[-1]["exit_code"] == ExitCode.INVALID
        assert "no proof" in str(said[-1]["error"])
        assert not list((tmp_path / "out").rglob("*.bin"))


@pytest.mark.parametrize(
    ("cores", "at_once", "threads"), [(8, 4, "2"), (2, 4, "1"), (8, 1, "8"), (3, 2, "1")]
)
def test_a_task_takes_its_share_of_the_cores_of_its_host(
    monkeypatch: pytest.MonkeyPatch, cores: int, at_once: int, threads: str
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(address="tcp://h:1"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr(os, "environ", {})
    take_share({"h": at_once, "another": 64})
    assert os.environ == {THREADS_VARIABLE: threads}


def test_what_the_operator_of_a_worker_has_said_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(address="tcp://h:1"))
    monkeypatch.setenv(THREADS_VARIABLE, "7")
    take_share({"h": 1})
    assert os.environ[THREADS_VARIABLE] == "7"
