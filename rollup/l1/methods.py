"""What can be asked of an L1 by JSON-RPC: every method, its parameters and its answer, once.

The server reads and the client writes by these same forms. `docs/l1.md` lists them for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from rollup.codec.forms import FLAG, INTEGER, NOTHING, WHOLE, Form, optional
from rollup.l1.bond_forms import BOND, MISCONDUCT, RECEIPTS, SIGNED
from rollup.l1.development import PROPERTIES
from rollup.l1.elsewhere_forms import INBOX_ENTRIES, OUTBOX_ENTRY, OUTPOST, OUTPOST_BOOKS
from rollup.l1.forms import (
    ADDRESS,
    ATTESTATION,
    BOOK,
    DEPLOYMENT,
    ENTRY,
    ESTATE,
    EVENTS,
    EXITS,
    GIVEN,
    GOVERNANCE,
    GOVERNANCE_TO_JUDGE,
    HASH,
    HEADER,
    INDICES,
    LEAF,
    MONEY,
    PARAMETERS,
    PAYOUT,
    POSSESSION,
    PROOF,
    PUBLIC,
    QUEUE,
    REFUSED,
    REPORTS,
    ROOT,
    TAIL,
    VAULTS,
    VERDICT,
    WANTED_EXIT,
    WORDS,
)

REVERTED = 3
"""JSON-RPC error code of a call that changed nothing: `data.reason` is the Revert."""


class Kind(Enum):
    """What a method does, and so whether it can be asked again after a broken connection."""

    PROPERTY = "reads a property"
    READ = "reads with arguments"
    CALL = "changes the contract"
    DEVELOPMENT = "is no call of the contract"


@dataclass(frozen=True, slots=True)
class Method:
    """One method: `name` on the wire, `attribute` of the L1 that answers."""

    name: str
    attribute: str
    kind: Kind
    result: Form[Any]
    parameters: Mapping[str, Form[Any]] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        """Whether asking twice is as good as asking once."""
        return self.kind in (Kind.PROPERTY, Kind.READ)


_RESULTS: dict[str, Form[Any]] = {
    "root": ROOT,
    "proved_number": INTEGER,
    "head_number": INTEGER,
    "tail": TAIL,
    "refusal": optional(REFUSED),
    "redo_until": INTEGER,
    "governance": GOVERNANCE,
    "parameters": PARAMETERS,
    "queue": QUEUE,
    "consumed": INTEGER,
    "accounts": INDICES,
    "book": HASH,
    "custody": WHOLE,
    "assets": VAULTS,
    "estate": ESTATE,
    "queued": WHOLE,
    "pending": MONEY,
    "funds": WHOLE,
    "owed": WHOLE,
    "wallets": MONEY,
    "given": GIVEN,
    "exits": EXITS,
    "outposts": OUTPOST_BOOKS,
    "bond": BOND,
    "events": EVENTS,
}
_MONEY: dict[str, Form[Any]] = {"amount": WHOLE, "asset": INTEGER}
_PLACE: dict[str, Form[Any]] = {"number": INTEGER, "time": INTEGER}

_METHODS = (
    *(Method(f"l1_{name}", name, Kind.PROPERTY, _RESULTS[name]) for name in PROPERTIES),
    Method("l1_wants_redo", "wants_redo", Kind.READ, FLAG, _PLACE),
    Method("l1_header_digest", "header_digest", Kind.READ, optional(HASH), {"number": INTEGER}),
    Method("l1_queue_from", "queue_from", Kind.READ, QUEUE, {"first": INTEGER, "count": INTEGER}),
    Method("l1_queue_head", "queue_head", Kind.READ, optional(HASH), {"count": INTEGER}),
    Method("l1_governance_for", "governance_for", Kind.READ, GOVERNANCE, _PLACE),
    Method("l1_given_reports", "given_reports", Kind.READ, REPORTS, {"slot": INTEGER}),
    Method(
        "l1_register",
        "register",
        Kind.CALL,
        ENTRY,
        {"sender": ADDRESS, "key_words": WORDS, "viewing_words": WORDS, **_MONEY},
    ),
    Method(
        "l1_credit",
        "credit",
        Kind.CALL,
        ENTRY,
        {"sender": ADDRESS, "account": INTEGER, **_MONEY},
    ),
    Method(
        "l1_rotate",
        "rotate",
        Kind.CALL,
        ENTRY,
        {
            "sender": ADDRESS,
            "account": INTEGER,
            "key_words": WORDS,
            "viewing_words": WORDS,
            "amount": WHOLE,
        },
    ),
    Method(
        "l1_request_exit",
        "request_exit",
        Kind.CALL,
        ENTRY,
        {"sender": ADDRESS, "account": INTEGER, "amount": WHOLE},
    ),
    Method(
        "l1_give_reports",
        "give_reports",
        Kind.CALL,
        INTEGER,
        {"sender": ADDRESS, "reports": REPORTS},
    ),
    Method(
        "l1_commit_header",
        "commit_header",
        Kind.CALL,
        VERDICT,
        {"sender": ADDRESS, "header": HEADER},
    ),
    Method(
        "l1_post_batch",
        "post_batch",
        Kind.CALL,
        NOTHING,
        {
            "sender": ADDRESS,
            "public": PUBLIC,
            "proof": PROOF,
            "attestation": optional(ATTESTATION),
        },
    ),
    Method(
        "l1_buy",
        "buy",
        Kind.CALL,
        WHOLE,
        {"sender": ADDRESS, "asset": INTEGER, "lots": WHOLE, "most": WHOLE},
    ),
    Method("l1_cover", "cover", Kind.CALL, NOTHING, {"sender": ADDRESS, "amount": WHOLE}),
    Method("l1_withdraw", "withdraw", Kind.CALL, WHOLE, {"sender": ADDRESS, "asset": INTEGER}),
    Method("l1_freeze", "freeze", Kind.CALL, NOTHING, {"sender": ADDRESS}),
    Method("l1_reclaim", "reclaim", Kind.CALL, WHOLE, {"sender": ADDRESS, "index": INTEGER}),
    Method(
        "l1_escape",
        "escape",
        Kind.CALL,
        PAYOUT,
        {"sender": ADDRESS, "leaf": LEAF, "book": BOOK},
    ),
    Method(
        "l1_escape_privately",
        "escape_privately",
        Kind.CALL,
        WHOLE,
        {"sender": ADDRESS, "wanted": WANTED_EXIT, "book": BOOK, "proof": PROOF},
    ),
    Method(
        "l1_announce_governance",
        "announce_governance",
        Kind.CALL,
        INTEGER,
        {
            "sender": ADDRESS,
            "governance": GOVERNANCE_TO_JUDGE,
            "number": INTEGER,
            "possession": POSSESSION,
        },
    ),
    Method(
        "l1_announce_outpost",
        "announce_outpost",
        Kind.CALL,
        INTEGER,
        {"sender": ADDRESS, "outpost": OUTPOST},
    ),
    Method(
        "l1_take_in_from",
        "take_in_from",
        Kind.CALL,
        INTEGER,
        {
            "sender": ADDRESS,
            "chain": INTEGER,
            "entries": INBOX_ENTRIES,
            "attestation": ATTESTATION,
        },
    ),
    Method(
        "l1_send", "send", Kind.CALL, OUTBOX_ENTRY, {"sender": ADDRESS, "chain": INTEGER, **_MONEY}
    ),
    Method("l1_post_bond", "post_bond", Kind.CALL, NOTHING, {"sender": ADDRESS, "amount": WHOLE}),
    Method("l1_leave_bond", "leave_bond", Kind.CALL, INTEGER, {"sender": ADDRESS, "amount": WHOLE}),
    Method("l1_withdraw_bond", "withdraw_bond", Kind.CALL, WHOLE, {"sender": ADDRESS}),
    Method(
        "l1_challenge_pair",
        "challenge_pair",
        Kind.CALL,
        MISCONDUCT,
        {"sender": ADDRESS, "one": SIGNED, "other": SIGNED},
    ),
    Method(
        "l1_challenge_window",
        "challenge_window",
        Kind.CALL,
        MISCONDUCT,
        {"sender": ADDRESS, "signed": SIGNED, "header": HEADER},
    ),
    Method(
        "l1_challenge_place",
        "challenge_place",
        Kind.CALL,
        MISCONDUCT,
        {"sender": ADDRESS, "signed": SIGNED, "header": HEADER, "receipts": RECEIPTS},
    ),
    Method("l1_deployment", "deployment", Kind.PROPERTY, DEPLOYMENT),
    Method("l1_now", "now", Kind.READ, INTEGER),
    Method("dev_mint", "mint", Kind.DEVELOPMENT, NOTHING, {"owner": ADDRESS, **_MONEY}),
    Method("dev_donate", "donate", Kind.DEVELOPMENT, NOTHING, {"sender": ADDRESS, "amount": WHOLE}),
    Method("dev_warp", "warp", Kind.DEVELOPMENT, INTEGER, {"milliseconds": INTEGER}),
    Method("dev_checkpoint", "mark", Kind.DEVELOPMENT, INTEGER),
    Method("dev_reorg", "reorganise", Kind.DEVELOPMENT, NOTHING, {"mark": INTEGER}),
)

METHODS: Mapping[str, Method] = {method.name: method for method in _METHODS}
BY_ATTRIBUTE: Mapping[str, Method] = {method.attribute: method for method in _METHODS}
