"""Vectors of envelopes and answers: what is fixed in tests/vectors/envelopes.json, what follows.

    python -m tests.helpers.envelope_vectors      # computes again what follows, and writes it

The keys are for nobody's money.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from rollup.crypto import envelope, hpke
from rollup.crypto.answer import seal_action_answer, seal_question_answer
from rollup.crypto.envelope import (
    Action,
    ActionPath,
    CancelAction,
    Destination,
    OrderAction,
    OutflowAction,
    PaddingAction,
    QuestionAction,
    SealingKey,
    ViewingKeyAction,
)
from rollup.crypto.hpke import Exported
from tests.helpers.vectors import FOLDER, envelope_vectors

RECORDS: dict[str, Callable[..., Action]] = {
    "padding": PaddingAction,
    "order": OrderAction,
    "cancel": CancelAction,
    "outflow": OutflowAction,
    "question": QuestionAction,
    "viewing_key": ViewingKeyAction,
    "bundled_order": OrderAction,
    "bundled_cancel": CancelAction,
}


def action_of(vector: dict[str, Any]) -> Action:
    """The action of a vector: its kind and members by name, bytes in hex."""
    members = {name: _member(value) for name, value in vector["members"].items()}
    return RECORDS[vector["kind"]](**members)


def _member(value: Any) -> Any:
    if isinstance(value, dict):
        return ActionPath(value["place"], tuple(map(bytes.fromhex, value["siblings"])))
    return bytes.fromhex(value) if isinstance(value, str) else value


def key_of(data: str) -> hpke.PrivateKey:
    """A private key in hex."""
    return hpke.PrivateKey(X25519PrivateKey.from_private_bytes(bytes.fromhex(data)))


@contextmanager
def ephemeral(data: str) -> Iterator[None]:
    """Sealing draws this key, in hex."""
    with mock.patch.object(hpke.PrivateKey, "generate", lambda: key_of(data)):
        yield


def made() -> dict[str, Any]:
    """The vectors: what follows is computed now."""
    found = envelope_vectors()
    here = Destination(found["chain"], found["venue"])
    sealing = SealingKey(bytes.fromhex(found["sealing_key"]))
    for each in found["envelopes"]:
        _seal(each, sealing, here)
    sealed = {each["name"]: each for each in found["envelopes"]}
    for each in found["action_answers"]:
        asked = sealed[each["envelope"]]
        encapsulated = bytes.fromhex(asked["envelope"])[: envelope.KEY_BYTES]
        answering = Exported(encapsulated, bytes.fromhex(asked["answer_secret"]))
        nonce = bytes.fromhex(each["nonce"])
        with mock.patch.object(secrets, "token_bytes", lambda _, nonce=nonce: nonce):
            each["answer"] = seal_action_answer(each["data"].encode("ascii"), answering).hex()
    for each in found["question_answers"]:
        response_key = bytes.fromhex(found["response_key"])
        with ephemeral(each["ephemeral_key"]):
            answer = seal_question_answer(each["data"].encode("ascii"), response_key, here)
        each["answer_start"] = answer.hex()[: len(each["answer_start"])]
        each["answer_sha256"] = hashlib.sha256(answer).hexdigest()
    return found


def _seal(vector: dict[str, Any], sealing: SealingKey, here: Destination) -> None:
    action, until = action_of(vector), vector["good_until"]
    with ephemeral(vector["ephemeral_key"]):
        sealed, answering = sealing.seal_answerable(action, here, until)
    vector["plaintext"] = envelope.encode(action, until).hex()
    vector["envelope"], vector["answer_secret"] = sealed.hex(), answering.secret.hex()


if __name__ == "__main__":
    (FOLDER / "envelopes.json").write_text(json.dumps(made(), indent=2) + "\n", "ascii")
