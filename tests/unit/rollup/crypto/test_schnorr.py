"""Signatures in plain integers: encodings, secrecy, nonces and the schedule."""

import itertools
import pickle

import pytest

from rollup.crypto import batched, curve, schnorr
from rollup.crypto.curve import ExceptionalAddition, Point
from rollup.crypto.schnorr import MalformedSignature, SecretKey, Signature
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.protocol.encoding import TypeCode
from tests.helpers.points import beside

SECRET = SecretKey(0x1234567890ABCDEF1234567890ABCDEF)
MESSAGE: Digest = (1, 2, 3, 4, 5, 6, 7, 8)
ENTROPY = bytes(32)


PINNED = (
    "f58b677e89db23160e11b539c8d50c5306c9fa60ad5ad11023cba423d9ddf63f1a289443d0f04173f95a"
    "df680e63fe1ea8a86e435e089047c01640f07a4a78ff048b2f4720c0a89e365e191f7c99a187ca00af00"
)
"""By secret 7, of MESSAGE, with zero entropy."""


def test_both_schedules_compute_what_their_names_say() -> None:
    c, s = (1 << 120) - 5, (1 << 224) - 9
    of_key = curve.multiply(curve.ORDER - c, SECRET.public)
    expected = curve.combine(curve.multiply(s, curve.GENERATOR), of_key)
    assert schnorr.ladder(SECRET.public, c, s) == expected
    assert schnorr.ladder(SECRET.public, 0, 1) == curve.GENERATOR
    expected = curve.combine(curve.multiply(s, curve.GENERATOR), curve.CONSTANT_SHIFT)
    assert schnorr.comb(s) == expected
    assert SECRET.public == curve.multiply(SECRET.reveal(), curve.GENERATOR)
    assert schnorr.public_key(SECRET) is SECRET.public


def test_the_base_table_holds_shifted_multiples() -> None:
    for window, byte in ((0, 0), (3, 200), (27, 255)):
        multiple = curve.multiply(byte << (8 * window), curve.GENERATOR)
        offset = curve.comb_offset(window)
        assert schnorr.comb_table()[window][byte] == curve.combine(multiple, offset)


def test_a_signature_verifies_and_satisfies_the_textbook_equation() -> None:
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    assert schnorr.verify(SECRET.public, MESSAGE, signature)
    c = schnorr.challenge(signature.r, SECRET.public, MESSAGE)
    right = curve.combine(signature.r, curve.multiply(c, SECRET.public))
    assert curve.multiply(signature.s, curve.GENERATOR) == right


def test_the_challenge_type_is_the_protocols() -> None:
    assert TypeCode.CHALLENGE == schnorr.CHALLENGE_TYPE


def test_digits_and_parts_are_the_challenge() -> None:
    c = schnorr.challenge(curve.GENERATOR, SECRET.public, MESSAGE)
    total = 0
    for digit in schnorr.challenge_digits(c):
        total = 16 * total + digit
    assert total == c < 1 << 120
    digest = schnorr.challenge_digest(curve.GENERATOR, SECRET.public, MESSAGE)
    assert schnorr.join_parts([element % 2**24 for element in digest[:5]]) == c


def test_a_signature_pinned_so_that_no_release_changes_what_traders_signed() -> None:
    signature = schnorr.sign(SecretKey(7), MESSAGE, ENTROPY)
    assert signature.to_bytes().hex() == PINNED


def test_a_response_past_the_order_is_another_signature_of_the_same_message() -> None:
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    assert schnorr.verify(SECRET.public, MESSAGE, Signature(signature.r, signature.s + curve.ORDER))


def test_a_key_or_nonce_off_the_curve_is_refused() -> None:
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    key = SECRET.public
    bent = Point((key.x[0] ^ 1, *key.x[1:]), key.y)
    assert not schnorr.verify(bent, MESSAGE, signature)
    r = signature.r
    bent = Point(r.x, (r.y[0] ^ 1, *r.y[1:]))
    assert not schnorr.verify(key, MESSAGE, Signature(bent, signature.s))


MEETING = [
    curve.WINDOW_OFFSET,
    curve.negate(curve.WINDOW_OFFSET),
    beside(curve.WINDOW_OFFSET, curve.APART_WORDS),
]


@pytest.mark.parametrize("key", MEETING)
def test_a_key_that_meets_the_window_offset_is_refused(key: Point) -> None:
    """S - P is infinity, a doubling, or of two x that begin alike: the circuit cannot prove it, so
    nobody may rely on it."""
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    assert not schnorr.verify(key, MESSAGE, signature)
    assert not batched.verify(key, MESSAGE, signature.to_bytes())
    with pytest.raises(ExceptionalAddition):
        schnorr.ladder_table(key)


def test_the_bytes_of_the_rounds_are_the_response() -> None:
    s = int.from_bytes(range(1, 29), "little")
    rounds = schnorr.round_bytes(s)
    assert rounds[0] == (15, 0) and rounds[1] == (14, 0) and rounds[-1] == (1, 16)
    weights = [(256**i, 256 ** (15 + i)) for i in range(14, -1, -1)]
    pairs = zip(rounds, weights, strict=True)
    assert sum(a * x + b * y for (a, b), (x, y) in pairs) == s


def test_a_ladder_that_meets_an_entry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No signature is known that does, so an entry of the base table is made to be the sum."""
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    assert schnorr.verify(SECRET.public, MESSAGE, signature)
    entries = [list(window) for window in schnorr.comb_table()]
    last = entries[curve.ROUNDS][signature.s >> 8 * curve.ROUNDS & 255]
    before = curve.add(signature.r, curve.negate(last))
    entries[curve.ROUNDS][signature.s >> 8 * curve.ROUNDS & 255] = before
    monkeypatch.setattr(schnorr, "comb_table", lambda: entries)
    c = schnorr.challenge(signature.r, SECRET.public, MESSAGE)
    with pytest.raises(ExceptionalAddition):
        schnorr.ladder(SECRET.public, c, signature.s)
    assert not schnorr.verify(SECRET.public, MESSAGE, signature)


def test_a_nonce_that_meets_an_exception_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """No nonce is known that does, so the comb is made to refuse the first one."""
    first, second = itertools.islice(schnorr.nonces(SECRET, MESSAGE, ENTROPY), 2)
    plain = schnorr.times_generator

    def refusing(scalar: int) -> Point:
        if scalar == first:
            raise ExceptionalAddition("two points whose x begin alike met in an addition")
        return plain(scalar)

    monkeypatch.setattr(schnorr, "times_generator", refusing)
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    assert signature.r == plain(second)
    assert schnorr.verify(SECRET.public, MESSAGE, signature)


def test_bytes_are_canonical_and_nothing_else_decodes() -> None:
    signature = schnorr.sign(SECRET, MESSAGE, ENTROPY)
    data = signature.to_bytes()
    assert len(data) == schnorr.SIGNATURE_BYTES == 84
    assert Signature.from_bytes(data) == signature
    for wrong in (data[:-1], data + b"\0", b""):
        with pytest.raises(MalformedSignature, match="84 bytes"):
            Signature.from_bytes(wrong)
    with pytest.raises(MalformedSignature, match="R:"):
        Signature.from_bytes(P.to_bytes(4, "little") + data[4:])
    with pytest.raises(MalformedSignature, match="28 bytes"):
        Signature(signature.r, 1 << 224)
    with pytest.raises(MalformedSignature, match="canonical"):
        Signature(Point((P,) * 7, signature.r.y), 0)


def test_secrets_are_not_shown_pickled_or_out_of_range() -> None:
    secret = schnorr.generate_secret()
    assert str(secret.reveal()) not in repr(secret) + str(secret)
    assert repr(secret) == "SecretKey(hidden)"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert SecretKey.from_bytes(secret.to_bytes()).reveal() == secret.reveal()
    for scalar in (0, curve.ORDER, -1):
        with pytest.raises(ValueError, match=r"1\.\.N-1"):
            SecretKey(scalar)
    with pytest.raises(ValueError, match="28 bytes, not 3"):
        SecretKey.from_bytes(b"abc")


def test_nonces_depend_on_key_message_and_entropy() -> None:
    others = [
        (SecretKey(7), MESSAGE, ENTROPY),
        (SECRET, MESSAGE, bytes(31) + b"\1"),
        (SECRET, (*MESSAGE[:7], 9), ENTROPY),
        (SecretKey(SECRET.reveal(), curve.GENERATOR), MESSAGE, ENTROPY),
    ]
    first = next(schnorr.nonces(SECRET, MESSAGE, ENTROPY))
    drawn = {first, *(next(schnorr.nonces(*other)) for other in others)}
    assert len(drawn) == 5
    assert all(0 < nonce < curve.ORDER for nonce in drawn)
    assert next(schnorr.nonces(SECRET, MESSAGE, ENTROPY)) == first


def test_entropy_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes of entropy"):
        schnorr.sign(SECRET, MESSAGE, b"short")


def test_without_entropy_two_signatures_of_one_message_differ() -> None:
    first, second = (schnorr.sign(SECRET, MESSAGE) for _ in range(2))
    assert first != second
    assert schnorr.verify_many([SECRET.public] * 2, [MESSAGE] * 2, [first, second]) == [True, True]
