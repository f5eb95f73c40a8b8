"""tests/vectors/client.json is what this client computes, in plain Python and in kernels alike."""

import json

import pytest

from rollup.crypto.schnorr import Signature, verify
from rollup.protocol.encoding import words_of
from sequencer.client import wire
from sequencer.client.records import FactKind
from sequencer.client.signing import PLAIN, Signer, fast_signer
from tests.helpers.client_vectors import FILE, SECRET, made

STORED = json.loads(FILE.read_text("ascii"))


@pytest.mark.parametrize("signer", [PLAIN, fast_signer()], ids=["plain", "kernels"])
def test_the_vectors_are_what_is_computed(signer: Signer) -> None:
    assert made(signer) == STORED


def test_the_answer_of_the_vectors_is_read_as_they_say() -> None:
    (row,) = STORED["answers"]
    accepted, filled, ended = wire.read(row["data"].encode(), "answer", wire.action_answer).facts
    assert (accepted.kind, ended.kind) == (FactKind.ACCEPTED, FactKind.ENDED)
    told = {name: getattr(filled, name, None) for name in row["fill"]}
    slot, generation = filled.key
    told |= {"slot": slot, "generation": generation, "batch": filled.number}
    assert told == row["fill"]


def test_every_signature_of_the_vectors_holds_and_no_two_are_the_same() -> None:
    rows = [*STORED["orders"], *STORED["cancels"], *STORED["outflows"], *STORED["questions"]]
    for row in rows:
        signature = Signature.from_bytes(bytes.fromhex(row["signature"]))
        assert verify(SECRET.public, words_of(bytes.fromhex(row["digest"])), signature)
    assert (
        len({row["signature"] for row in rows}) == len({row["digest"] for row in rows}) == len(rows)
    )
