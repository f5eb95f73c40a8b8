"""An L1 to develop and test with: all that can be read of the contract, and what no contract has.

`DevelopmentL1` is what a test suite needs of whatever it is held to; `LocalL1` is the mock with a
clock that is moved by hand, and `rollup.l1.remote.RemoteL1` one that is reached by a socket.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rollup.hash.many import CompressMany
from rollup.l1.deployment import Deployment
from rollup.l1.estate import Estate
from rollup.l1.freeze import Exits
from rollup.l1.interface import L1, Address, Event
from rollup.l1.mock import MockL1
from rollup.l1.private_exit import ExitVerifier
from rollup.l1.queue import FULL, QueueLimits
from rollup.l1.state import ContractState
from rollup.l1.vault import Vault
from rollup.ports import Verifier
from rollup.protocol.assets import USDC
from rollup.protocol.constants import TIME_BITS
from rollup.protocol.market import Governance

MARKS_MAX = 64
"""Checkpoints that are kept; an older one is forgotten."""

PROPERTIES = (
    "root",
    "proved_number",
    "head_number",
    "tail",
    "refusal",
    "redo_until",
    "governance",
    "parameters",
    "queue",
    "consumed",
    "accounts",
    "book",
    "custody",
    "assets",
    "estate",
    "queued",
    "pending",
    "funds",
    "owed",
    "wallets",
    "given",
    "exits",
    "outposts",
    "bond",
    "events",
)
"""All that can be read of a contract without an argument."""


class DevelopmentError(ValueError):
    """Something that only a development chain is asked for, and that it cannot do."""


class DevelopmentL1(L1, Protocol):
    """The contract, everything it stores, and what only a development chain can do."""

    @property
    def governance(self) -> Governance:
        """The parameters that the last header was under."""

    @property
    def consumed(self) -> int:
        """Queue entries that a proved batch has consumed."""

    @property
    def custody(self) -> int:
        """Quanta under custody of the rollup."""

    @property
    def assets(self) -> Mapping[int, Vault]:
        """The ledger of each asset by its mark, in lots."""

    @property
    def estate(self) -> Estate:
        """What the estate lacks, and what of it is for sale."""

    @property
    def exits(self) -> Exits:
        """Whether the venue is frozen, and who took out what since."""

    @property
    def book(self) -> bytes:
        """Digest of the market book that the last proved batch left."""

    @property
    def queued(self) -> int:
        """Quanta of deposits that no proved batch has consumed."""

    @property
    def pending(self) -> Mapping[Address, int]:
        """Quanta that each sender can withdraw."""

    @property
    def wallets(self) -> Mapping[Address, int]:
        """Test money of each address."""

    @property
    def events(self) -> Sequence[Event]:
        """Everything that happened, in order."""

    def view(self) -> Mapping[str, object]:
        """All properties at one moment, by name; nobody's zero is listed."""

    def now(self) -> int:
        """L1's time in ms."""

    def warp(self, milliseconds: int) -> int:
        """Move the clock on; returns the time it then shows."""

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money."""

    def donate(self, sender: Address, amount: int) -> None:
        """Send money to the contract without telling it."""

    def mark(self) -> int:
        """Keep L1 as it is now; returns the name to go back by."""

    def reorganise(self, mark: int) -> None:
        """Forget all since the mark. The clock goes on."""


@dataclass(slots=True)
class ManualClock:
    """L1's time in ms: what some other clock says, and how far it was moved on."""

    base: Callable[[], int]
    ahead_ms: int = 0

    def __call__(self) -> int:
        return self.base() + self.ahead_ms


class LocalL1(MockL1):
    """The mock in this process, with a clock to move and checkpoints by number."""

    def __init__(
        self,
        deployment: Deployment,
        verifiers: Sequence[Verifier],
        clock: ManualClock,
        compress_many: CompressMany,
        limits: QueueLimits = FULL,
        exit_verifier: ExitVerifier | None = None,
    ) -> None:
        super().__init__(deployment, verifiers, clock, compress_many, limits, exit_verifier)
        self.clock = clock
        self._marks: dict[int, ContractState] = {}
        self._marked = 0

    @property
    def deployment(self) -> Deployment:
        """What the contract was created with."""
        return self._deployment

    def view(self) -> Mapping[str, object]:
        """All properties at one moment, by name; nobody's zero is listed."""
        return {name: frozen(getattr(self, name)) for name in PROPERTIES}

    def now(self) -> int:
        """L1's time in ms."""
        return self.clock()

    def warp(self, milliseconds: int) -> int:
        """Move the clock on; returns the time it then shows."""
        if milliseconds < 0 or self.now() + milliseconds >= 1 << TIME_BITS:
            raise DevelopmentError(f"a clock moves on from 0 ms, inside {TIME_BITS} bits")
        self.clock.ahead_ms += milliseconds
        return self.now()

    def mark(self) -> int:
        """Keep L1 as it is now; returns the name to go back by."""
        self._marked += 1
        self._marks[self._marked] = self.checkpoint()
        self._marks.pop(self._marked - MARKS_MAX, None)
        return self._marked

    def reorganise(self, mark: int) -> None:
        """Forget all since the mark. The clock goes on."""
        if mark not in self._marks:
            raise DevelopmentError(f"checkpoint {mark} is not kept; the last {MARKS_MAX} are")
        self.revert_to(self._marks[mark])


def frozen(value: object) -> object:
    """A copy that later calls do not change; of a mapping, what is not zero."""
    if isinstance(value, Estate):
        return Estate(value.lacks, value.surplus, dict(value.sales))
    if isinstance(value, Exits):
        sets = (set(value.reclaimed), set(value.escaped), set(value.nullifiers))
        return Exits(value.frozen_at, value.debts, *sets)
    if isinstance(value, Mapping):
        return {name: member for name, member in value.items() if member != 0}
    if isinstance(value, list | tuple):
        return value if value and isinstance(value[0], int) else tuple(value)
    return value
