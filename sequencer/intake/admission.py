"""Admission: from envelopes to commands, or to a reason.

Cheap checks first, signatures together in lanes. What the core would refuse anyway (slot, expiry,
fees, margin) is refused by the core's own function, just before the order would be journalled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.crypto.curve import Point
from rollup.crypto.envelope import (
    Action,
    CancelAction,
    Destination,
    EnvelopeError,
    EnvelopeReason,
    Opened,
    OpeningKey,
    OrderAction,
    PaddingAction,
)
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.order import (
    POST_ONLY_FLAG,
    REDUCE_ONLY_FLAG,
    Order,
    SignedOrder,
    message_digests,
)
from rollup.protocol.receipt import envelope_hash
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import VerifyMany
from sequencer.engine.command import Cancel, Submit
from sequencer.engine.core import CoreState
from sequencer.engine.event import AnyReason, VenueReason
from sequencer.intake.seen import SeenEnvelopes, mark_of
from sequencer.intake.wire import WireError, side_of, time_in_force_of

_Refusal = AnyReason | EnvelopeReason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one envelope: a command, a reason, or neither for padding.

    `envelope` is the hash of one that was opened, and nothing for one that was not.
    """

    command: Submit | Cancel | None = None
    reason: _Refusal | None = None
    envelope: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Signed(Private):
    """An authentic action that still has to prove who sent it."""

    place: int
    command: Submit | Cancel
    key: Point
    envelope: bytes


class Admission:
    """The venue's door. Remembers every envelope that opened, whatever was in it: whoever sends a
    copy hears the same of padding, of orders, and of what no order can be."""

    def __init__(
        self,
        key: OpeningKey,
        state: CoreState,
        *,
        compress_many: CompressMany,
        verify_many: VerifyMany,
    ) -> None:
        self._key = key
        self._state = state
        self._destination = Destination(state.chain, state.venue)
        self._compress_many = compress_many
        self._verify_many = verify_many
        self._seen = SeenEnvelopes()

    def follow(self, state: CoreState) -> None:
        """From now on admit for this state: batches were made anew. What was seen stays seen."""
        self._state = state

    def admit(self, envelopes: Sequence[bytes], time: int) -> list[Verdict]:
        """A verdict for each envelope, in order, at the venue's `time`, which never falls.

        Never raises for what a trader sent.
        """
        self._seen.forget_before(time)
        verdicts = [Verdict()] * len(envelopes)
        signed: list[_Signed] = []
        for place, envelope in enumerate(envelopes):
            found = self._open(place, envelope, time)
            if isinstance(found, _Signed):
                signed.append(found)
            else:
                verdicts[place] = found
        valid_ones = signatures_hold(
            [action.command for action in signed],
            [action.key for action in signed],
            self._compress_many,
            self._verify_many,
        )
        for action, valid in zip(signed, valid_ones, strict=True):
            command, reason = (action.command, None) if valid else (None, Reason.ORDER_SIGNATURE)
            verdicts[action.place] = Verdict(command, reason, action.envelope)
        return verdicts

    def _open(self, place: int, envelope: bytes, time: int) -> _Signed | Verdict:
        """Everything but the signature. Remembered before anything depends on what is inside."""
        digest = envelope_hash(envelope)
        mark = mark_of(digest)
        if mark in self._seen:
            return Verdict(reason=VenueReason.REPLAYED)
        try:
            opened = self._key.open(envelope, self._destination, time)
        except EnvelopeError as error:
            return Verdict(reason=error.reason)
        self._seen.remember(mark, opened.good_until)
        found = self._read(place, opened, digest)
        return found if isinstance(found, _Signed) else Verdict(reason=found, envelope=digest)

    def _read(self, place: int, opened: Opened, digest: bytes) -> _Signed | _Refusal | None:
        """What is inside: its layout and bounds, and whether the account exists."""
        try:
            command = self._command(opened.action())
        except (EnvelopeError, Rejected) as error:
            return error.reason
        except WireError:
            return Reason.MALFORMED
        if command is None:
            return None
        holder = self._state.ledger.holders.get(sender_of(command))
        if holder is None:
            return Reason.ACCOUNT_MISSING
        return _Signed(place, command, holder.header.key, digest)

    def _command(self, action: Action) -> Submit | Cancel | None:
        """The protocol's record of an action. Chain and venue are this venue's own."""
        match action:
            case PaddingAction():
                return None
            case CancelAction():
                cancel = CancelOrder(
                    self._state.chain,
                    self._state.venue,
                    action.account,
                    action.slot,
                    action.generation,
                )
                return Cancel(SignedCancel(cancel, action.signature))
            case OrderAction():
                return Submit(SignedOrder(self._order(action), action.signature))

    def _order(self, action: OrderAction) -> Order:
        return Order(
            chain=self._state.chain,
            venue=self._state.venue,
            account=action.account,
            slot=action.slot,
            generation=action.generation,
            market=action.market,
            side=side_of(action.side),
            price=action.price,
            size=action.size,
            expiry=action.expiry,
            max_fee=action.max_fee,
            time_in_force=time_in_force_of(action.flags),
            reduce_only=bool(action.flags & REDUCE_ONLY_FLAG),
            post_only=bool(action.flags & POST_ONLY_FLAG),
        )


def signatures_hold(
    commands: Sequence[Submit | Cancel],
    keys: Sequence[Point],
    compress_many: CompressMany,
    verify_many: VerifyMany,
) -> Sequence[bool]:
    """Whether each command is signed by the key at its place: one call for all of them."""
    signatures = [command.signed.signature for command in commands]
    return verify_many(keys, _messages(commands, compress_many), signatures)


def _messages(commands: Sequence[Submit | Cancel], compress_many: CompressMany) -> list[Digest]:
    orders = [c.signed.order for c in commands if isinstance(c, Submit)]
    cancels = [c.signed.cancel for c in commands if isinstance(c, Cancel)]
    of_orders = iter(message_digests(orders, compress_many))
    of_cancels = iter(cancel_digests(cancels, compress_many))
    return [next(of_orders if isinstance(c, Submit) else of_cancels) for c in commands]


def sender_of(command: Submit | Cancel) -> int:
    """The account whose key signed it."""
    signed = command.signed
    return signed.order.account if isinstance(signed, SignedOrder) else signed.cancel.account


def order_action(signed: SignedOrder) -> OrderAction:
    """A signed order as it travels in an envelope."""
    order = signed.order
    return OrderAction(
        account=order.account,
        slot=order.slot,
        generation=order.generation,
        market=order.market,
        side=int(order.side),
        price=order.price,
        size=order.size,
        expiry=order.expiry,
        max_fee=order.max_fee,
        flags=order.flags,
        signature=signed.signature,
    )


def cancel_action(signed: SignedCancel) -> CancelAction:
    """A signed cancel as it travels in an envelope."""
    cancel = signed.cancel
    return CancelAction(cancel.account, cancel.slot, cancel.generation, signed.signature)
