"""A cluster that is not there is found out at once, and its workers are not waited for."""

import socket
import time
from collections.abc import Iterator

import pytest

from circuits.commands import cluster
from circuits.commands.cluster import ClusterError, cluster_workers, require_scheduler
from rollup.exit_codes import ExitCode


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
