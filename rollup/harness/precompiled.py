"""A venue's contract on a machine that has no precompiles for BLS: what a call asks of them is
computed here, and told to the machine before."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol, runtime_checkable

from rollup.l1.deployment import Deployment
from rollup.l1.evm.bls_calls import PrecompileCall, possession_calls, signed_calls
from rollup.l1.evm.contract import EvmL1
from rollup.l1.interface import Address
from rollup.protocol.checkpoint import InboxEntry, InboxHead, Link, head_after
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
