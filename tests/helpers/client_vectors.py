"""Vectors for clients in other languages: what is signed, its digest, its signature for an entropy;
and an answer, with what is in it.

    python -m tests.helpers.client_vectors      # writes tests/vectors/client.json

The keys are for nobody's money.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rollup.crypto.envelope import CancelAction, OrderAction
from rollup.crypto.schnorr import SecretKey
from rollup.hash.poseidon import Digest
from rollup.protocol.bundle import bundle_digests, bundle_levels
from rollup.protocol.cancel import CancelOrder, cancel_digests
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    EXPIRY_BITS,
    GENERATION_END,
    OUTFLOW_BITS,
    PRICE_BITS,
    SIZE_BITS,
)
from rollup.protocol.encoding import digest_bytes, hex_digest
from rollup.protocol.order import Order, Side, TimeInForce, message_digest
from rollup.protocol.outflow import NO_RECEIVER, Outflow, OutflowKind, outflow_digests
from rollup.protocol.question import Question, question_digest
from rollup.protocol.trade import fee
from sequencer.client.bundling import Signable, digests_of
from sequencer.client.signing import (
    PLAIN,
    Signer,
    TradingKey,
    bundled_actions,
    cancel_action,
    order_action,
    outflow_action,
    question_action,
)
from sequencer.engine.event import VenueReason
from sequencer.service.answer import Answer
from sequencer.service.answers import action_answer
from sequencer.service.facts import Accepted, Ended, Filled
from tests.helpers.vectors import FOLDER

FILE = FOLDER / "client.json"
CHAIN, VENUE = 31337, 7
SECRET = SecretKey(0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF123456)
ORDERS = (
    Order(CHAIN, VENUE, 5, 3, 17, 0, Side.BUY, 618_003, 30, 1_800_000_000_000, 500),
    Order(
        CHAIN,
        VENUE,
        2**ACCOUNT_BITS - 1,
        255,
        GENERATION_END - 1,
        3,
        Side.SELL,
        2**PRICE_BITS - 1,
        2**SIZE_BITS - 1,
        2**EXPIRY_BITS - 1,
        8191,
        TimeInForce.IMMEDIATE_OR_CANCEL,
        post_only=True,
    ),
    Order(0, 0, 0, 0, 0, 0, Side.BUY, 1, 1, 0, 0, post_only=True),
)
CANCELS = (CancelOrder(CHAIN, VENUE, 5, 3, 17), CancelOrder(0, 0, 0, 0, 0))
OUTFLOWS = (
    Outflow(
        CHAIN, VENUE, 5, 3, 18, OutflowKind.WITHDRAWAL, NO_RECEIVER, 50_000_000, 1_800_000_000_000
    ),
    Outflow(
        CHAIN,
        VENUE,
        2**ACCOUNT_BITS - 1,
        255,
        GENERATION_END - 1,
        OutflowKind.TRANSFER,
        2**ACCOUNT_BITS - 2,
        2**OUTFLOW_BITS - 1,
        2**EXPIRY_BITS - 1,
    ),
    Outflow(0, 0, 1, 0, 0, OutflowKind.TRANSFER, 0, 1, 0),
)
BUNDLES: tuple[tuple[Signable, ...], ...] = (
    (ORDERS[0], CancelOrder(CHAIN, VENUE, 5, 4, 0)),
    (
        CancelOrder(CHAIN, VENUE, 5, 6, 9),
        *(replace(ORDERS[0], slot=7 + k, price=618_003 - 10 * k) for k in range(4)),
    ),
)
"""Of two leaves, and of five in a tree of eight, whose last three places are empty."""

QUESTIONS = (
    Question(CHAIN, VENUE, 5, bytes(range(32)), 0),
    Question(CHAIN, VENUE, 2**ACCOUNT_BITS - 1, b"\xff" * 32, 2**52 - 1),
)


def made(by: Signer = PLAIN) -> dict[str, Any]:
    """The vectors, as they are computed now."""
    return {
        "about": "what is signed, and under answers what is told of an order; "
        "digests as 8 words of 4 bytes, little-endian; the entropy "
        "is mixed into the nonce; of a bundle the digest and signature are those of all its "
        "actions, which travel each with them and its path (docs/spec/10-signatures.md)",
        "secret_key": SECRET.to_bytes().hex(),
        "public_key": digest_bytes((*SECRET.public.x, *SECRET.public.y)).hex(),
        "orders": list(_orders(by)),
        "cancels": list(_cancels(by)),
        "outflows": list(_outflows(by)),
        "questions": list(_questions(by)),
        "bundles": list(_bundles(by)),
        "answers": [_answer()],
    }


def _answer() -> dict[str, object]:
    """What is sealed to the sender of an order that traded: bytes, and what its fill says."""
    fill = {
        "slot": 3,
        "generation": 17,
        "batch": 12,
        "market": 0,
        "price": 618_003,
        "size": 30,
        "is_maker": False,
        "side": int(Side.SELL),
        "fee": fee(618_003 * 30, 500),
        "time": 1_800_000_000_000,
        "receipt": 9,
    }
    key = (fill["slot"], fill["generation"])
    rest = {name: value for name, value in fill.items() if name not in ("slot", "generation")}
    filled = Filled(key, **{**rest, "side": Side.SELL})  # type: ignore[arg-type]
    told = Answer(facts=(Accepted(key, 9), filled, Ended(key, VenueReason.FILLED, 0, 9)))  # type: ignore[arg-type]
    return {"data": action_answer(told).decode("ascii"), "fill": fill}


def _orders(by: Signer) -> Iterator[dict[str, object]]:
    for place, order in enumerate(ORDERS):
        entropy = bytes([place]) * 32
        action = order_action(order, TradingKey(order.account, SECRET), by, entropy)
        members = {name: int(getattr(order, name)) for name in Order.__slots__}
        digest = hex_digest(message_digest(order, by.compress_many))
        yield {**members, "flags": order.flags, **_signed(digest, entropy, action.signature)}


def _cancels(by: Signer) -> Iterator[dict[str, object]]:
    for place, cancel in enumerate(CANCELS):
        entropy = bytes([16 + place]) * 32
        action = cancel_action(cancel, TradingKey(cancel.account, SECRET), by, entropy)
        members = {name: getattr(cancel, name) for name in CancelOrder.__slots__}
        (digest,) = cancel_digests([cancel], by.compress_many)
        yield {**members, **_signed(hex_digest(digest), entropy, action.signature)}


def _bundles(by: Signer) -> Iterator[dict[str, object]]:
    for place, bundle in enumerate(BUNDLES):
        entropy = bytes([64 + place]) * 32
        actions = bundled_actions(bundle, TradingKey(5, SECRET), by, entropy)
        digests = digests_of(bundle, by.compress_many)
        (root,) = bundle_levels(digests, by.compress_many)[-1]
        (message,) = bundle_digests([root], by.compress_many)
        rows = [_bundled(*each) for each in zip(bundle, digests, actions, strict=True)]
        signed = _signed(hex_digest(message), entropy, actions[0].signature)
        yield {"actions": rows, "root": hex_digest(root), **signed}


def _bundled(what: Signable, leaf: Digest, action: OrderAction | CancelAction) -> dict[str, object]:
    """One of a bundle: its members, its leaf, and its path as it travels."""
    kind = "order" if isinstance(what, Order) else "cancel"
    members = {name: int(getattr(what, name)) for name in what.__slots__}
    flags = {"flags": what.flags} if isinstance(what, Order) else {}
    path = action.path
    assert path is not None
    siblings = [sibling.hex() for sibling in path.siblings]
    own = {"leaf": hex_digest(leaf), "place": path.place, "siblings": siblings}
    return {"kind": kind, **members, **flags, **own}


def _outflows(by: Signer) -> Iterator[dict[str, object]]:
    for place, outflow in enumerate(OUTFLOWS):
        entropy = bytes([48 + place]) * 32
        action = outflow_action(outflow, TradingKey(outflow.account, SECRET), by, entropy)
        members = {name: int(getattr(outflow, name)) for name in Outflow.__slots__}
        (digest,) = outflow_digests([outflow], by.compress_many)
        yield {**members, **_signed(hex_digest(digest), entropy, action.signature)}


def _questions(by: Signer) -> Iterator[dict[str, object]]:
    for place, question in enumerate(QUESTIONS):
        entropy = bytes([32 + place]) * 32
        action = question_action(question, TradingKey(question.account, SECRET), by, entropy)
        members = {
            "chain": question.chain,
            "venue": question.venue,
            "account": question.account,
            "response_key": question.response_key.hex(),
            "cursor": question.cursor,
        }
        digest = hex_digest(question_digest(question, by.compress_many))
        yield {**members, **_signed(digest, entropy, action.signature)}


def _signed(digest: str, entropy: bytes, signature: bytes) -> dict[str, object]:
    return {"digest": digest, "entropy": entropy.hex(), "signature": signature.hex()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=2) + "\n", "ascii")
