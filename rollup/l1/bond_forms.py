"""The records of a bond as JSON: receipts as they are brought, and what L1 keeps."""

from collections.abc import Sequence

from rollup.codec.forms import INTEGER, WHOLE, Form, choice, fixed, many, optional, record, union
from rollup.hash.keccak import DIGEST_BYTES
from rollup.l1.bond import (
    RECEIPTS_MAX,
    Bond,
    BondEvent,
    BondLeaving,
    BondPosted,
    BondWithdrawn,
    Convicted,
)
from rollup.l1.forms import ADDRESS, ENTRIES_MAX
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import RECEIPT_SIGNATURE_BYTES, Receipt, SignedReceipt

ANY_LIST_MAX = 8 * RECEIPTS_MAX
"""A longer list than L1 reads must still arrive to be refused as such."""

_HASH = fixed(DIGEST_BYTES)


def _bond(events: Sequence[BondEvent], **members: object) -> Bond:
    return Bond(events=tuple(events), **members)  # type: ignore[arg-type]


MISCONDUCT: Form[Misconduct] = choice(Misconduct)
RECEIPT = record(
    Receipt,
    chain=INTEGER,
    venue=INTEGER,
    sequence=INTEGER,
    envelope=_HASH,
    previous=_HASH,
    time=INTEGER,
    batch=INTEGER,
)
RECEIPTS = many(RECEIPT, ANY_LIST_MAX)
SIGNED = record(SignedReceipt, receipt=RECEIPT, signature=fixed(RECEIPT_SIGNATURE_BYTES))
CONVICTED = record(Convicted, challenger=ADDRESS, misconduct=MISCONDUCT, reward=WHOLE, burned=WHOLE)
_EVENT = union(
    bond_posted=(BondPosted, record(BondPosted, sender=ADDRESS, amount=WHOLE)),
    bond_leaving=(BondLeaving, record(BondLeaving, amount=WHOLE, due=INTEGER)),
    bond_withdrawn=(BondWithdrawn, record(BondWithdrawn, owner=ADDRESS, amount=WHOLE)),
    convicted=(Convicted, CONVICTED),
)
BOND = record(
    _bond,
    held=WHOLE,
    leaving=WHOLE,
    due=INTEGER,
    burned=WHOLE,
    conviction=optional(CONVICTED),
    events=many(_EVENT, ENTRIES_MAX),
)
