"""Contracts brought onto a chain: each with the libraries that it is linked to, once a chain."""

from collections.abc import Callable

from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import INITCODE_BYTES_MAX, Artefact, artefact
from rollup.l1.evm.chain import Chain, ChainError, Receipt
from rollup.l1.interface import Address


class Workshop:
    """Creates contracts by name. `receipts` are those of all that it has created; `paid` hears of
    each as it comes."""

    def __init__(
        self, chain: Chain, paid: Callable[[str, Receipt], None] = lambda name, receipt: None
    ) -> None:
        self.chain = chain
        self.receipts: list[tuple[str, Receipt]] = []
        self._paid = paid
        self._shared: dict[str, Address] = {}

    def create(self, name: str, *arguments: object) -> Address:
        """A contract of that name. CallReverted by its constructor."""
        found = artefact(name)
        code = self._linked(found) + Interface(found.abi).construction(*arguments)
        return self.create_code(name, code)

    def create_code(self, name: str, code: bytes) -> Address:
        """A contract by its whole initcode. ChainError for more of it than a chain takes."""
        if len(code) > INITCODE_BYTES_MAX:
            detail = f"{len(code)} bytes of initcode; a chain takes {INITCODE_BYTES_MAX}"
            raise ChainError(f"{name}: {detail}")
        receipt = self.chain.deploy(code)
        if receipt.created is None:
            raise ChainError(f"{name}: the chain does not say where it is")
        self.receipts.append((name, receipt))
        self._paid(name, receipt)
        return receipt.created

    def shared(self, name: str, code: bytes) -> Address:
        """A contract that all others of this chain can use: created once."""
        if name not in self._shared:
            self._shared[name] = self.create_code(name, code)
        return self._shared[name]

    def link(self, name: str) -> None:
        """Create all libraries that a contract needs, before it is wanted."""
        self._linked(artefact(name))

    def _linked(self, found: Artefact) -> bytes:
        libraries = {name: self.shared(name, self._linked(artefact(name))) for name in found.links}
        return found.linked(libraries)
