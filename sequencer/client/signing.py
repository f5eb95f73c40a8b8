"""Signed and sealed: orders, cancels, questions and viewing keys as they leave for the venue.

Signing is plain Python, or the kernels where numba is installed: the same signatures, and twenty
times faster (rollup.crypto.schnorr, rollup.crypto.batched). Neither is constant-time: trade where
nobody else measures time or caches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from rollup.crypto import schnorr
from rollup.crypto.envelope import (
    Action,
    CancelAction,
    Destination,
    OrderAction,
    OutflowAction,
    QuestionAction,
    SealingKey,
    ViewingKeyAction,
)
from rollup.crypto.hpke import Exported
from rollup.crypto.schnorr import SecretKey, Signature
from rollup.hash.many import CompressMany, compress_many
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.bundle import BundlePath
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.order import Order, SignedOrder, message_digest
from rollup.protocol.outflow import Outflow, SignedOutflow, outflow_digests
from rollup.protocol.question import Question, question_digest
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.client import travelling
from sequencer.client.bundling import Signable, digests_of, messages_to_sign

SignMessage = Callable[[SecretKey, Digest, bytes | None], Signature]
"""A signature of a digest; with entropy of 32 bytes where a run must repeat."""


@dataclass(frozen=True, slots=True)
class Signer:
    """How to hash and sign."""

    sign: SignMessage
    compress_many: CompressMany


PLAIN: Final = Signer(schnorr.sign, compress_many)
"""Without a kernel: nothing to load, a tenth of a second an order."""


def fast_signer() -> Signer:
    """The kernels, if numba is installed: seconds to load, milliseconds an order; else PLAIN."""
    try:
        batched = import_module("rollup.crypto.batched")
        hashes = import_module("rollup.hash.batched")
    except ModuleNotFoundError:
        return PLAIN
    return Signer(batched.sign, hashes.compress_many)


@dataclass(frozen=True, slots=True, repr=False)
class TradingKey(Private):
    """One account of a venue, and the key that signs for it; and the viewing key that its batches
    publish it under, None where the account has none that anybody knows."""

    account: int
    secret: SecretKey
    viewing_key: Digest | None = None


def order_action(
    order: Order, key: TradingKey, by: Signer, entropy: bytes | None = None
) -> OrderAction:
    """A signed order as it travels."""
    signature = by.sign(key.secret, message_digest(order, by.compress_many), entropy)
    return travelling.order_action(SignedOrder(order, signature.to_bytes()))


def cancel_action(
    cancel: CancelOrder, key: TradingKey, by: Signer, entropy: bytes | None = None
) -> CancelAction:
    """A signed cancel as it travels."""
    (digest,) = cancel_digests([cancel], by.compress_many)
    signature = by.sign(key.secret, digest, entropy)
    return travelling.cancel_action(SignedCancel(cancel, signature.to_bytes()))


def bundled_actions(
    actions: Sequence[Signable], key: TradingKey, by: Signer, entropy: bytes | None = None
) -> list[OrderAction | CancelAction]:
    """Orders and cancels as they travel, in their order, under as few signatures as there can be:
    one for each 64 of them. A single one is signed alone. Each acts by itself all the same."""
    signed: list[OrderAction | CancelAction] = []
    left = iter(actions)
    for part in messages_to_sign(digests_of(actions, by.compress_many), by.compress_many):
        signature = by.sign(key.secret, part.message, entropy).to_bytes()
        signed += [_action(next(left), signature, path) for path in part.paths]
    return signed


def _action(
    what: Signable, signature: bytes, path: BundlePath | None
) -> OrderAction | CancelAction:
    if isinstance(what, Order):
        return travelling.order_action(SignedOrder(what, signature, path))
    return travelling.cancel_action(SignedCancel(what, signature, path))


def outflow_action(
    outflow: Outflow, key: TradingKey, by: Signer, entropy: bytes | None = None
) -> OutflowAction:
    """A signed withdrawal or transfer as it travels."""
    (digest,) = outflow_digests([outflow], by.compress_many)
    signature = by.sign(key.secret, digest, entropy)
    return travelling.outflow_action(SignedOutflow(outflow, signature.to_bytes()))


def question_action(
    question: Question, key: TradingKey, by: Signer, entropy: bytes | None = None
) -> QuestionAction:
    """A signed question as it travels."""
    signature = by.sign(key.secret, question_digest(question, by.compress_many), entropy)
    return travelling.question_action(question, signature.to_bytes())


def viewing_key_action(account: int, key: Digest) -> ViewingKeyAction:
    """A viewing key as it travels: whoever knows it may tell it, so nothing is signed."""
    return ViewingKeyAction(account, viewing_key_to_bytes(key))


@dataclass(frozen=True, slots=True, repr=False)
class Sealed(Private):
    """One envelope, and the secret by which to read what became of its action. `good_until` in the
    venue's ms."""

    envelope: bytes
    answering: Exported
    good_until: int


def seal(action: Action, to: Destination, sealing_key: bytes, good_until: int) -> Sealed:
    """An envelope, sealed afresh. EnvelopeError for a key of no use."""
    envelope, answering = SealingKey(sealing_key).seal_answerable(action, to, good_until)
    return Sealed(envelope, answering, good_until)
