"""A venue's contract on a machine that has no precompiles for BLS: what a call asks of them is
computed here, and told to the machine before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol, runtime_checkable

from rollup.l1.deployment import Deployment
from rollup.l1.evm.bls_calls import PrecompileCall, possession_calls, signed_calls
from rollup.l1.evm.contract import EvmL1, TokenTerms
from rollup.l1.evm.outpost_contract import EvmOutpost, deploy_outpost
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.l1.outpost import OutpostDeployment
from rollup.protocol.checkpoint import (
    Checkpoint,
    InboxEntry,
    InboxHead,
    Link,
    OutboxEntry,
    Succession,
    head_after,
)
from rollup.protocol.committee import Attestation, Committee, availability_message
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput


@runtime_checkable
class Lacking(Protocol):
    """A chain that answers calls of precompiles as it is told."""

    def tell(self, calls: Iterable[PrecompileCall]) -> None:
        """Answer these calls from now on."""


class PrecompiledL1(EvmL1):
    """The adapter, with answers told first to a chain that lacks precompiles."""

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Bring a batch with its proof, and its committee's word."""
        if attestation is not None:
            _tell(self._chain, _attested(public, attestation))
        super().post_batch(sender, public, proof, attestation)

    def announce_governance(
        self,
        sender: Address,
        governance: Governance,
        number: int,
        possession: Sequence[bytes] = (),
    ) -> int:
        """Announce parameters for batches from a number on."""
        _tell(self._chain, _possessed(governance.committee, possession))
        return super().announce_governance(sender, governance, number, possession)

    def take_in_from(
        self, sender: Address, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost, as the committee attests to them."""
        _tell(self._chain, self._said_of(chain, entries, attestation))
        return super().take_in_from(sender, chain, entries, attestation)

    def _said_of(
        self, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> Iterator[PrecompileCall]:
        """What the contract asks of a message that it makes itself, if it comes to that."""
        book, genesis = self.outposts.get(chain), self.deployment.genesis
        head = None if book is None else head_after(book.inbox_head, book.taken, entries)
        if book is None or head is None:
            return
        link = Link(genesis.chain, genesis.venue, chain, book.outpost.address)
        said = InboxHead(link, book.taken + len(entries), head)
        keys = b"".join(self.governance.committee.signers(attestation.signers))
        yield from _signed_calls(keys, said.encode(), attestation.signature)


class PrecompiledOutpost(EvmOutpost):
    """The same of an outpost's contract."""

    def hear(
        self,
        sender: Address,
        checkpoint: Checkpoint,
        entries: Sequence[OutboxEntry],
        attestation: Attestation,
    ) -> None:
        """Believe what the committee says of home."""
        self._tell(checkpoint.encode(), attestation)
        super().hear(sender, checkpoint, entries, attestation)

    def succeed(
        self,
        sender: Address,
        committee: Committee,
        proofs: Sequence[bytes],
        attestation: Attestation,
    ) -> None:
        """Hear another committee from now on."""
        said = Succession(self.link, self.serial + 1, committee.encode())
        self._tell(said.encode(), attestation)
        _tell(self._chain, _possessed(committee, proofs))
        super().succeed(sender, committee, proofs, attestation)

    def _tell(self, message: bytes, attestation: Attestation) -> None:
        keys = b"".join(self.committee.signers(attestation.signers))
        _tell(self._chain, _signed_calls(keys, message, attestation.signature))


def deploy_held_outpost(
    workshop: Workshop, deployment: OutpostDeployment, tokens: Mapping[int, TokenTerms]
) -> PrecompiledOutpost:
    """The contract of an outpost, whose answers its chain is told first if it lacks precompiles.
    Reverted where it is refused."""
    _tell(workshop.chain, _possessed(deployment.committee, deployment.proofs))
    made = deploy_outpost(workshop, deployment, tokens)
    return PrecompiledOutpost(workshop.chain, made.deployment, tokens)


def tell_of_deployment(chain: object, deployment: Deployment) -> None:
    """Answer what a contract asks as it is created."""
    committee = deployment.genesis.governance.committee
    _tell(chain, _possessed(committee, deployment.possession))


def _tell(chain: object, calls: Iterable[PrecompileCall]) -> None:
    if isinstance(chain, Lacking):
        chain.tell(list(calls))


def _attested(public: PublicInput, attestation: Attestation) -> Iterator[PrecompileCall]:
    keys = b"".join(public.governance.committee.signers(attestation.signers))
    message = availability_message(public.digest())
    yield from _signed_calls(keys, message, attestation.signature)


def _possessed(committee: Committee, proofs: Sequence[bytes]) -> Iterator[PrecompileCall]:
    for key, proof in zip(committee.keys, proofs, strict=False):
        yield from _possession_calls(key, proof)


# A suite says the same again and again, and each of these takes a second.
_signed_calls = lru_cache(maxsize=256)(signed_calls)
_possession_calls = lru_cache(maxsize=256)(possession_calls)
