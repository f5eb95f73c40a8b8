"""The records of an outpost as JSON: what it is created with, what it keeps, and what is said to
it and of it."""

from collections.abc import Mapping, Sequence

from rollup.codec.forms import FLAG, INTEGER, WHOLE, Form, fixed, many, pairs, record, union
from rollup.hash.keccak import DIGEST_BYTES
from rollup.l1.elsewhere import Caps
from rollup.l1.elsewhere_forms import INBOX_ENTRY, KEPT_MAX, OUTBOX_ENTRY
from rollup.l1.forms import ADDRESS, POSSESSION, ROOT, VAULT
from rollup.l1.outpost import (
    CheckpointHeard,
    CommitteeHeard,
    Deposited,
    DepositReclaimed,
    OutpostDeployment,
    OutpostState,
    PaidOut,
    Released,
)
from rollup.l1.vault import Vault
from rollup.protocol.checkpoint import Checkpoint, InboxEntry, InboxHead, Link, extended
from rollup.protocol.committee import Committee
from rollup.protocol.constants import MARKETS_MAX, OWNER_BYTES
from rollup.protocol.governance_codec import committee_value, read_committee

EVENTS_MAX = 4 * KEPT_MAX

_HASH = fixed(DIGEST_BYTES)
COMMITTEE: Form[Committee] = Form(committee_value, read_committee)
LINK = record(Link, home=INTEGER, venue=INTEGER, chain=INTEGER, address=fixed(OWNER_BYTES))
INBOX_HEAD = record(InboxHead, link=LINK, count=INTEGER, head=_HASH)
CHECKPOINT = record(
    Checkpoint,
    link=LINK,
    number=INTEGER,
    root=ROOT,
    sent=INTEGER,
    head=_HASH,
    taken=INTEGER,
    closed=FLAG,
)
SAID: Form[InboxHead | Checkpoint] = union(
    inbox=(InboxHead, INBOX_HEAD), checkpoint=(Checkpoint, CHECKPOINT)
)
"""What members sign between chains."""

_STANDING = many(INTEGER, 4)
STANDING: Form[tuple[int, int, int, int]] = Form(
    _STANDING.write,
    lambda node: _standing(*(each.integer() for each in node.row(4))),
)
INBOX = many(INBOX_ENTRY, KEPT_MAX)


def _standing(number: int, sent: int, taken: int, closed: int) -> tuple[int, int, int, int]:
    return number, sent, taken, closed


_AMOUNTS: Form[Mapping[int, int]] = pairs(INTEGER, WHOLE, MARKETS_MAX + 2)
CAPS: Form[Caps] = Form(
    lambda caps: _AMOUNTS.write(dict(caps)),
    lambda node: tuple(sorted(_AMOUNTS.read(node).items())),
)
OUTPOST_DEPLOYMENT = record(
    OutpostDeployment, link=LINK, committee=COMMITTEE, proofs=POSSESSION, caps=CAPS, leasts=CAPS
)

_PAID: dict[str, Form[int]] = {"asset": INTEGER, "amount": WHOLE}
EVENT = union(
    deposited=(Deposited, record(Deposited, entry=INBOX_ENTRY)),
    checkpoint_heard=(
        CheckpointHeard,
        record(
            CheckpointHeard,
            number=INTEGER,
            root=ROOT,
            sent=INTEGER,
            taken=INTEGER,
            closed=FLAG,
        ),
    ),
    released=(Released, record(Released, entry=OUTBOX_ENTRY)),
    committee_heard=(
        CommitteeHeard,
        record(CommitteeHeard, committee=COMMITTEE, serial=INTEGER),
    ),
    paid_out=(PaidOut, record(PaidOut, owner=ADDRESS, **_PAID)),
    deposit_reclaimed=(
        DepositReclaimed,
        record(DepositReclaimed, index=INTEGER, owner=ADDRESS, **_PAID),
    ),
)
EVENTS = many(EVENT, EVENTS_MAX)


def _state(
    start: bytes,
    ledgers: Mapping[int, Vault],
    inbox: Sequence[InboxEntry],
    reclaimed: Sequence[int],
    events: Sequence[object],
    **members: object,
) -> OutpostState:
    """The inbox's chain is made again from its start."""
    heads = [start]
    for entry in inbox:
        heads.append(extended(heads[-1], entry))
    rooms = {
        "heads": heads,
        "ledgers": dict(ledgers),
        "inbox": list(inbox),
        "reclaimed": set(reclaimed),
        "events": list(events),
    }
    return OutpostState(**rooms, **members)  # type: ignore[arg-type]


_INDICES: Form[Sequence[int]] = Form(
    lambda indices: many(INTEGER, KEPT_MAX).write(sorted(indices)), many(INTEGER, KEPT_MAX).read
)
OUTPOST_STATE = record(
    _state,
    start=_HASH,
    committee=COMMITTEE,
    head=_HASH,
    ledgers=pairs(INTEGER, VAULT, MARKETS_MAX + 2),
    serial=INTEGER,
    standing=STANDING,
    root=ROOT,
    inbox=INBOX,
    reclaimed=_INDICES,
    events=EVENTS,
)
