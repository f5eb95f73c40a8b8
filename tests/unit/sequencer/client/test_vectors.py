"""tests/vectors/client.json is what this client computes, in plain Python and in kernels alike."""

import json

import pytest

from rollup.crypto.schnorr import Signature, verify
from rollup.hash.poseidon import compress
from rollup.protocol.encoding import hex_digest, words_of
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


def test_every_path_of_the_vectors_leads_to_what_is_signed() -> None:
    for bundle in STORED["bundles"]:
        root = words_of(bytes.fromhex(bundle["root"]))
        for place, row in enumerate(bundle["actions"]):
            assert row["place"] == place
            found = words_of(bytes.fromhex(row["leaf"]))
            for height, sibling in enumerate(row["siblings"]):
                beside = words_of(bytes.fromhex(sibling))
                left, right = (beside, found) if place >> height & 1 else (found, beside)
                found = compress(left, right)  # type: ignore[arg-type]
            assert found == root
        message = compress((17, 1, 1, 0, 0, 0, 0, 0), root)  # type: ignore[arg-type]
        assert bundle["digest"] == hex_digest(message)


def test_every_signature_of_the_vectors_holds_and_no_two_are_the_same() -> None:
    kinds = ("orders", "cancels", "outflows", "questions", "bundles")
    rows = [row for kind in kinds for row in STORED[kind]]
    for row in rows:
        signature = Signature.from_bytes(bytes.fromhex(row["signature"]))
        assert verify(SECRET.public, words_of(bytes.fromhex(row["digest"])), signature)
    assert (
        len({row["signature"] for row in rows}) == len({row["digest"] for row in rows}) == len(rows)
    )
