"""Questions: what an owner signs to be told about its own account. Spec: docs/spec/04-orders.md.

Like a cancel, sequencer behaviour that the proof does not know. The type code differs from those of
orders and cancels, so no signature can pass for another.
"""

from dataclasses import dataclass
from typing import Final

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.constants import ACCOUNT_BITS, CHAIN_BITS, SIGNATURE_SCHEME
from rollup.protocol.encoding import Block, TypeCode, chain_one, packed, split_blocks
from rollup.protocol.rejection import Reason
from rollup.protocol.units import require_bounds, require_bytes

RESPONSE_KEY_BYTES: Final = 32
CURSOR_BITS: Final = 52
"""A place in an account's own history; 52 bits as for times, and no history is as long."""

HALF: Final = 4
"""Words of a block, the first ones, that say something; the other four are zeros."""


@dataclass(frozen=True, slots=True, repr=False)
class Question(Private):
    """Tell me what `account` holds, and what happened to it from `cursor` on, sealed to this key.

    The key is signed, so that nobody can put another one under an owner's question.
    """

    chain: int
    venue: int
    account: int
    response_key: bytes
    cursor: int

    def __post_init__(self) -> None:
        for name in ("chain", "venue"):
            bound, reason = 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS
            require_bounds(name, getattr(self, name), 0, bound, reason)
        account_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_bytes("response_key", self.response_key, RESPONSE_KEY_BYTES)
        require_bounds("cursor", self.cursor, 0, 1 << CURSOR_BITS, Reason.NUMBER_OUT_OF_BOUNDS)


def question_blocks(question: Question) -> tuple[Block, ...]:
    """QUESTION, 4 blocks, of each of which the latter half is zeros: scheme, chain, venue, account;
    key 10 (its little-endian integer); cursor 2.

    Whoever has an owner sign a question may choose key and cursor. The zeros keep any block from
    being the digest of something else: a proof would take what was signed for the root of a tree,
    with that as a leaf (docs/spec/10-signatures.md).
    """
    key = int.from_bytes(question.response_key, "little")
    words = (
        SIGNATURE_SCHEME,
        question.chain,
        question.venue,
        question.account,
        *packed(key, 8 * RESPONSE_KEY_BYTES),
        *packed(question.cursor, CURSOR_BITS),
    )
    halves = [words[place : place + HALF] for place in range(0, len(words), HALF)]
    return split_blocks([word for half in halves for word in (*half, *(0,) * HALF)])


def question_digest(question: Question, compress_many: CompressMany) -> Digest:
    """The digest that the owner signs."""
    return chain_one(TypeCode.QUESTION, question_blocks(question), compress_many)
