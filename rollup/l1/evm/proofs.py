"""A proof brought to the contract that verifies it: its opening, then its queries, in transactions
that nodes pass on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final, Protocol

from rollup.hash.keccak import keccak256
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.chain import DATA_BYTES_MAX, CallReverted, Chain, ChainError, Receipt
from rollup.l1.evm.contract import NotProved
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.l1.private_exit import ExitStatement
from rollup.ports import VerificationError
from rollup.protocol.public import PublicInput

STARK_FACTS: Final = "StarkFacts"

CODING_BYTES: Final = 1024
"""What the coding of a call of five arguments adds to their bytes, and more."""


@dataclass(frozen=True, slots=True)
class ProofParts:
    """A proof as a verifier's contract takes it. `statement` and `opening` come first; what that
    leaves is `context`, with which, and with `tops`, each of `queries` is checked; `fact` is what
    is true when all are."""

    statement: bytes
    opening: bytes
    context: bytes
    tops: bytes
    queries: Sequence[bytes]
    fact: bytes

    @property
    def session(self) -> bytes:
        """By which the contract knows what it has begun."""
        return keccak256(self.fact + keccak256(self.opening))


class ChainProofs(Protocol):
    """What a proof system offers for chains; rollup knows none, and finds it by its entry point."""

    def statement(self, public: PublicInput) -> bytes:
        """What a verifier's contract is asked about a batch."""

    def exit_statement(self, statement: ExitStatement) -> bytes:
        """The same of a private exit."""

    def parts(self, public: PublicInput, proof: bytes, parameter_set: str) -> ProofParts:
        """A proof in its parts. VerificationError for one of another form."""

    def exit_parts(self, statement: ExitStatement, proof: bytes, parameter_set: str) -> ProofParts:
        """The same of a private exit."""

    def create(self, workshop: Workshop, parameter_set: str, shape_class: str) -> Address:
        """Create the contract that verifies proofs of a class, or of private exits, which are named
        like one (`rollup.l1.private_exit`), and what it rests on."""

    def refusal(self, data: bytes) -> str:
        """What a verifier's contract said as it refused."""


@dataclass(frozen=True, slots=True)
class StarkFacts:
    """Implements `rollup.l1.evm.contract.Facts` by a contract that verifies whole proofs."""

    chain: Chain
    address: Address
    interface: Interface
    proofs: ChainProofs
    parameter_set: str

    def bring(self, public: PublicInput, proof: bytes, sender: Address) -> Sequence[Receipt]:
        """Bring a proof; what others brought of it counts. NotProved by its form, by the contract's
        word, or if there is no fact."""
        return self._bring(partial(self.proofs.parts, public, proof, self.parameter_set), sender)

    def bring_exit(
        self, statement: ExitStatement, proof: bytes, sender: Address
    ) -> Sequence[Receipt]:
        """The same of a private exit."""
        return self._bring(
            partial(self.proofs.exit_parts, statement, proof, self.parameter_set), sender
        )

    def _bring(self, make: Callable[[], ProofParts], sender: Address) -> Sequence[Receipt]:
        try:
            parts = make()
        except VerificationError as error:
            raise NotProved(str(error)) from error
        if self.is_valid(parts.fact):
            return []
        receipts: list[Receipt] = []
        try:
            for _, call in self.calls(parts):
                receipts.append(self.send(call, sender))
        except CallReverted as error:
            # Whoever copies the last part and is mined before it makes the fact valid, and ours is
            # refused with it: that is no word against the proof.
            if self.is_valid(parts.fact):
                return receipts
            raise NotProved(self.proofs.refusal(error.data)) from error
        if not self.is_valid(parts.fact):
            raise NotProved("all of the proof was brought, and the contract knows no such fact")
        return receipts

    def is_valid(self, fact: bytes) -> bool:
        """Whether the contract has verified a fact."""
        answer = self.chain.read(self.address, self.interface.call("isValid", fact))
        return bool(self.interface.answer("isValid", answer)[0])

    def calls(self, parts: ProofParts) -> Iterator[tuple[str, bytes]]:
        """All that is sent of a proof, in order: what it checks, in words, and its calldata."""
        yield "begin", self.interface.call("begin", parts.statement, parts.opening)
        for first, count in self.cuts(parts):
            data = b"".join(parts.queries[first : first + count])
            call = (parts.session, parts.context, parts.tops, first, count, data)
            yield f"queries {first} to {first + count - 1}", self.interface.call("queries", *call)

    def send(self, calldata: bytes, sender: Address) -> Receipt:
        """A transaction. CallReverted, with a reason that `proofs.refusal` says in words."""
        return self.chain.send(self.address, calldata, sender)

    def cuts(self, parts: ProofParts) -> Sequence[tuple[int, int]]:
        """First query and count of each transaction: as many as fit one, spread evenly."""
        total, each = len(parts.queries), len(parts.queries[0])
        room = DATA_BYTES_MAX - CODING_BYTES - len(parts.context) - len(parts.tops)
        if room < each:
            raise ChainError(f"no query of {each} bytes fits a transaction beside its context")
        calls = -(-total // (room // each))
        starts = [total * place // calls for place in range(calls + 1)]
        return [(first, end - first) for first, end in pairwise(starts)]
