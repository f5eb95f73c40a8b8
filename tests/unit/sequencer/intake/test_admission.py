"""Admission with real envelopes and real signatures: in as a command, or out with a reason."""

from dataclasses import replace

import pytest

from rollup.crypto.batched import secret_keys, sign_many, verify_many
from rollup.crypto.envelope import (
    CancelAction,
    Destination,
    EnvelopeReason,
    OpeningKey,
    OrderAction,
    PaddingAction,
)
from rollup.hash.batched import compress_many
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.order import Order, Side, SignedOrder, message_digests
from rollup.protocol.rejection import Reason
from sequencer.engine.command import Cancel, Deposits, OpenBatch, Submit
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import VenueReason
from sequencer.intake.admission import Admission, Verdict, cancel_action, order_action
from tests.strategies import venues

HERE = Destination(venues.CHAIN, venues.VENUE)
KEY = OpeningKey.generate()
SEALING = KEY.sealing_key()
SECRETS = secret_keys([1234567, 7654321])
ORDER = venues.order(1, Side.BUY, 618_000, 10).order


def state() -> CoreState:
    """A venue with a batch open and accounts 1 and 2, each with its own key."""
    core = new_state(venues.genesis())
    step(core, OpenBatch(1, venues.START_MS + 1, venues.PRICES))
    entries = []
    for place, secret in enumerate(SECRETS):
        words = (*secret.public.x, *secret.public.y)
        owner = bytes([place]) * 20
        entries.append(
            QueueEntry(place, EntryKind.REGISTER, place + 1, owner, words, (0,) * 8, 10**12)
        )
    step(core, Deposits(tuple(entries)))
    return core


def door() -> Admission:
    return Admission(KEY, state(), compress_many=compress_many, verify_many=verify_many)


def signed(order: Order, signer: int = 0) -> SignedOrder:
    (message,) = message_digests([order], compress_many)
    (signature,) = sign_many([SECRETS[signer]], [message])
    return SignedOrder(order, signature.to_bytes())


def sealed(action: OrderAction | CancelAction | PaddingAction) -> bytes:
    return SEALING.seal(action, HERE)


def verdict(envelope: bytes) -> Verdict:
    (found,) = door().admit([envelope])
    return found


def test_a_signed_order_in_an_envelope_is_a_command() -> None:
    order = signed(replace(ORDER, post_only=True))
    assert verdict(sealed(order_action(order))).command == Submit(order)


def test_a_signed_cancel_in_an_envelope_is_a_command() -> None:
    cancel = CancelOrder(venues.CHAIN, venues.VENUE, 2, 3, 4)
    (message,) = cancel_digests([cancel], compress_many)
    (signature,) = sign_many([SECRETS[1]], [message])
    record = SignedCancel(cancel, signature.to_bytes())
    assert verdict(sealed(cancel_action(record))).command == Cancel(record)


def test_padding_is_nothing() -> None:
    assert verdict(sealed(PaddingAction())) == Verdict()


def test_the_key_of_another_account_does_not_sign() -> None:
    assert verdict(sealed(order_action(signed(ORDER, signer=1)))).reason is Reason.ORDER_SIGNATURE


def test_an_orders_signature_is_none_for_a_cancel() -> None:
    order = signed(ORDER)
    action = CancelAction(1, ORDER.slot, ORDER.generation, order.signature)
    assert verdict(sealed(action)).reason is Reason.ORDER_SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"price": 618_001},
        {"size": 11},
        {"slot": 1},
        {"generation": 1},
        {"side": 1},
        {"flags": 8},
        {"max_fee": 0},
        {"expiry": 2**52 - 2},
        {"market": 1},
        {"account": 2},
    ],
)
def test_every_member_is_signed(change: dict[str, int]) -> None:
    action = replace(order_action(signed(ORDER)), **change)
    assert verdict(sealed(action)).reason is Reason.ORDER_SIGNATURE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account": 9}, Reason.ACCOUNT_MISSING),
        ({"account": 2**31}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"market": 4}, Reason.MARKET_OUT_OF_BOUNDS),
        ({"price": 0}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"size": 2**40}, Reason.SIZE_OUT_OF_BOUNDS),
        ({"side": 2}, Reason.MALFORMED),
        ({"flags": 16}, Reason.MALFORMED),
        ({"flags": 2}, Reason.MALFORMED),
        ({"flags": 4}, Reason.ORDER_FLAGS),
    ],
)
def test_what_no_order_can_be_is_refused_with_its_reason(
    change: dict[str, int], reason: Reason
) -> None:
    action = replace(order_action(signed(ORDER)), **change)
    assert verdict(sealed(action)).reason is reason


def test_damaged_envelopes_are_refused() -> None:
    envelope = sealed(order_action(signed(ORDER)))
    assert verdict(envelope[:-1]).reason is EnvelopeReason.SIZE
    assert verdict(envelope[:-1] + b"\0").reason is EnvelopeReason.NOT_AUTHENTIC
    assert verdict(bytes(len(envelope))).reason is EnvelopeReason.ENCAPSULATION


def test_an_envelope_is_admitted_once_and_the_others_keep_their_places() -> None:
    admission = door()
    good = [sealed(order_action(signed(replace(ORDER, slot=slot)))) for slot in range(3)]
    first = admission.admit([good[0], b"", good[0], good[1]])
    assert [v.command is not None for v in first] == [True, False, False, True]
    assert first[2].reason is VenueReason.REPLAYED
    again = admission.admit([good[1], good[2]])
    assert [v.reason for v in again] == [VenueReason.REPLAYED, None]


def test_a_refused_envelope_is_not_remembered() -> None:
    admission = door()
    stranger = sealed(order_action(signed(ORDER, signer=1)))
    for _ in range(2):
        assert admission.admit([stranger])[0].reason is Reason.ORDER_SIGNATURE


def test_nothing_admitted_is_nothing_to_do() -> None:
    assert door().admit([]) == []
