"""The pair of `tests.helpers.chains` on sockets: home and outpost as a member and a relay reach
them, each by its own address."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rollup.harness.dispatch import contract_answers
from rollup.harness.http import CONTRACT_PATH
from rollup.harness.served_outpost import ServedOutpost
from rollup.l1.methods import Method
from rollup.l1.remote import RemoteL1
from rollup.l1.remote_outpost import RemoteOutpost
from tests.helpers import l1
from tests.helpers.chains import Pair
from tests.helpers.serving import answering, serving_outpost


@dataclass
class ServedWorld:
    """A home whose clock a test holds. `deployment` is what it says that it was created with."""

    world: l1.World
    deployment: Any

    def answer(self, method: Method, arguments: Mapping[str, Any]) -> Any:
        """What the contract answers."""
        if method.attribute == "deployment":
            return self.deployment
        found = getattr(self.world.l1, method.attribute)
        return found(**arguments) if callable(found) else found


@dataclass
class FarPair:
    """Both as somebody reaches them; `served` is home's server."""

    pair: Pair
    served: ServedWorld
    home: RemoteL1
    outpost: RemoteOutpost


@contextmanager
def far(pair: Pair) -> Iterator[FarPair]:
    """Home and outpost on sockets until the block ends."""
    served = ServedWorld(pair.world, pair.home._deployment)
    with (
        answering({CONTRACT_PATH: contract_answers(served)}) as home,
        serving_outpost(ServedOutpost(pair.outpost)) as there,
        RemoteL1(home) as first,
        RemoteOutpost(there) as second,
    ):
        yield FarPair(pair, served, first, second)
