"""Signatures that held are not verified again; everything else is."""

from collections.abc import Sequence

import pytest

from rollup.crypto.curve import Point
from rollup.crypto.remembered import RememberedSignatures
from rollup.hash.poseidon import Digest
from tests.helpers.venue import public_key, toy_signature, toy_verify_many

KEYS = [public_key(account) for account in (1, 2, 3)]
MESSAGES: list[Digest] = [(n, 0, 0, 0, 0, 0, 0, 0) for n in (7, 8, 9)]
SIGNATURES = [toy_signature(key, message) for key, message in zip(KEYS, MESSAGES, strict=True)]


class Counting:
    """A verifier that says how many signatures it was asked about."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(
        self, keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
    ) -> list[bool]:
        self.asked.append(len(keys))
        return toy_verify_many(keys, messages, signatures)


def test_what_held_is_verified_once() -> None:
    counting = Counting()
    remembered = RememberedSignatures(counting)
    assert remembered(KEYS[:2], MESSAGES[:2], SIGNATURES[:2]) == [True, True]
    assert remembered(KEYS, MESSAGES, SIGNATURES) == [True, True, True]
    assert remembered(KEYS, MESSAGES, SIGNATURES) == [True, True, True]
    assert counting.asked == [2, 1]


def test_another_key_message_or_signature_is_another_question() -> None:
    remembered = RememberedSignatures(toy_verify_many)
    assert remembered(KEYS, MESSAGES, SIGNATURES) == [True, True, True]
    assert remembered(KEYS[:1], MESSAGES[1:2], SIGNATURES[:1]) == [False]
    assert remembered(KEYS[:1], MESSAGES[:1], SIGNATURES[1:2]) == [False]
    assert remembered(KEYS[1:2], MESSAGES[:1], SIGNATURES[:1]) == [False]
    for byte in range(len(SIGNATURES[0])):
        changed = bytearray(SIGNATURES[0])
        changed[byte] ^= 1
        assert remembered(KEYS[:1], MESSAGES[:1], [bytes(changed)]) == [False]


def test_what_did_not_hold_is_asked_again() -> None:
    counting = Counting()
    remembered = RememberedSignatures(counting)
    for _ in range(2):
        assert remembered(KEYS[:2], MESSAGES[:2], [SIGNATURES[0], bytes(84)]) == [True, False]
    assert counting.asked == [2, 1] and len(remembered) == 1


def test_a_signature_that_is_listed_twice_is_answered_twice_and_asked_about_once() -> None:
    counting = Counting()
    remembered = RememberedSignatures(counting)
    assert remembered(KEYS[:1] * 2, MESSAGES[:1] * 2, SIGNATURES[:1] * 2) == [True, True]
    wrong = [SIGNATURES[0], bytes(84), bytes(84)]
    assert remembered([KEYS[0], *KEYS[1:2] * 2], [MESSAGES[0]] * 3, wrong) == [True, False, False]
    assert counting.asked == [1, 1], "each once"
    assert remembered([], [], []) == []


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    counting = Counting()
    remembered = RememberedSignatures(counting, most=2)
    assert remembered(KEYS, MESSAGES, SIGNATURES) == [True, True, True]
    assert len(remembered) == 2
    assert remembered(KEYS[1:], MESSAGES[1:], SIGNATURES[1:]) == [True, True]
    assert remembered(KEYS[:1], MESSAGES[:1], SIGNATURES[:1]) == [True]
    assert counting.asked == [3, 1]


def test_sequences_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        RememberedSignatures(toy_verify_many)(KEYS, MESSAGES[:1], SIGNATURES)


def test_it_does_not_show_what_it_remembers() -> None:
    remembered = RememberedSignatures(toy_verify_many)
    remembered(KEYS, MESSAGES, SIGNATURES)
    assert repr(remembered) == "RememberedSignatures(private)"
