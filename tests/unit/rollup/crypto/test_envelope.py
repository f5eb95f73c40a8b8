"""Envelopes: one size, one encoding, a reason for each refusal, nothing said of the inside."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto import envelope, hpke
from rollup.crypto.envelope import (
    ENVELOPE_BYTES,
    ENVELOPE_LIFETIME_MS,
    ENVELOPE_VERSION,
    KEY_BYTES,
    PLAINTEXT_BYTES,
    Action,
    ActionPath,
    CancelAction,
    Destination,
    EnvelopeError,
    EnvelopeReason,
    OpeningKey,
    OrderAction,
    OutflowAction,
    PaddingAction,
    QuestionAction,
    SealingKey,
    ViewingKeyAction,
)
from tests.helpers.envelope_vectors import action_of, ephemeral, key_of
from tests.helpers.vectors import envelope_vectors

KEY = OpeningKey.generate()
SEALING = KEY.sealing_key()
HERE = Destination(7, 9)
ORDER = OrderAction(5, 6, 7, 1, 1, 618_003, 2**39, 2**51, 500, 9, bytes(range(84)))
NOW = 1_723_161_600_000
CANCEL = CancelAction(5, 6, 7, bytes(range(84)))
QUESTION = QuestionAction(5, 6, bytes(range(32)), bytes(range(84)))
OUTFLOW = OutflowAction(5, 6, 7, 1, 8, 3, 618_003, 2**51, bytes(range(84)))
VIEWING_KEY = ViewingKeyAction(618_003, bytes(range(32)))
SIBLINGS = tuple(bytes([k]) * 32 for k in range(1, 7))
PATHS = [ActionPath(2**depth - 1, SIBLINGS[:depth]) for depth in range(1, 7)]
BUNDLED_ORDER = replace(ORDER, path=PATHS[5])
BUNDLED_CANCEL = replace(CANCEL, path=PATHS[0])
ACTIONS = (
    ORDER,
    CANCEL,
    OUTFLOW,
    QUESTION,
    VIEWING_KEY,
    PaddingAction(),
    BUNDLED_ORDER,
    BUNDLED_CANCEL,
)
VECTORS = envelope_vectors()

signatures = st.binary(min_size=84, max_size=84)


def unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


siblings = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=6).map(tuple)
paths = st.none() | st.builds(ActionPath, unsigned(8), siblings)
orders = st.builds(
    OrderAction,
    account=unsigned(32),
    slot=unsigned(8),
    generation=unsigned(32),
    market=unsigned(8),
    side=unsigned(8),
    price=unsigned(32),
    size=unsigned(64),
    expiry=unsigned(64),
    max_fee=unsigned(16),
    flags=unsigned(8),
    signature=signatures,
    path=paths,
)
cancels = st.builds(CancelAction, unsigned(32), unsigned(8), unsigned(32), signatures, paths)
outflows = st.builds(
    OutflowAction,
    account=unsigned(32),
    slot=unsigned(8),
    generation=unsigned(32),
    kind=unsigned(8),
    receiver=unsigned(32),
    asset=unsigned(16),
    amount=unsigned(64),
    expiry=unsigned(64),
    signature=signatures,
)
response_keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
questions = st.builds(QuestionAction, unsigned(32), unsigned(64), response_keys, signatures)
viewing_keys = st.builds(ViewingKeyAction, unsigned(32), st.binary(min_size=32, max_size=32))
actions = st.one_of(orders, cancels, outflows, questions, viewing_keys, st.just(PaddingAction()))


def reason(plaintext: bytes) -> EnvelopeReason:
    with pytest.raises(EnvelopeError) as caught:
        envelope.decode(plaintext)
    return caught.value.reason


@given(actions, unsigned(64))
def test_every_action_has_one_encoding_of_one_size(action: Action, good_until: int) -> None:
    plaintext = envelope.encode(action, good_until)
    assert len(plaintext) == PLAINTEXT_BYTES
    assert envelope.decode(plaintext) == action
    assert envelope.good_until_of(plaintext) == good_until


@given(st.binary(min_size=PLAINTEXT_BYTES, max_size=PLAINTEXT_BYTES))
def test_whatever_decodes_encodes_to_the_same_bytes(plaintext: bytes) -> None:
    try:
        action = envelope.decode(plaintext)
    except EnvelopeError:
        return
    assert envelope.encode(action, envelope.good_until_of(plaintext)) == plaintext


@pytest.mark.parametrize("action", ACTIONS)
def test_an_envelope_opens_to_its_action_and_never_shows_it(action: Action) -> None:
    sealed, answering = SEALING.seal_answerable(action, HERE, NOW)
    assert len(sealed) == ENVELOPE_BYTES
    opened = KEY.open(sealed, HERE, NOW)
    assert (opened.action(), opened.good_until) == (action, NOW)
    assert opened.answering == answering
    assert repr(answering) == "Exported(private)"
    assert "618003" not in repr(action) and repr(opened) == "Opened(private)"


def test_no_two_envelopes_of_one_action_are_answered_by_one_secret() -> None:
    secrets = {SEALING.seal_answerable(ORDER, HERE, NOW)[1].secret for _ in range(4)}
    assert len(secrets) == 4


def test_what_is_sealed_without_keeping_the_secret_is_answered_like_any_other() -> None:
    """The venue cannot tell who will read its answer."""
    opened = KEY.open(SEALING.seal(PaddingAction(), HERE, NOW), HERE, NOW)
    assert len(opened.answering.secret) == len(opened.answering.encapsulated) == KEY_BYTES


@pytest.mark.parametrize("response_key", [b"", bytes(31), bytes(33)])
def test_a_response_key_of_another_size_is_refused(response_key: bytes) -> None:
    with pytest.raises(EnvelopeError) as caught:
        SEALING.seal(QuestionAction(5, 6, response_key, bytes(84)), HERE, NOW)
    assert caught.value.reason is EnvelopeReason.MEMBER


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("good_until", "expected"),
    [
        (NOW - 1, EnvelopeReason.EXPIRED),
        (NOW, None),
        (NOW + ENVELOPE_LIFETIME_MS, None),
        (NOW + ENVELOPE_LIFETIME_MS + 1, EnvelopeReason.TOO_EARLY),
        (2**64 - 1, EnvelopeReason.TOO_EARLY),
        (0, EnvelopeReason.EXPIRED),
    ],
)
def test_every_kind_is_good_between_the_same_two_times(
    action: Action, good_until: int, expected: EnvelopeReason | None
) -> None:
    sealed = SEALING.seal(action, HERE, good_until)
    if expected is None:
        assert KEY.open(sealed, HERE, NOW).action() == action
        return
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed, HERE, NOW)
    assert caught.value.reason is expected


def sealed_bytes(plaintext: bytes) -> bytes:
    """A plaintext of any content in an envelope that is authentic."""
    return hpke.seal(plaintext, SEALING.public_bytes, HERE.info(), HERE.data())


def test_time_is_judged_before_what_no_action_can_be() -> None:
    unknown = bytearray(envelope.encode(PaddingAction(), NOW))
    unknown[1] = 77
    sealed = sealed_bytes(bytes(unknown))
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed, HERE, NOW + 1)
    assert caught.value.reason is EnvelopeReason.EXPIRED
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed, HERE, NOW).action()
    assert caught.value.reason is EnvelopeReason.ACTION


def test_the_same_action_is_never_sealed_to_the_same_bytes() -> None:
    assert SEALING.seal(ORDER, HERE, NOW) != SEALING.seal(ORDER, HERE, NOW)


@pytest.mark.parametrize("size", [0, 1, ENVELOPE_BYTES - 1, ENVELOPE_BYTES + 1, 4096])
def test_another_size_is_refused(size: int) -> None:
    with pytest.raises(EnvelopeError, match=f"{ENVELOPE_BYTES} bytes is wanted, not {size}"):
        KEY.open(bytes(size), HERE, NOW)


@pytest.mark.parametrize("other", [Destination(8, 9), Destination(7, 10), Destination(9, 7)])
def test_another_venue_cannot_open_it(other: Destination) -> None:
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(SEALING.seal(ORDER, HERE, NOW), other, NOW)
    assert caught.value.reason is EnvelopeReason.NOT_AUTHENTIC


def test_another_key_cannot_open_it() -> None:
    with pytest.raises(EnvelopeError) as caught:
        OpeningKey.generate().open(SEALING.seal(ORDER, HERE, NOW), HERE, NOW)
    assert caught.value.reason is EnvelopeReason.NOT_AUTHENTIC


@pytest.mark.parametrize("at", [0, KEY_BYTES, KEY_BYTES + 100, ENVELOPE_BYTES - 1])
def test_a_changed_byte_is_refused(at: int) -> None:
    sealed = bytearray(SEALING.seal(ORDER, HERE, NOW))
    sealed[at] ^= 1
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(bytes(sealed), HERE, NOW)
    assert caught.value.reason is EnvelopeReason.NOT_AUTHENTIC


@pytest.mark.parametrize("encapsulated", [bytes(32), b"\1" + bytes(31)])
def test_a_key_of_small_order_is_refused(encapsulated: bytes) -> None:
    sealed = encapsulated + SEALING.seal(ORDER, HERE, NOW)[KEY_BYTES:]
    with pytest.raises(EnvelopeError) as caught:
        KEY.open(sealed, HERE, NOW)
    assert caught.value.reason is EnvelopeReason.ENCAPSULATION


def test_unknown_version_action_and_padding_are_each_named() -> None:
    plaintext = envelope.encode(ORDER, NOW)
    assert reason(bytes((ENVELOPE_VERSION - 1,)) + plaintext[1:]) is EnvelopeReason.VERSION
    assert reason(plaintext[:1] + b"\x08" + plaintext[2:]) is EnvelopeReason.ACTION
    assert reason(plaintext[:-1] + b"\1") is EnvelopeReason.PADDING
    assert reason(plaintext[:-1]) is EnvelopeReason.SIZE
    padding = envelope.encode(PaddingAction(), NOW)
    assert reason(padding[:10] + b"\1" + padding[11:]) is EnvelopeReason.PADDING


PATH_AT = {"order": 10 + 118, "cancel": 10 + 93}
"""Where the path of a bundled action begins in its plaintext."""


def bent(action: Action, at: int, byte: int) -> bytes:
    plaintext = bytearray(envelope.encode(action, NOW))
    plaintext[at] = byte
    return bytes(plaintext)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"depth {len(path.siblings)}")
@pytest.mark.parametrize("action", [ORDER, CANCEL])
def test_a_path_travels_behind_its_action(action: Action, path: ActionPath) -> None:
    assert isinstance(action, OrderAction | CancelAction)
    at = PATH_AT["order" if isinstance(action, OrderAction) else "cancel"]
    alone = envelope.encode(action, NOW)
    bundled = envelope.encode(replace(action, path=path), NOW)
    assert len(bundled) == len(alone) and bundled[2:at] == alone[2:at]
    depth, found = len(path.siblings), b"".join(path.siblings)
    assert bundled[at : at + 2 + len(found)] == bytes((path.place, depth)) + found
    assert not any(bundled[at + 2 + len(found) :])


@pytest.mark.parametrize("depth", [0, 7, 8, 255])
def test_a_depth_that_no_bundle_has_is_refused(depth: int) -> None:
    assert reason(bent(BUNDLED_ORDER, PATH_AT["order"] + 1, depth)) is EnvelopeReason.MEMBER
    assert reason(bent(BUNDLED_CANCEL, PATH_AT["cancel"] + 1, depth)) is EnvelopeReason.MEMBER


@pytest.mark.parametrize("depth", range(1, 6))
@pytest.mark.parametrize("last", [False, True])
def test_a_sibling_beyond_the_depth_is_refused(depth: int, last: bool) -> None:
    action = replace(ORDER, path=PATHS[depth - 1])
    at = PATH_AT["order"] + 2 + (6 * 32 - 1 if last else depth * 32)
    assert reason(bent(action, at, 1)) is EnvelopeReason.PADDING


def test_a_path_behind_an_action_that_has_none_is_refused() -> None:
    """One encoding: what is signed alone has no path, and a bundled kind has one."""
    bundled = envelope.encode(BUNDLED_ORDER, NOW)
    alone = envelope.encode(ORDER, NOW)
    assert reason(bundled[:1] + bytes((envelope.Kind.ORDER,)) + bundled[2:]) is (
        EnvelopeReason.PADDING
    )
    assert reason(alone[:1] + bytes((envelope.Kind.BUNDLED_ORDER,)) + alone[2:]) is (
        EnvelopeReason.MEMBER
    )
    after = len(bundled) - 1
    assert reason(bent(BUNDLED_ORDER, after, 1)) is EnvelopeReason.PADDING
    assert reason(bent(BUNDLED_ORDER, PATH_AT["order"] + 2 + 192, 1)) is EnvelopeReason.PADDING


@pytest.mark.parametrize(
    "path",
    [
        ActionPath(0, ()),
        ActionPath(0, (bytes(32),) * 7),
        ActionPath(0, (bytes(31),)),
        ActionPath(0, (bytes(33),)),
        ActionPath(256, (bytes(32),)),
        ActionPath(-1, (bytes(32),)),
    ],
)
def test_a_path_that_has_no_encoding_is_refused(path: ActionPath) -> None:
    for action in (replace(ORDER, path=path), replace(CANCEL, path=path)):
        with pytest.raises(EnvelopeError) as caught:
            envelope.encode(action, NOW)
        assert caught.value.reason is EnvelopeReason.MEMBER


def test_a_path_does_not_show_itself() -> None:
    assert repr(PATHS[0]) == "ActionPath(private)"


def test_a_member_that_does_not_fit_is_refused_without_being_shown() -> None:
    for action in (
        CancelAction(2**32, 0, 0, bytes(84)),
        CancelAction(-7, 0, 0, bytes(84)),
        CancelAction(0, 0, 0, bytes(83)),
        ViewingKeyAction(0, bytes(31)),
        ViewingKeyAction(0, bytes(33)),
        ViewingKeyAction(2**32, bytes(32)),
    ):
        with pytest.raises(EnvelopeError) as caught:
            SEALING.seal(action, HERE, NOW)
        assert caught.value.reason is EnvelopeReason.MEMBER
        assert "4294967296" not in str(caught.value) and "-7" not in str(caught.value)


@pytest.mark.parametrize("good_until", [-1, 2**64])
@pytest.mark.parametrize("action", [ORDER, PaddingAction()])
def test_a_time_that_does_not_fit_is_refused(action: Action, good_until: int) -> None:
    with pytest.raises(EnvelopeError) as caught:
        SEALING.seal(action, HERE, good_until)
    assert caught.value.reason is EnvelopeReason.MEMBER


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33), bytes(32)])
def test_an_unusable_public_key_is_refused(public: bytes) -> None:
    with pytest.raises(EnvelopeError) as caught:
        SealingKey(public)
    assert caught.value.reason is EnvelopeReason.KEY


def test_the_private_key_is_in_no_repr() -> None:
    assert repr(KEY) == "OpeningKey(private)"


def test_a_venue_beyond_its_width_is_refused() -> None:
    with pytest.raises(EnvelopeError):
        Destination(2**32, 0)


@pytest.mark.parametrize("vector", VECTORS["envelopes"], ids=lambda each: each["name"])
def test_a_vector_for_other_languages_holds(vector: dict[str, Any]) -> None:
    here = Destination(VECTORS["chain"], VECTORS["venue"])
    opening = OpeningKey(key_of(VECTORS["opening_key"]))
    sealing = SealingKey(bytes.fromhex(VECTORS["sealing_key"]))
    assert opening.sealing_key().public_bytes == sealing.public_bytes
    good_until, action = vector["good_until"], action_of(vector)
    plaintext = envelope.encode(action, good_until)
    assert plaintext.hex() == vector["plaintext"]
    with ephemeral(vector["ephemeral_key"]):
        sealed, answering = sealing.seal_answerable(action, here, good_until)
    assert sealed.hex() == vector["envelope"]
    assert answering.secret.hex() == vector["answer_secret"]
    opened = opening.open(sealed, here, good_until)
    assert (opened.action(), opened.answering) == (action, answering)


def test_there_is_a_vector_of_every_kind() -> None:
    kinds = {vector["kind"] for vector in VECTORS["envelopes"]}
    assert kinds == {kind.name.lower() for kind in envelope.Kind}
