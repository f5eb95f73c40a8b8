"""What can be asked of an outpost by JSON-RPC: every method, its parameters and its answer, once.

The server reads and the client writes by these same forms. `docs/l1.md` lists them for people.
"""

from collections.abc import Mapping
from typing import Any

from rollup.codec.forms import INTEGER, NOTHING, WHOLE, Form, many, optional
from rollup.l1.elsewhere_forms import ANY_ENTRIES_MAX, INBOX_ENTRY, OUTBOX_ENTRY
from rollup.l1.forms import ADDRESS, ATTESTATION, HASH, POSSESSION, ROOT
from rollup.l1.methods import Kind, Method
from rollup.l1.outpost_forms import (
    CHECKPOINT,
    COMMITTEE,
    EVENTS,
    INBOX,
    LINK,
    OUTPOST_DEPLOYMENT,
    STANDING,
)

_ASSET: dict[str, Form[Any]] = {"asset": INTEGER}
_OWNED: dict[str, Form[Any]] = {"owner": ADDRESS, **_ASSET}
_WORD: dict[str, Form[Any]] = {"attestation": ATTESTATION}
OUTBOX_ENTRIES = many(OUTBOX_ENTRY, ANY_ENTRIES_MAX)

_METHODS = (
    Method("outpost_link", "link", Kind.PROPERTY, LINK),
    Method("outpost_deployment", "deployment", Kind.PROPERTY, OUTPOST_DEPLOYMENT),
    Method("outpost_standing", "standing", Kind.PROPERTY, STANDING),
    Method("outpost_root", "root", Kind.PROPERTY, ROOT),
    Method("outpost_committee", "committee", Kind.PROPERTY, COMMITTEE),
    Method("outpost_serial", "serial", Kind.PROPERTY, INTEGER),
    Method("outpost_inbox", "inbox", Kind.PROPERTY, INBOX),
    Method("outpost_events", "events", Kind.PROPERTY, EVENTS),
    Method(
        "outpost_inbox_from", "inbox_from", Kind.READ, INBOX, {"first": INTEGER, "count": INTEGER}
    ),
    Method("outpost_inbox_head", "inbox_head", Kind.READ, optional(HASH), {"count": INTEGER}),
    Method("outpost_custody", "custody", Kind.READ, WHOLE, _ASSET),
    Method("outpost_funds", "funds", Kind.READ, WHOLE, _ASSET),
    Method("outpost_pending", "pending", Kind.READ, WHOLE, _OWNED),
    Method("outpost_wallet", "wallet", Kind.READ, WHOLE, _OWNED),
    Method(
        "outpost_deposit",
        "deposit",
        Kind.CALL,
        INBOX_ENTRY,
        {"sender": ADDRESS, "account": INTEGER, "amount": WHOLE, **_ASSET},
    ),
    Method(
        "outpost_hear",
        "hear",
        Kind.CALL,
        NOTHING,
        {"sender": ADDRESS, "checkpoint": CHECKPOINT, "entries": OUTBOX_ENTRIES, **_WORD},
    ),
    Method(
        "outpost_succeed",
        "succeed",
        Kind.CALL,
        NOTHING,
        {"sender": ADDRESS, "committee": COMMITTEE, "proofs": POSSESSION, **_WORD},
    ),
    Method("outpost_withdraw", "withdraw", Kind.CALL, WHOLE, {"sender": ADDRESS, **_ASSET}),
    Method("outpost_reclaim", "reclaim", Kind.CALL, WHOLE, {"sender": ADDRESS, "index": INTEGER}),
    Method("dev_mint", "mint", Kind.DEVELOPMENT, NOTHING, {**_OWNED, "amount": WHOLE}),
)

OUTPOST_METHODS: Mapping[str, Method] = {method.name: method for method in _METHODS}
BY_ATTRIBUTE: Mapping[str, Method] = {method.attribute: method for method in _METHODS}
