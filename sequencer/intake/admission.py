"""Admission: from envelopes to commands, or to a reason.

Cheap checks first, signatures together in lanes. What the core would refuse anyway (slot, expiry,
fees, margin) is refused by the core's own function, just before the order would be journalled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    OutflowAction,
    PaddingAction,
    QuestionAction,
    ViewingKeyAction,
)
from rollup.crypto.hpke import Exported
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Order, SignedOrder
from rollup.protocol.outflow import Outflow, SignedOutflow
from rollup.protocol.question import Question, question_digest
from rollup.protocol.receipt import envelope_hash
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import VerifyMany
from rollup.protocol.viewing_key import viewing_key_from_bytes
from sequencer.client.travelling import path_of_action
from sequencer.engine.command import Cancel, PayOut, Sent, Signed, Submit, TellAhead, TellKey, Told
from sequencer.engine.core import CoreState
from sequencer.engine.event import AnyReason, VenueReason
from sequencer.engine.live import OrderKey
from sequencer.intake.seen import SeenEnvelopes, mark_of
from sequencer.intake.signatures import messages_of
from sequencer.intake.telling import QueueFrom, as_told
from sequencer.intake.wire import WireError, marks_of, outflow_kind_of, side_of, time_in_force_of

_Refusal = AnyReason | EnvelopeReason


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Private):
    """What became of one envelope: a command, a reason, or neither for padding.

    `answering` is the secret to answer by, of one that was opened. `digest` is what the venue
    computed of a message whose signature does not hold, of an action of a bundle that of the
    bundle: it tells of the message, so it may be told inside the sealed answer alone. `envelope` is
    the hash of one that was opened, and nothing for one that was not; `copy_of` the hash of one
    that came before.
    """

    command: Sent | None = None
    reason: _Refusal | None = None
    answering: Exported | None = None
    digest: Digest | None = None
    envelope: bytes | None = None
    copy_of: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Asked(Private):
    """What became of an envelope that should ask: a reason why it did not open; or the question,
    if its signature is the account's; or, for whatever else was inside, neither.

    `response_key` is whom to answer: whatever the sender of a question wrote, which may be no
    usable key, and nothing where there was no question. `digest` is of one that is not the
    account's own, as in a Verdict; it does not tell whether there is such an account.
    """

    question: Question | None = None
    reason: _Refusal | None = None
    response_key: bytes | None = None
    digest: Digest | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Signed(Private):
    """An authentic action that still has to prove who sent it."""

    place: int
    command: Signed
    key: Point
    opened: Verdict


class Admission:
    """The venue's door. Remembers every envelope that opened, whatever was in it: whoever sends a
    copy hears the same of padding, of orders, and of what no order can be."""

    def __init__(
        self,
        key: OpeningKey,
        state: CoreState,
        queue_from: QueueFrom,
        *,
        compress_many: CompressMany,
        verify_many: VerifyMany,
    ) -> None:
        self._key = key
        self._state = state
        self._queue_from = queue_from
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
        commands = [action.command for action in signed]
        messages = messages_of(commands, self._compress_many)
        signatures = [command.signed.signature for command in commands]
        valid_ones = self._verify_many([action.key for action in signed], messages, signatures)
        for action, message, valid in zip(signed, messages, valid_ones, strict=True):
            answering, digest = action.opened.answering, action.opened.envelope
            verdicts[action.place] = (
                Verdict(action.command, None, answering, None, digest)
                if valid
                else Verdict(None, Reason.ORDER_SIGNATURE, answering, message, digest)
            )
        return verdicts

    def ask(self, envelope: bytes, time: int) -> Asked:
        """Who asks what, at the venue's `time`, which never falls.

        Never raises for what a trader sent. Whatever opens is remembered as in `admit`: a question
        is answered once.
        """
        self._seen.forget_before(time)
        opened = self._unseal(envelope_hash(envelope), envelope, time)
        if not isinstance(opened, Opened):
            return Asked(reason=opened)
        try:
            action = opened.action()
        except EnvelopeError:
            return Asked()
        return self._asked(action) if isinstance(action, QuestionAction) else Asked()

    def _asked(self, action: QuestionAction) -> Asked:
        """The question, if it is the account's own."""
        here, key = (self._state.chain, self._state.venue), action.response_key
        try:
            question = Question(*here, action.account, key, action.cursor)
        except Rejected:
            return Asked(response_key=key)
        digest = question_digest(question, self._compress_many)
        holder = self._state.ledger.holders.get(action.account)
        if holder is not None:
            (holds,) = self._verify_many([holder.header.key], [digest], [action.signature])
            if holds:
                return Asked(question, response_key=key)
        return Asked(response_key=key, digest=digest)

    def _open(self, place: int, envelope: bytes, time: int) -> _Signed | Verdict:
        """Everything but the signature, which a viewing key has none of."""
        digest = envelope_hash(envelope)
        opened = self._unseal(digest, envelope, time)
        if not isinstance(opened, Opened):
            is_copy = opened is VenueReason.REPLAYED
            return Verdict(reason=opened, copy_of=digest if is_copy else None)
        told = Verdict(answering=opened.answering, envelope=digest)
        found = self._read(opened)
        if isinstance(found, tuple):
            return _Signed(place, *found, told)
        if isinstance(found, TellKey | TellAhead):
            return replace(told, command=found)
        return replace(told, reason=found)

    def _unseal(self, digest: bytes, envelope: bytes, time: int) -> Opened | _Refusal:
        """Open it once. Remembered before anything depends on what is inside."""
        mark = mark_of(digest)
        if mark in self._seen:
            return VenueReason.REPLAYED
        try:
            opened = self._key.open(envelope, self._destination, time)
        except EnvelopeError as error:
            return error.reason
        self._seen.remember(mark, opened.good_until)
        return opened

    def _read(self, opened: Opened) -> tuple[Signed, Point] | Told | _Refusal | None:
        """What is inside: its layout and bounds, and whose key has to have signed it; a viewing key
        if it is the account's, or will be."""
        try:
            command = self._command(opened.action())
        except (EnvelopeError, Rejected) as error:
            return error.reason
        except WireError:
            return Reason.MALFORMED
        if command is None:
            return None
        if isinstance(command, TellKey | TellAhead):
            return as_told(command, self._state, self._queue_from, self._compress_many)
        holder = self._state.ledger.holders.get(sender_of(command))
        if holder is None:
            return Reason.ACCOUNT_MISSING
        return command, holder.header.key

    def _command(self, action: Action) -> Sent | None:
        """The protocol's record of an action. Chain and venue are this venue's own."""
        match action:
            case PaddingAction():
                return None
            case QuestionAction():
                detail = "a question changes nothing: it is no command"
                raise EnvelopeError(EnvelopeReason.ACTION, detail)
            case CancelAction():
                cancel = CancelOrder(
                    self._state.chain,
                    self._state.venue,
                    action.account,
                    action.slot,
                    action.generation,
                )
                return Cancel(SignedCancel(cancel, action.signature, path_of_action(action.path)))
            case OrderAction():
                path = path_of_action(action.path)
                return Submit(SignedOrder(self._order(action), action.signature, path))
            case OutflowAction():
                return PayOut(SignedOutflow(self._outflow(action), action.signature))
            case ViewingKeyAction():
                return TellKey(action.account, viewing_key_from_bytes(action.key))

    def _outflow(self, action: OutflowAction) -> Outflow:
        return Outflow(
            chain=self._state.chain,
            venue=self._state.venue,
            account=action.account,
            slot=action.slot,
            generation=action.generation,
            kind=outflow_kind_of(action.kind),
            asset=action.asset,
            receiver=action.receiver,
            amount=action.amount,
            expiry=action.expiry,
        )

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
            **marks_of(action.flags),
        )


def sender_of(command: Sent) -> int:
    """The account whose key signed it, or whose viewing key it tells."""
    if isinstance(command, TellKey | TellAhead):
        return command.account
    return key_of(command)[0]


def key_of(command: Signed) -> OrderKey:
    """Account, slot and generation that it names."""
    match command:
        case Submit():
            order = command.signed.order
            return (order.account, order.slot, order.generation)
        case Cancel():
            cancel = command.signed.cancel
            return (cancel.account, cancel.slot, cancel.generation)
        case PayOut():
            outflow = command.signed.outflow
            return (outflow.account, outflow.slot, outflow.generation)
