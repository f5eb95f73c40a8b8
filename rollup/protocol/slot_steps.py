"""What a batch did to slots: the part of its outcome (rollup.protocol.outcome) that orders and
cancels have there.
"""

from dataclasses import dataclass

from rollup.crypto.curve import Point
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.order import Order, SignedOrder
from rollup.protocol.slot import SlotKey, SlotState
from rollup.tree.multi import TouchedNode


@dataclass(frozen=True, slots=True, repr=False)
class SlotStep(Private):
    """What was signed acts on its slot, at a memory timestamp."""

    timestamp: int
    before: SlotState
    after: SlotState


@dataclass(frozen=True, slots=True, repr=False)
class SignatureStep(Private):
    """A signature that was checked: whose, over which message, for how many actions of the batch.
    `root` is that of its bundle, and None where it is of one action alone."""

    account: int
    key: Point
    message: Digest
    signature: bytes
    actions: int
    root: Digest | None


@dataclass(frozen=True, slots=True, repr=False)
class Authority(Private):
    """By whose word a batch acts. `digests` are those of its orders, outflows and cancels, in this
    order, and `signed_by` which signature each has; `nodes` are those of bundles, whose trees have
    the numbers of their signatures above BUNDLE_TREE."""

    digests: tuple[Digest, ...] = ()
    signed_by: tuple[int, ...] = ()
    signatures: tuple[SignatureStep, ...] = ()
    nodes: tuple[TouchedNode, ...] = ()


NO_AUTHORITY = Authority()
"""Of a batch in which nothing is signed, or nobody asked."""


@dataclass(frozen=True, slots=True, repr=False)
class OrderStep(Private):
    """An order whose signature was checked, with the message digest and the key it was under; how
    it came into its slot, and whether it rests there as the batch ends."""

    signed: SignedOrder
    message: Digest
    key: Point
    placing: SlotStep
    rests: bool


@dataclass(frozen=True, slots=True, repr=False)
class CancelStep(Private):
    """A cancel whose signature was checked, with its key, and what it did to its slot."""

    signed: SignedCancel
    key: Point
    placing: SlotStep


@dataclass(frozen=True, slots=True, repr=False)
class RestingStep(Private):
    """An order that rested before the batch and traded in it: its slot then, what that is as an
    order, whose size is what was left, and how many sides of fills name it."""

    key: SlotKey
    before: SlotState
    order: Order
    uses: int


@dataclass(frozen=True, slots=True, repr=False)
class TouchedSlot(Private):
    """A slot opened once and closed once, with its leaves. `left` are the lots that were left as
    the batch ended, before its order lapsed, if it did."""

    account: int
    slot: int
    before: SlotState
    after: SlotState
    left: int
    leaf_before: Digest
    leaf_after: Digest
