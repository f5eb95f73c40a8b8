"""Admission with real envelopes and real signatures: in as a command, or out with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rollup.crypto import hpke
from rollup.crypto.batched import secret_keys, sign_many, verify_many
from rollup.crypto.envelope import (
    ENVELOPE_LIFETIME_MS,
    Action,
    CancelAction,
    Destination,
    EnvelopeReason,
    OpeningKey,
    PaddingAction,
    QuestionAction,
    ViewingKeyAction,
    encode,
)
from rollup.hash.batched import compress_many
from rollup.hash.keccak import keccak256
from rollup.hash.poseidon import Digest
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.order import Order, Side, SignedOrder, message_digests
from rollup.protocol.question import Question, question_digest
from rollup.protocol.receipt import envelope_hash
from rollup.protocol.rejection import Reason
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.client.travelling import cancel_action, order_action, question_action
from sequencer.engine.command import Cancel, Command, Submit, TellAhead, TellKey
from sequencer.engine.core import CoreState, new_state, step
from sequencer.engine.event import VenueReason
from sequencer.intake.admission import Admission, Asked, Verdict
from sequencer.intake.telling import QUEUE_AHEAD
from tests.helpers.damage import damaged
from tests.strategies import venues

HERE = Destination(venues.CHAIN, venues.VENUE)
KEY = OpeningKey.generate()
SEALING = KEY.sealing_key()
SECRETS = secret_keys([1234567, 7654321])
NOW = venues.START_MS + 1
GOOD_UNTIL = NOW + 60_000
RESPONSE_KEY = bytes(range(32))
ORDER = venues.order(1, Side.BUY, 618_000, 10).order
VIEWING_KEYS: tuple[Digest, ...] = ((1, 2, 3, 4, 5, 6, 7, 8), (2, 2, 3, 4, 5, 6, 7, 8))


def state() -> CoreState:
    """A venue with a batch open and accounts 1 and 2, each with its own keys."""
    core = new_state(venues.genesis())
    entries = []
    for place, secret in enumerate(SECRETS):
        words = (*secret.public.x, *secret.public.y)
        owner, viewing = bytes([place]) * 20, viewing_commitment(VIEWING_KEYS[place], compress_many)
        entries.append(
            QueueEntry(place, EntryKind.REGISTER, place + 1, owner, words, viewing, 10**12)
        )
    step(core, venues.opening(1, NOW, venues.PRICES, tuple(entries)))
    return core


def door(*queued: QueueEntry) -> Admission:
    """The venue's door, with entries in L1's queue that wait."""

    def queue_from(first: int, count: int) -> Sequence[QueueEntry]:
        assert (first, count) == (len(SECRETS), QUEUE_AHEAD), "what no batch has consumed"
        return queued

    return Admission(KEY, state(), queue_from, compress_many=compress_many, verify_many=verify_many)


def signed(order: Order, signer: int = 0) -> SignedOrder:
    (message,) = message_digests([order], compress_many)
    (signature,) = sign_many([SECRETS[signer]], [message])
    return SignedOrder(order, signature.to_bytes())


def sealed(action: Action) -> bytes:
    return SEALING.seal(action, HERE, GOOD_UNTIL)


def opened(envelope: bytes) -> Verdict:
    """What every envelope that opens leads to: how to answer it, and its hash."""
    answering = KEY.open(envelope, HERE, NOW).answering
    return Verdict(answering=answering, envelope=keccak256(envelope))


def verdict(envelope: bytes) -> Verdict:
    (found,) = door().admit([envelope], NOW)
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


def viewing_key(account: int, key: Digest) -> ViewingKeyAction:
    return ViewingKeyAction(account, viewing_key_to_bytes(key))


def test_a_viewing_key_that_its_account_commits_to_is_a_command() -> None:
    envelope = sealed(viewing_key(2, VIEWING_KEYS[1]))
    told = TellKey(2, VIEWING_KEYS[1])
    assert verdict(envelope) == replace(opened(envelope), command=told)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (viewing_key(1, VIEWING_KEYS[1]), Reason.VIEWING_KEY),
        (viewing_key(1, viewing_commitment(VIEWING_KEYS[0], compress_many)), Reason.VIEWING_KEY),
        (viewing_key(0, (0,) * 8), Reason.VIEWING_KEY),
        (viewing_key(9, VIEWING_KEYS[0]), Reason.ACCOUNT_MISSING),
        (viewing_key(2**31, VIEWING_KEYS[0]), Reason.ACCOUNT_OUT_OF_BOUNDS),
        (ViewingKeyAction(1, b"\xff" * 32), Reason.WORD_OUT_OF_BOUNDS),
    ],
    ids=["another's", "what L1 shows", "the venue's", "of nobody", "no number", "no elements"],
)
def test_a_viewing_key_that_is_not_the_accounts_is_refused_with_the_reason(
    action: ViewingKeyAction, reason: Reason
) -> None:
    envelope = sealed(action)
    assert verdict(envelope) == replace(opened(envelope), reason=reason)


NEXT: Digest = (3, 2, 3, 4, 5, 6, 7, 8)
SHOWN = viewing_commitment(NEXT, compress_many)


def waiting(index: int, kind: EntryKind, account: int, viewing: Digest = SHOWN) -> QueueEntry:
    """An entry that brings an account a viewing commitment, if its kind brings any."""
    if kind is EntryKind.CREDIT:
        return QueueEntry(index, kind, account, bytes(20), (0,) * 14, (0,) * 8, 1)
    return QueueEntry(index, kind, account, bytes(20), (1,) * 14, viewing, 1)


@pytest.mark.parametrize(
    ("account", "queued", "found"),
    [
        (1, [waiting(2, EntryKind.ROTATE, 1)], TellAhead(1, NEXT, SHOWN, 2)),
        (3, [waiting(2, EntryKind.REGISTER, 3)], TellAhead(3, NEXT, SHOWN, 2)),
        (
            1,
            [waiting(place, EntryKind.ROTATE, 1) for place in (2, 3)],
            TellAhead(1, NEXT, SHOWN, 3),
        ),
        (1, [waiting(2, EntryKind.ROTATE, 2)], Reason.VIEWING_KEY),
        (1, [waiting(2, EntryKind.ROTATE, 1, VIEWING_KEYS[1])], Reason.VIEWING_KEY),
        (1, [waiting(2, EntryKind.CREDIT, 1)], Reason.VIEWING_KEY),
        (3, [waiting(2, EntryKind.ROTATE, 1)], Reason.ACCOUNT_MISSING),
        (3, [], Reason.ACCOUNT_MISSING),
    ],
    ids=[
        "a rotation",
        "a registration",
        "two of them",
        "another's",
        "another commitment",
        "a deposit",
        "of nobody",
        "nothing queued",
    ],
)
def test_a_viewing_key_of_an_entry_that_waits_is_told_ahead(
    account: int, queued: list[QueueEntry], found: Command | Reason
) -> None:
    (verdict,) = door(*queued).admit([sealed(viewing_key(account, NEXT))], NOW)
    assert (verdict.command if verdict.reason is None else verdict.reason) == found


def test_the_key_that_an_account_has_is_told_of_it_whatever_waits() -> None:
    entry = waiting(2, EntryKind.ROTATE, 1, viewing_commitment(VIEWING_KEYS[0], compress_many))
    (verdict,) = door(entry).admit([sealed(viewing_key(1, VIEWING_KEYS[0]))], NOW)
    assert verdict.command == TellKey(1, VIEWING_KEYS[0])


def test_viewing_keys_and_orders_of_one_request_keep_their_places() -> None:
    order, told = signed(ORDER), TellKey(1, VIEWING_KEYS[0])
    actions = [
        viewing_key(1, VIEWING_KEYS[0]),
        order_action(order),
        viewing_key(1, VIEWING_KEYS[1]),
        PaddingAction(),
        order_action(signed(replace(ORDER, slot=3))),
    ]
    found = door().admit([sealed(each) for each in actions], NOW)
    assert [each.command for each in found[:2]] == [told, Submit(order)]
    assert [each.reason for each in found[2:4]] == [Reason.VIEWING_KEY, None]
    assert isinstance(found[4].command, Submit) and found[3].command is None


def test_padding_is_nothing() -> None:
    envelope = sealed(PaddingAction())
    assert verdict(envelope) == opened(envelope)


def test_what_opened_has_the_hash_of_its_envelope_and_nothing_else_has() -> None:
    padding, order = sealed(PaddingAction()), sealed(order_action(signed(ORDER)))
    stolen = sealed(order_action(signed(ORDER, signer=1)))
    changed = damaged(order)
    late = SEALING.seal(PaddingAction(), HERE, NOW - 1)
    sent = [padding, order, stolen, changed, late, order]
    found = [each.envelope for each in door().admit(sent, NOW)]
    assert found == [*map(keccak256, sent[:3]), None, None, None]


def test_a_wrong_signature_is_told_the_digest_that_the_venue_computed() -> None:
    envelope = sealed(order_action(signed(ORDER, signer=1)))
    (digest,) = message_digests([ORDER], compress_many)
    assert verdict(envelope) == replace(
        opened(envelope), reason=Reason.ORDER_SIGNATURE, digest=digest
    )


@pytest.mark.parametrize("signer", [0, 1])
def test_whoever_sealed_is_whom_to_answer(signer: int) -> None:
    action = order_action(signed(ORDER, signer))
    envelope, answering = SEALING.seal_answerable(action, HERE, GOOD_UNTIL)
    assert verdict(envelope).answering == answering


def test_a_verdict_does_not_show_itself() -> None:
    found = verdict(sealed(order_action(signed(ORDER, signer=1))))
    assert repr(found) == "Verdict(private)"


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
        {"expiry": 2**43 - 2},
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
        ({"price": 0}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"size": 2**40}, Reason.SIZE_OUT_OF_BOUNDS),
        ({"side": 2}, Reason.MALFORMED),
        ({"flags": 64}, Reason.MALFORMED),
        ({"flags": 2}, Reason.MALFORMED),
        ({"flags": 4}, Reason.ORDER_SIGNATURE),
        ({"flags": 16, "price": 2**20}, Reason.PRICE_OUT_OF_BOUNDS),
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
    assert verdict(damaged(envelope)).reason is EnvelopeReason.NOT_AUTHENTIC
    assert verdict(bytes(len(envelope))).reason is EnvelopeReason.ENCAPSULATION


def test_an_envelope_is_admitted_once_and_the_others_keep_their_places() -> None:
    admission = door()
    good = [sealed(order_action(signed(replace(ORDER, slot=slot)))) for slot in range(3)]
    first = admission.admit([good[0], b"", good[0], good[1]], NOW)
    assert [v.command is not None for v in first] == [True, False, False, True]
    assert first[2].reason is VenueReason.REPLAYED
    again = admission.admit([good[1], good[2]], NOW)
    assert [v.reason for v in again] == [VenueReason.REPLAYED, None]


def unknown_kind() -> bytes:
    """Authentic, and nothing that a version of the plaintext knows."""
    plaintext = bytearray(encode(PaddingAction(), GOOD_UNTIL))
    plaintext[1] = 77
    return hpke.seal(bytes(plaintext), SEALING.public_bytes, HERE.info(), HERE.data())


def signed_cancel() -> CancelAction:
    cancel = CancelOrder(venues.CHAIN, venues.VENUE, 1, 0, 0)
    (message,) = cancel_digests([cancel], compress_many)
    (signature,) = sign_many([SECRETS[0]], [message])
    return cancel_action(SignedCancel(cancel, signature.to_bytes()))


def signed_question(signer: int = 0, **changes: Any) -> QuestionAction:
    """A question of account 1 about its own history; `changes` are made once it is signed."""
    question = Question(venues.CHAIN, venues.VENUE, 1, RESPONSE_KEY, 1000)
    (signature,) = sign_many([SECRETS[signer]], [question_digest(question, compress_many)])
    return replace(question_action(question, signature.to_bytes()), **changes)


KINDS: dict[str, Callable[[], bytes]] = {
    "padding": lambda: sealed(PaddingAction()),
    "order": lambda: sealed(order_action(signed(ORDER))),
    "cancel": lambda: sealed(signed_cancel()),
    "order of another's key": lambda: sealed(order_action(signed(ORDER, signer=1))),
    "order of nobody": lambda: sealed(replace(order_action(signed(ORDER)), account=9)),
    "order out of bounds": lambda: sealed(replace(order_action(signed(ORDER)), price=0)),
    "order with unknown flags": lambda: sealed(replace(order_action(signed(ORDER)), flags=16)),
    "viewing key": lambda: sealed(viewing_key(1, VIEWING_KEYS[0])),
    "viewing key of another": lambda: sealed(viewing_key(1, VIEWING_KEYS[1])),
    "question": lambda: sealed(signed_question()),
    "question of another's key": lambda: sealed(signed_question(1)),
    "unknown kind": unknown_kind,
}


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_sends_a_copy_hears_the_same_whatever_is_in_it(kind: str) -> None:
    """In the same call, in a later one, at the last moment it is good, and ever after."""
    admission = door()
    envelope = KINDS[kind]()
    _, again = admission.admit([envelope, envelope], NOW)
    answers = [again]
    for time in (NOW, GOOD_UNTIL, GOOD_UNTIL + 1, GOOD_UNTIL + ENVELOPE_LIFETIME_MS):
        answers += admission.admit([envelope], time)
    replayed = Verdict(reason=VenueReason.REPLAYED, copy_of=envelope_hash(envelope))
    expired = Verdict(reason=EnvelopeReason.EXPIRED)
    assert answers == [replayed, replayed, replayed, expired, expired]


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_holds_an_envelope_back_hears_the_same_whatever_is_in_it(kind: str) -> None:
    admission = door()
    envelope = KINDS[kind]()
    early = GOOD_UNTIL - ENVELOPE_LIFETIME_MS - 1
    answers = [admission.admit([envelope], time)[0] for time in (early, GOOD_UNTIL + 1)]
    assert answers == [
        Verdict(reason=EnvelopeReason.TOO_EARLY),
        Verdict(reason=EnvelopeReason.EXPIRED),
    ]


def test_what_did_not_open_is_not_remembered() -> None:
    changed = damaged(sealed(PaddingAction()))
    admission = door()
    for _ in range(2):
        found = admission.admit([changed, changed], NOW)
        assert {verdict.reason for verdict in found} == {EnvelopeReason.NOT_AUTHENTIC}


def test_an_envelope_that_came_too_early_is_good_in_its_time() -> None:
    admission = door()
    envelope = sealed(order_action(signed(ORDER)))
    admission.admit([envelope], GOOD_UNTIL - ENVELOPE_LIFETIME_MS - 1)
    assert admission.admit([envelope], GOOD_UNTIL - ENVELOPE_LIFETIME_MS)[0].command is not None


def test_nothing_admitted_is_nothing_to_do() -> None:
    assert door().admit([], NOW) == []


# Questions.


def asked(envelope: bytes) -> Asked:
    return door().ask(envelope, NOW)


def test_an_owner_asks_about_its_own_account() -> None:
    question = Question(venues.CHAIN, venues.VENUE, 1, RESPONSE_KEY, 1000)
    assert asked(sealed(signed_question())) == Asked(question, response_key=RESPONSE_KEY)


@pytest.mark.parametrize(
    ("account", "cursor", "key", "signer"),
    [
        (1, 1000, RESPONSE_KEY, 1),
        (2, 1000, RESPONSE_KEY, 0),
        (1, 1001, RESPONSE_KEY, 0),
        (1, 1000, bytes(range(1, 33)), 0),
        (9, 1000, RESPONSE_KEY, 0),
    ],
)
def test_nobody_else_is_told_and_hears_the_digest_that_the_venue_computed(
    account: int, cursor: int, key: bytes, signer: int
) -> None:
    """Another's signature, account, cursor or response key, or an account that is none."""
    action = signed_question(signer, account=account, cursor=cursor, response_key=key)
    question = Question(venues.CHAIN, venues.VENUE, account, key, cursor)
    digest = question_digest(question, compress_many)
    assert asked(sealed(action)) == Asked(response_key=key, digest=digest)


@pytest.mark.parametrize("changes", [{"account": 2**31}, {"cursor": 2**52}])
def test_a_question_out_of_bounds_is_none(changes: dict[str, int]) -> None:
    assert asked(sealed(signed_question(**changes))) == Asked(response_key=RESPONSE_KEY)


def test_what_asks_nothing_is_answered_nothing_and_does_nothing() -> None:
    for action in (order_action(signed(ORDER)), signed_cancel(), PaddingAction()):
        assert asked(sealed(action)) == Asked()
    assert asked(unknown_kind()) == Asked()


def test_a_question_is_no_command() -> None:
    envelope = sealed(signed_question())
    assert verdict(envelope) == replace(opened(envelope), reason=EnvelopeReason.ACTION)


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_is_answered_once_and_a_copy_hears_the_same_of_every_kind(kind: str) -> None:
    """Whoever has a copy cannot find out, at the other door, what it is a copy of."""
    admission = door()
    envelope = KINDS[kind]()
    admission.ask(envelope, NOW)
    again = [admission.ask(envelope, NOW), admission.ask(envelope, GOOD_UNTIL + 1)]
    assert again == [Asked(reason=r) for r in (VenueReason.REPLAYED, EnvelopeReason.EXPIRED)]
    other = door()
    (first,) = other.admit([envelope], NOW)
    assert first.answering is not None
    assert other.ask(envelope, NOW) == Asked(reason=VenueReason.REPLAYED)


def test_an_envelope_that_does_not_open_asks_nothing() -> None:
    changed = damaged(sealed(signed_question()))
    assert asked(changed) == Asked(reason=EnvelopeReason.NOT_AUTHENTIC)


def test_what_was_asked_does_not_show_itself() -> None:
    assert repr(asked(sealed(signed_question()))) == "Asked(private)"
