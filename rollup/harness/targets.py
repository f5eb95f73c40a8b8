"""What can be held to the suite: the mock in this process, or whatever answers at an address."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rollup.harness.held_outpost import HeldOutpost, LocalOutpost
from rollup.harness.oracle import ORACLE_DEPLOYMENT, TEST_DEPLOY, OracleDeployment
from rollup.harness.people import compress_cached
from rollup.l1.connection import RefusedByPeer, RemoteError
from rollup.l1.development import DevelopmentError, DevelopmentL1, LocalL1, ManualClock
from rollup.l1.outpost import OutpostDeployment

if TYPE_CHECKING:
    from rollup.l1.remote import RemoteL1

FAR_CHAIN: Final = 9
"""Where outposts are that need no chain."""


class LocalTarget:
    """The mock, or another class that is made as it is."""

    far_chain: int | None = FAR_CHAIN

    def __init__(
        self,
        make: Callable[..., DevelopmentL1] = LocalL1,
        make_outpost: Callable[[OutpostDeployment], HeldOutpost] = LocalOutpost,
    ) -> None:
        self._make = make
        self._make_outpost = make_outpost

    def deploy(self, asked: OracleDeployment) -> DevelopmentL1:
        """A fresh contract, whose clock stands at `asked.time`. Reverted where it is refused."""
        clock = ManualClock(lambda: asked.time)
        made = (asked.deployment, asked.batch_oracles(), clock, compress_cached, asked.limits)
        return self._make(*made, asked.exit_oracle())

    def outpost(self, asked: OutpostDeployment) -> HeldOutpost:
        """A fresh outpost. Reverted where it is refused."""
        return self._make_outpost(asked)


class RemoteTarget:
    """An endpoint that deploys what it is asked to (docs/l1.md). None serves outposts."""

    far_chain: int | None = None

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

    def outpost(self, asked: OutpostDeployment) -> HeldOutpost:
        """There is none. DevelopmentError."""
        raise DevelopmentError("no outpost is served")
