"""Signed together: what an account signs so that one signature stands for many of its actions.

Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.bundle import (
    ACTIONS_MAX,
    BundlePath,
    bundle_digests,
    bundle_levels,
    path_of,
)
from rollup.protocol.cancel import CancelOrder, cancel_digests
from rollup.protocol.order import Order, message_digests

Signable = Order | CancelOrder


@dataclass(frozen=True, slots=True, repr=False)
class ToSign(Private):
    """One message that has to be signed, and the path of each action that it stands for, in their
    order; of a single one None."""

    message: Digest
    paths: tuple[BundlePath | None, ...]


def digests_of(actions: Sequence[Signable], compress_many: CompressMany) -> list[Digest]:
    """The digest of each order and cancel, as it would be signed alone."""
    orders = iter(message_digests([a for a in actions if isinstance(a, Order)], compress_many))
    cancels = iter(cancel_digests([a for a in actions if not isinstance(a, Order)], compress_many))
    return [next(orders) if isinstance(action, Order) else next(cancels) for action in actions]


def messages_to_sign(digests: Sequence[Digest], compress_many: CompressMany) -> list[ToSign]:
    """What is signed for actions of one account with these digests: a message for each 64 of them,
    in their order."""
    return [_to_sign(part, compress_many) for part in _parts(digests)]


def _parts(digests: Sequence[Digest]) -> Iterator[Sequence[Digest]]:
    for first in range(0, len(digests), ACTIONS_MAX):
        yield digests[first : first + ACTIONS_MAX]


def _to_sign(digests: Sequence[Digest], compress_many: CompressMany) -> ToSign:
    """One action is signed alone: a bundle is of two at least."""
    if len(digests) == 1:
        return ToSign(digests[0], (None,))
    levels = bundle_levels(digests, compress_many)
    (message,) = bundle_digests(levels[-1], compress_many)
    return ToSign(message, tuple(path_of(levels, place) for place in range(len(digests))))
