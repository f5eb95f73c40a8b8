"""A receipt: one encoding, one digest, one file; and the vectors that other languages test with."""

import json
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from rollup.crypto.address_key import SIGNATURE_BYTES, AddressKey, signer_of
from rollup.protocol.receipt import (
    RECEIPT_SIGNATURE_BYTES,
    RECEIPTS_START,
    Receipt,
    SignedReceipt,
    envelope_hash,
)
from rollup.protocol.receipt_json import (
    list_from_ndjson,
    list_to_ndjson,
    signed_from_json,
    signed_to_json,
)
from rollup.protocol.rejection import Reason
from tests.helpers import receipts as made
from tests.helpers.venue import refusal

VECTORS = json.loads(
    (Path(__file__).resolve().parents[3] / "vectors" / "receipts.json").read_text("ascii")
)
FIRST, SECOND = made.chain("ab")


@pytest.mark.parametrize("name", [field.name for field in fields(Receipt)])
def test_every_member_of_a_receipt_is_in_its_digest(name: str) -> None:
    value = getattr(SECOND, name)
    other = bytes((value[0] ^ 1, *value[1:])) if isinstance(value, bytes) else value + 1
    assert replace(SECOND, **{name: other}).digest() != SECOND.digest()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chain": 1 << 30}, Reason.IDENTIFIER_OUT_OF_BOUNDS),
        ({"venue": -1}, Reason.IDENTIFIER_OUT_OF_BOUNDS),
        ({"sequence": 0}, Reason.NUMBER_OUT_OF_BOUNDS),
        ({"sequence": 1 << 48}, Reason.NUMBER_OUT_OF_BOUNDS),
        ({"batch": 0}, Reason.NUMBER_OUT_OF_BOUNDS),
        ({"time": 1 << 52}, Reason.TIME_OUT_OF_BOUNDS),
        ({"envelope": bytes(31)}, Reason.MALFORMED),
        ({"previous": "00" * 32}, Reason.MALFORMED),
        ({"sequence": 1}, Reason.MALFORMED),
        ({"previous": RECEIPTS_START}, Reason.MALFORMED),
    ],
)
def test_a_receipt_out_of_bounds_cannot_be_made(changes: dict[str, object], reason: Reason) -> None:
    assert refusal(lambda: replace(SECOND, **changes)) is reason  # type: ignore[arg-type]


def test_a_signed_receipt_is_read_as_it_was_written() -> None:
    signed = made.sign(SECOND)
    assert signed_from_json(signed_to_json(signed)) == signed
    assert signed_from_json(signed_to_json(signed) + b"\n") == signed


def test_a_list_is_read_as_it_was_written() -> None:
    assert list_from_ndjson(list_to_ndjson([FIRST, SECOND])) == [FIRST, SECOND]
    assert list_from_ndjson(b"") == []


SIGNED = signed_to_json(made.sign(SECOND))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "not JSON"),
        (b"[]", "a record"),
        (SIGNED.replace(b":", b": ", 1), "not the canonical encoding"),
        (SIGNED.replace(b'"batch":1', b'"batch":01'), "not JSON"),
        (SIGNED.replace(b'"batch":1', b'"batch":true'), "an integer"),
        (SIGNED.replace(b'"batch":1', b'"batch":0'), "batch must be from 1"),
        (SIGNED.replace(b'"batch":1,', b""), "batch is missing"),
        (SIGNED.replace(b"{", b'{"a":1,', 1), "unknown here"),
        (SIGNED.replace(b'"signature":"', b'"signature":"00'), "130 hex digits"),
        (SIGNED + b" " * 1024, "at most 1024 bytes"),
        (b"[" * 900, "levels of nesting"),
    ],
)
def test_other_bytes_are_no_receipt(data: bytes, wanted: str) -> None:
    with pytest.raises(CodecError, match=wanted):
        signed_from_json(data)


def test_a_list_that_is_cut_off_or_damaged_is_refused_by_its_line() -> None:
    data = list_to_ndjson([FIRST, SECOND])
    with pytest.raises(CodecError, match="last line is not ended"):
        list_from_ndjson(data[:-1])
    with pytest.raises(CodecError, match="line 2"):
        list_from_ndjson(data.replace(b'"sequence":2', b'"sequence":0'))


def test_a_receipts_signature_has_the_length_of_the_curves() -> None:
    assert RECEIPT_SIGNATURE_BYTES == SIGNATURE_BYTES


@pytest.mark.parametrize("vector", VECTORS["receipts"], ids=lambda each: each["name"])
def test_a_vector_for_other_languages_holds(vector: dict[str, str]) -> None:
    key = AddressKey(bytes.fromhex(VECTORS["signing_key"]))
    signed = signed_from_json(vector["file"].encode("ascii"))
    receipt = signed.receipt
    assert receipt.encode().hex() == vector["encoded"]
    assert receipt.digest().hex() == vector["digest"]
    assert envelope_hash(bytes.fromhex(vector["sealed"])) == receipt.envelope
    assert signed == SignedReceipt(receipt, key.sign(receipt.digest()))
    assert signer_of(receipt.digest(), signed.signature).hex() == VECTORS["address"]


def test_the_vectors_are_a_chain() -> None:
    receipts = [signed_from_json(each["file"].encode()).receipt for each in VECTORS["receipts"]]
    assert receipts[0].previous == RECEIPTS_START
    for before, after in pairwise(receipts):
        assert after.previous == before.digest()
