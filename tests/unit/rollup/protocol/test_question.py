"""What an owner signs to ask about its own account."""

from dataclasses import fields, replace
from typing import Any

import pytest

from rollup.hash.many import compress_many
from rollup.protocol.cancel import CancelOrder, cancel_digests
from rollup.protocol.encoding import LIMB_BITS, TypeCode, digest_bytes
from rollup.protocol.question import Question, question_blocks, question_digest
from rollup.protocol.rejection import Reason
from tests.helpers.vectors import envelope_vectors
from tests.helpers.venue import refusal

VECTORS = envelope_vectors()
QUESTION = Question(7, 9, 5, bytes(range(32)), 1000)


@pytest.mark.parametrize("name", [field.name for field in fields(Question)])
def test_every_member_of_a_question_is_in_its_digest(name: str) -> None:
    value = getattr(QUESTION, name)
    other = value[:-1] + b"\0" if isinstance(value, bytes) else value + 1
    changed = replace(QUESTION, **{name: other})
    assert question_digest(changed, compress_many) != question_digest(QUESTION, compress_many)


@pytest.mark.parametrize("byte", range(32))
def test_every_byte_of_the_response_key_is_in_the_blocks(byte: int) -> None:
    """Who could change one bit would be told what is another's."""
    key = bytearray(QUESTION.response_key)
    key[byte] ^= 0x80
    assert question_blocks(replace(QUESTION, response_key=bytes(key))) != question_blocks(QUESTION)


def test_a_question_is_four_blocks_whose_latter_halves_are_zeros() -> None:
    """No block of what somebody had an owner sign is the digest of an order: a proof would take it
    for a leaf of what was signed."""
    blocks = question_blocks(replace(QUESTION, response_key=b"\xff" * 32, cursor=(1 << 52) - 1))
    assert len(blocks) == 4
    assert [block[4:] for block in blocks] == [(0, 0, 0, 0)] * 4
    words = [word for block in blocks for word in block[:4]]
    assert all(0 <= word < 1 << 30 for word in words)
    assert max(words[4:]) == (1 << 2 * LIMB_BITS) - 1


def test_no_signature_of_a_cancel_is_one_of_a_question() -> None:
    assert TypeCode.QUESTION not in (TypeCode.CANCEL, TypeCode.ORDER)
    (cancel,) = cancel_digests([CancelOrder(7, 9, 5, 0, 0)], compress_many)
    assert question_digest(replace(QUESTION, response_key=bytes(32), cursor=0), compress_many) != (
        cancel
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chain": 1 << 30}, Reason.IDENTIFIER_OUT_OF_BOUNDS),
        ({"venue": -1}, Reason.IDENTIFIER_OUT_OF_BOUNDS),
        ({"account": 1 << 30}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"cursor": 1 << 52}, Reason.NUMBER_OUT_OF_BOUNDS),
        ({"response_key": bytes(31)}, Reason.MALFORMED),
    ],
)
def test_a_question_out_of_bounds_cannot_be_made(changes: dict[str, Any], reason: Reason) -> None:
    assert refusal(lambda: replace(QUESTION, **changes)) is reason


def test_a_question_does_not_show_itself() -> None:
    assert repr(QUESTION) == "Question(private)"


@pytest.mark.parametrize("vector", VECTORS["questions"], ids=lambda each: str(each["account"]))
def test_a_vector_for_other_languages_holds(vector: dict[str, Any]) -> None:
    question = Question(
        VECTORS["chain"],
        VECTORS["venue"],
        vector["account"],
        bytes.fromhex(vector["response_key"]),
        vector["cursor"],
    )
    assert digest_bytes(question_digest(question, compress_many)).hex() == vector["digest"]
