"""Cancels: what a trader signs to end an order. Spec: docs/spec/04-orders.md.

A batch that takes a cancel brings its slot past the generation, for ever. The type code differs
from an order's, so neither signature can pass for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.bundle import BundlePath, require_path
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    CHAIN_BITS,
    GENERATION_END,
    SIGNATURE_BYTES,
    SIGNATURE_SCHEME,
    SLOT_BITS,
)
from rollup.protocol.encoding import Block, TypeCode, chain_many, split_blocks
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes

_BOUNDS = (
    ("chain", 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS),
    ("venue", 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS),
    ("account", 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
    ("slot", 1 << SLOT_BITS, Reason.SLOT_OUT_OF_BOUNDS),
    ("generation", GENERATION_END, Reason.GENERATION_OUT_OF_BOUNDS),
)


@dataclass(frozen=True, slots=True, repr=False)
class CancelOrder(Private):
    """End whatever lives in (account, slot) up to and including `generation`."""

    chain: int
    venue: int
    account: int
    slot: int
    generation: int

    def __post_init__(self) -> None:
        for name, end, reason in _BOUNDS:
            require_bounds(name, getattr(self, name), 0, end, reason)


@dataclass(frozen=True, slots=True, repr=False)
class SignedCancel(Private):
    """A cancel with its Schnorr signature (84 bytes: R, s), whose truth verification decides. With
    a `path` it was signed in a bundle, whose signature this is."""

    cancel: CancelOrder
    signature: bytes
    path: BundlePath | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cancel, CancelOrder):
            raise Rejected(Reason.MALFORMED, "a signed cancel holds a CancelOrder")
        require_bytes("signature", self.signature, SIGNATURE_BYTES)
        require_path(self.path)


def cancel_blocks(cancel: CancelOrder) -> tuple[Block, ...]:
    """CANCEL, 2 blocks: scheme, chain, venue, account, slot, generation, zeros 10. The places are
    those of an order, so that one table of the circuit checks the signatures of both."""
    return split_blocks(
        (
            SIGNATURE_SCHEME,
            cancel.chain,
            cancel.venue,
            cancel.account,
            cancel.slot,
            cancel.generation,
            *(0,) * 10,
        )
    )


def cancel_digests(cancels: Sequence[CancelOrder], compress_many: CompressMany) -> list[Digest]:
    """The digests that traders sign."""
    return chain_many(TypeCode.CANCEL, [cancel_blocks(cancel) for cancel in cancels], compress_many)
