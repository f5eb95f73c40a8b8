"""What can be read of the contract of a venue's bond: numbers from its storage, who did what from
what it said."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from rollup.l1.bond import Bond, BondEvent, BondLeaving, BondPosted, BondWithdrawn, Convicted
from rollup.l1.evm.abi import Interface, address
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import Log
from rollup.l1.interface import Address
from rollup.protocol.misconduct import Misconduct

BOND: Final = "Bond"
MISCONDUCTS: Final = tuple(Misconduct)
"""By the places that contracts say them by."""


class BondView(ABC):
    """The bond beside a venue's contract; whoever derives from this asks the chain."""

    @abstractmethod
    def _ask(
        self, contract: Address, interface: Interface, name: str, *arguments: object
    ) -> tuple[Any, ...]:
        """What a contract answers."""

    @abstractmethod
    def _read(self, name: str, *arguments: object) -> tuple[Any, ...]:
        """What the venue's contract answers."""

    @abstractmethod
    def _logs(self, address: Address) -> Sequence[Log]:
        """All that a contract said."""

    @cached_property
    def _bond_at(self) -> Address:
        """Where the venue says that its bond is: for ever."""
        return address(self._read("bond")[0])

    @cached_property
    def _bond_calls(self) -> Interface:
        return Interface(artefact(BOND).abi)

    @property
    def bond(self) -> Bond:
        """What stands for the operator's receipts, and what became of it."""
        held, leaving, due, burned = self._ask(self._bond_at, self._bond_calls, "bond")
        said = (self._bond_calls.heard(log) for log in self._logs(self._bond_at))
        events = tuple(_EVENTS[name](members) for name, members in filter(None, said))
        shown = [each for each in events if isinstance(each, Convicted)]
        conviction = shown[-1] if shown else None
        return Bond(held, leaving, due, burned, conviction, events)


_EVENTS: Final[Mapping[str, Callable[[Mapping[str, Any]], BondEvent]]] = {
    "BondPosted": lambda said: BondPosted(address(said["sender"]), said["amount"]),
    "BondLeaving": lambda said: BondLeaving(said["amount"], said["due"]),
    "BondWithdrawn": lambda said: BondWithdrawn(address(said["owner"]), said["amount"]),
    "Convicted": lambda said: Convicted(
        address(said["challenger"]),
        MISCONDUCTS[said["misconduct"]],
        said["reward"],
        said["burned"],
    ),
}
