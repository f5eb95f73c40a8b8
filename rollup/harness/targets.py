"""What can be held to the suite: the mock in this process, or whatever answers at an address."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rollup.harness.oracle import ORACLE_DEPLOYMENT, TEST_DEPLOY, OracleDeployment
from rollup.harness.people import compress_cached
from rollup.l1.connection import RefusedByPeer, RemoteError
from rollup.l1.development import DevelopmentL1, LocalL1, ManualClock

if TYPE_CHECKING:
    from rollup.l1.remote import RemoteL1


class LocalTarget:
    """The mock, or another class that is made as it is."""

    def __init__(self, make: Callable[..., DevelopmentL1] = LocalL1) -> None:
        self._make = make

    def deploy(self, asked: OracleDeployment) -> DevelopmentL1:
        """A fresh contract, whose clock stands at `asked.time`. Reverted where it is refused."""
        clock = ManualClock(lambda: asked.time)
        made = (asked.deployment, asked.batch_oracles(), clock, compress_cached, asked.limits)
        return self._make(*made, asked.exit_oracle())


class RemoteTarget:
    """An endpoint that deploys what it is asked to (docs/l1.md)."""

    def __init__(self, remote: "RemoteL1") -> None:
        self._remote = remote

    def deploy(self, asked: OracleDeployment) -> DevelopmentL1:
        """A fresh contract, whose clock stands at `asked.time`. Reverted where it is refused."""
        try:
            self._remote.ask(TEST_DEPLOY, {"deployment": ORACLE_DEPLOYMENT.write(asked)})
        except RefusedByPeer as error:
            wanted = f"what is held to the suite deploys contracts by {TEST_DEPLOY}"
            raise RemoteError(f"{error}; {wanted} (`crypsis l1 up` does at /test)") from error
        return self._remote
