"""Outflow: what a trader signs to take cash or lots of an asset out of an account, to L1 or to
another account.

A withdrawal becomes a public grant to the account's owner, who claims it at L1; a transfer stays
private. Both use up the generation that they name, and act once. The type code differs from an
order's, so that no signature of one can pass for the other. Spec: docs/spec/16-outflow.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.assets import MARKS, USDC
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    CHAIN_BITS,
    EXPIRY_BITS,
    GENERATION_END,
    OUTFLOW_BITS,
    SIGNATURE_BYTES,
    SIGNATURE_SCHEME,
    SLOT_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import (
    Block,
    TypeCode,
    chain_many,
    outflow_words,
    packed,
    split_blocks,
)
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes

NO_RECEIVER = 0
"""What a withdrawal has in the place of a receiver: it goes to the account's owner."""

_BOUNDS = (
    ("chain", 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS),
    ("venue", 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS),
    ("account", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
    ("slot", 0, 1 << SLOT_BITS, Reason.SLOT_OUT_OF_BOUNDS),
    ("generation", 0, GENERATION_END, Reason.GENERATION_OUT_OF_BOUNDS),
    ("receiver", 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS),
    ("asset", 0, MARKS, Reason.MARKET_OUT_OF_BOUNDS),
    ("amount", 1, 1 << OUTFLOW_BITS, Reason.AMOUNT_OUT_OF_BOUNDS),
    ("expiry", 0, 1 << EXPIRY_BITS, Reason.TIME_OUT_OF_BOUNDS),
)


class OutflowKind(IntEnum):
    """Where it goes."""

    WITHDRAWAL = 0
    TRANSFER = 1


@dataclass(frozen=True, slots=True, repr=False)
class Outflow(Private):
    """Take `amount` out of `account`: to its owner at L1, or to the account `receiver`. It is of
    quanta of USDC, or of lots of the asset that the mark `asset` names (rollup.protocol.assets).

    `expiry` is the last batch time, in ms, at which it may happen. An outflow is one use of
    (account, slot, generation), as an order is. Rejected: OUTFLOW_RECEIVER for a transfer to the
    account itself, and for a withdrawal that names a receiver.
    """

    chain: int
    venue: int
    account: int
    slot: int
    generation: int
    kind: OutflowKind
    receiver: int
    amount: int
    expiry: int
    asset: int = USDC

    def __post_init__(self) -> None:
        if not isinstance(self.kind, OutflowKind):
            raise Rejected(Reason.MALFORMED, "kind must be an OutflowKind")
        for name, low, end, reason in _BOUNDS:
            require_bounds(f"outflow {name}", getattr(self, name), low, end, reason)
        if self.is_withdrawal and self.receiver != NO_RECEIVER:
            raise Rejected(Reason.OUTFLOW_RECEIVER, "a withdrawal goes to the account's owner")
        if not self.is_withdrawal and self.receiver == self.account:
            raise Rejected(Reason.OUTFLOW_RECEIVER, "a transfer goes to another account")

    @property
    def is_withdrawal(self) -> bool:
        """Whether it leaves the rollup."""
        return self.kind is OutflowKind.WITHDRAWAL


@dataclass(frozen=True, slots=True, repr=False)
class SignedOutflow(Private):
    """An outflow with its Schnorr signature (84 bytes: R, s), whose truth verification decides."""

    outflow: Outflow
    signature: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.outflow, Outflow):
            raise Rejected(Reason.MALFORMED, "a signed outflow holds an Outflow")
        require_bytes("signature", self.signature, SIGNATURE_BYTES)


def outflow_blocks(outflow: Outflow) -> tuple[Block, ...]:
    """OUTFLOW, 2 blocks: scheme, chain, venue, account, slot, generation, asset (0 is USDC), kind;
    receiver, amount 2 (40 bits), expiry 2, amount 1 (the 13 bits above), zeros 2. The places are
    those of an order, so that one table of the circuit checks the signatures of both."""
    low, high, top = outflow_words(outflow.amount)
    return split_blocks(
        (
            SIGNATURE_SCHEME,
            outflow.chain,
            outflow.venue,
            outflow.account,
            outflow.slot,
            outflow.generation,
            outflow.asset,
            int(outflow.kind),
            outflow.receiver,
            low,
            high,
            *packed(outflow.expiry, TIME_BITS),
            top,
        )
    )


def outflow_digests(outflows: Sequence[Outflow], compress_many: CompressMany) -> list[Digest]:
    """The digests that traders sign."""
    blocks = [outflow_blocks(outflow) for outflow in outflows]
    return chain_many(TypeCode.OUTFLOW, blocks, compress_many)
