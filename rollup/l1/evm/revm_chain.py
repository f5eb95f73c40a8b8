"""A chain in this process: revm, with its logs kept and its checkpoints by number."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rollup.l1.evm.bill import TRANSACTION_GAS, bill
from rollup.l1.evm.chain import DEPLOYER, CallReverted, Log, Receipt, require_fits
from rollup.l1.evm.revm import Machine
from rollup.l1.interface import Address

if TYPE_CHECKING:
    from rollup.l1.evm.bls_calls import PrecompileCall


class RevmChain:
    """Implements `rollup.l1.evm.chain.Chain`. Its clock stands until it is set.

    It bills too little for storage: the machine takes all that ever happens for one transaction, in
    which whatever was touched is warm, and a slot has changed once. A node bills exactly.
    Contracts are created with more calldata than a transaction has: initcode has a bound of its
    own, which the machine enforces.
    """

    def __init__(self, time: int = 0) -> None:
        self._machine = Machine(time)
        self._time = time
        self._logs: list[Log] = []
        self._marks: dict[int, tuple[Any, int]] = {}
        self._marked = 0

    def deploy(self, code: bytes, sender: Address = DEPLOYER) -> Receipt:
        """Create a contract by its initcode with arguments. CallReverted by its constructor."""
        made = self._machine.create(code, sender)
        if not made.succeeded:
            raise CallReverted(made.data)
        logs = self._keep(made.logs)
        return Receipt(b"", TRANSACTION_GAS + made.execution, logs, made.data, code)

    def send(self, to: Address, calldata: bytes, sender: Address) -> Receipt:
        """A transaction. CallReverted, and then nothing has changed."""
        require_fits(calldata)
        outcome = self._machine.call(to, calldata, sender)
        if not outcome.succeeded:
            raise CallReverted(outcome.data)
        gas, logs = bill(calldata, outcome.execution), self._keep(outcome.logs)
        return Receipt(outcome.data, gas, logs, sent=calldata)

    def read(self, to: Address, calldata: bytes) -> bytes:
        """What a view answers."""
        outcome = self._machine.read(to, calldata)
        if not outcome.succeeded:
            raise CallReverted(outcome.data)
        return outcome.data

    def tell(self, calls: "Iterable[PrecompileCall]") -> None:
        """Answer these calls of precompiles that the machine lacks: until it goes back."""
        from rollup.l1.evm.precompiles import Answers  # noqa: PLC0415  # py-ecc, which takes time

        Answers(self._machine).tell(calls)

    def time(self) -> int:
        """Timestamp of the next block."""
        return self._time

    def set_time(self, time: int) -> None:
        """The clock shows this from now on."""
        self._time = time
        self._machine.set_time(time)

    def checkpoint(self) -> int:
        """The chain as it is now, by a number that rises."""
        self._marked += 1
        self._marks[self._marked] = (self._machine.snapshot(), len(self._logs))
        return self._marked

    def restore(self, mark: int) -> None:
        """Forget all since a checkpoint, those taken since as well. The machine goes back to each
        snapshot once, so another is taken in its place."""
        snapshot, logs = self._marks[mark]
        self._machine.revert(snapshot)
        del self._logs[logs:]
        self._marks = {each: kept for each, kept in self._marks.items() if each < mark}
        self._marks[mark] = (self._machine.snapshot(), logs)

    def logs(self, address: Address) -> Sequence[Log]:
        """All that a contract ever said, in order."""
        return [log for log in self._logs if log.address == address]

    def _keep(self, logs: Sequence[tuple[bytes, Sequence[bytes], bytes]]) -> Sequence[Log]:
        heard = [Log(address, tuple(topics), data) for address, topics, data in logs]
        self._logs += heard
        return heard
