"""The records of outposts as JSON: what home is told of them, what it keeps, and what it says."""

from collections.abc import Mapping, Sequence

from rollup.codec.forms import FLAG, INTEGER, WHOLE, Form, fixed, many, pairs, record
from rollup.hash.keccak import DIGEST_BYTES
from rollup.l1.elsewhere import (
    Elsewhere,
    InboxTaken,
    Outpost,
    OutpostAnnounced,
    OutpostBook,
    SentOut,
)
from rollup.protocol.checkpoint import ENTRIES_MAX, InboxEntry, OutboxEntry
from rollup.protocol.constants import MARKETS_MAX, OWNER_BYTES

OUTPOSTS_MAX = 2**10
ANY_ENTRIES_MAX = 8 * ENTRIES_MAX
"""More entries than a call brings must still arrive to be refused as such."""

KEPT_MAX = 10**6
"""Entries of an outbox, and entries of the queue that came to outposts, in a mock L1."""

_OWNER = fixed(OWNER_BYTES)
_HASH = fixed(DIGEST_BYTES)
_AMOUNT: dict[str, Form[int]] = {"asset": INTEGER, "amount": WHOLE}


def _outpost(chain: int, address: bytes, caps: Mapping[int, int]) -> Outpost:
    return Outpost(chain, address, tuple(sorted(caps.items())))


def _book(
    elsewhere: Mapping[int, int], outbox: Sequence[OutboxEntry], **members: object
) -> OutpostBook:
    found = {"elsewhere": dict(elsewhere), "outbox": list(outbox), **members}
    return OutpostBook(**found)  # type: ignore[arg-type]


def _elsewhere(books: Mapping[int, OutpostBook], came: Sequence[int]) -> Elsewhere:
    return Elsewhere(dict(books), set(came))


_CAPS: Form[Mapping[int, int]] = pairs(INTEGER, WHOLE, MARKETS_MAX + 1)
INBOX_ENTRY = record(InboxEntry, index=INTEGER, owner=_OWNER, account=INTEGER, **_AMOUNT)
INBOX_ENTRIES = many(INBOX_ENTRY, ANY_ENTRIES_MAX)
OUTBOX_ENTRY = record(OutboxEntry, index=INTEGER, owner=_OWNER, **_AMOUNT)
_WRITTEN = record(_outpost, chain=INTEGER, address=_OWNER, caps=_CAPS)
OUTPOST: Form[Outpost] = Form(
    lambda outpost: {
        "chain": outpost.chain,
        "address": outpost.address.hex(),
        "caps": _CAPS.write(dict(outpost.caps)),
    },
    _WRITTEN.read,
)
OUTPOST_BOOK = record(
    _book,
    outpost=OUTPOST,
    valid_from=INTEGER,
    inbox_head=_HASH,
    outbox_head=_HASH,
    taken=INTEGER,
    elsewhere=pairs(INTEGER, WHOLE, MARKETS_MAX + 1),
    outbox=many(OUTBOX_ENTRY, KEPT_MAX),
)
OUTPOST_BOOKS = pairs(INTEGER, OUTPOST_BOOK, OUTPOSTS_MAX)
_CAME: Form[Sequence[int]] = Form(
    lambda came: many(INTEGER, KEPT_MAX).write(sorted(came)), many(INTEGER, KEPT_MAX).read
)
ELSEWHERE = record(_elsewhere, books=OUTPOST_BOOKS, came=_CAME)

OUTPOST_EVENTS: dict[str, tuple[type, Form[object]]] = {
    "outpost_announced": (
        OutpostAnnounced,
        record(OutpostAnnounced, outpost=OUTPOST, valid_from=INTEGER),
    ),
    "inbox_taken": (
        InboxTaken,
        record(InboxTaken, chain=INTEGER, entry=INBOX_ENTRY, is_queued=FLAG),
    ),
    "sent_out": (SentOut, record(SentOut, chain=INTEGER, entry=OUTBOX_ENTRY)),
}
