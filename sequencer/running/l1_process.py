"""The L1 of a devnet: `crypsis l1 up` as a process. A mock is on its port and its file whenever it
is started again; the contracts on a chain of its own are gone with the chain."""

from collections.abc import Callable, Sequence
from typing import Final

from sequencer.running.kept_process import ServingProcess

GAS: Final = "gas "
"""What a line about a transaction begins with."""


class L1Process(ServingProcess):
    """One mock L1."""

    words = ("l1", "up")
    name = "the mock L1"

    def __init__(self, arguments: Sequence[str], port: int, say: Callable[[str], None]) -> None:
        """`arguments` of `crypsis l1 up`, beside its port; port 0 takes a free one, once."""
        super().__init__(say, port)
        self._given = tuple(arguments)

    def _overhear(self, line: str) -> None:
        """What transactions cost, where they cost anything."""
        if line.startswith(GAS):
            self._say(line)

    def _arguments(self) -> Sequence[str]:
        return ("--port", str(self._port), *self._given)


class ChainProcess(L1Process):
    """The contracts of a venue on an anvil, which ends with it. It says the gas of each call."""

    name = "L1 on a chain"
    starts_again = False

    def _arguments(self) -> Sequence[str]:
        return ("--chain", "anvil", "-v", *super()._arguments())
