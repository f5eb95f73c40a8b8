"""What was signed as columns: the orders of a batch, its outflows, its cancels, and by which
signatures.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from circuits.statement.columns import column, matrix
from circuits.statement.replay_slots import SlotTimes
from circuits.tables.records import OrderRecords
from circuits.tables.signature_records import SignatureRecords
from rollup.protocol.bundle import BundlePath
from rollup.protocol.cancel import CancelOrder
from rollup.protocol.constants import SEPTIC_LENGTH, SIGNATURE_BYTES, SIZE_BITS
from rollup.protocol.outcome import Outcome
from rollup.protocol.outflow import Outflow
from rollup.protocol.slot_steps import SlotStep

_NUMBERS = (
    "account",
    "slot",
    "generation",
    "market",
    "side",
    "price",
    "size",
    "expiry",
    "max_fee",
    "flags",
)
_of_order = attrgetter(*_NUMBERS)


class _Row(NamedTuple):
    """An action: the numbers in the places of an order's members, and what it does to its slot."""

    numbers: tuple[int, ...]
    placing: SlotStep
    path: BundlePath | None = None
    uses: int = 0
    rests: bool = False
    outflow: bool = False
    cancel: bool = False


def signers(outcome: Outcome) -> Counter[int]:
    """How many signatures each account has in a batch."""
    return Counter(step.account for step in outcome.steps.authority.signatures)


def marked(outcome: Outcome) -> Counter[int]:
    """How many orders of each account rested before the batch and trade in it."""
    return Counter(account for account, _ in (step.key for step in outcome.steps.resting))


def orders(outcome: Outcome, times: SlotTimes) -> OrderRecords:
    """The records of the order table: orders, then outflows, then cancels."""
    rows = _rows(outcome)
    numbers = np.array([row.numbers for row in rows], dtype=np.int64)
    named = dict(zip(_NUMBERS, numbers.reshape(len(rows), len(_NUMBERS)).T, strict=True))
    placings = [row.placing for row in rows]
    keys = zip(named["account"].tolist(), named["slot"].tolist(), strict=True)
    authority = outcome.steps.authority
    signed_by = [authority.signatures[k] for k in authority.signed_by]
    return OrderRecords(
        **named,
        outflow=column(row.outflow for row in rows),
        cancel=column(row.cancel for row in rows),
        uses=column(row.uses for row in rows),
        rests=column(row.rests for row in rows),
        ts=column(placing.timestamp for placing in placings),
        previous_ts=column(
            times.before(key, placing.timestamp)
            for key, placing in zip(keys, placings, strict=True)
        ),
        stored_generation=column(placing.before.generation for placing in placings),
        stored_left=column(placing.before.left for placing in placings),
        signature=column(authority.signed_by),
        key_mark=column(step.key.x[0] for step in signed_by),
        depth=column(0 if row.path is None else row.path.depth for row in rows),
        place=column(0 if row.path is None else row.path.place for row in rows),
        chain=outcome.public.chain,
        venue=outcome.public.venue,
        time=outcome.public.time,
        backstop=outcome.public.governance.backstop_account,
    )


def signatures(outcome: Outcome) -> SignatureRecords:
    """The records of the signature table."""
    steps = outcome.steps.authority.signatures
    nonce, response = _split([step.signature for step in steps])
    roots = [step.message if step.root is None else step.root for step in steps]
    return SignatureRecords(
        account=column(step.account for step in steps),
        actions=column(step.actions for step in steps),
        bundled=column(step.root is not None for step in steps),
        root=matrix(roots, 8, np.uint32),
        key=matrix([(*step.key[0], *step.key[1]) for step in steps], 14, np.uint32),
        nonce=nonce,
        response=response,
        backstop=outcome.public.governance.backstop_account,
    )


def _rows(outcome: Outcome) -> list[_Row]:
    uses = _uses(outcome)
    rows = []
    for place, step in enumerate(outcome.steps.orders):
        signed = step.signed
        of_slot = (step.placing, signed.path, uses[place], step.rests)
        rows.append(_Row(_of_order(signed.order), *of_slot))
    for paid in outcome.steps.outflows:
        placing = SlotStep(paid.timestamp, paid.slot_before, paid.slot_after)
        rows.append(_Row(_of_outflow(paid.signed.outflow), placing, outflow=True))
    for each in outcome.steps.cancels:
        cancelled = each.signed
        numbers = _of_cancel(cancelled.cancel)
        rows.append(_Row(numbers, each.placing, cancelled.path, cancel=True))
    return rows


def _of_outflow(outflow: Outflow) -> tuple[int, ...]:
    """In the places of an order's members: the asset as its market, the kind as its side, the
    receiver as its price, the amount as its size with its highest fee above."""
    top, low = divmod(outflow.amount, 1 << SIZE_BITS)
    place = (outflow.account, outflow.slot, outflow.generation, outflow.asset, int(outflow.kind))
    return (*place, outflow.receiver, low, outflow.expiry, top, 0)


def _of_cancel(cancel: CancelOrder) -> tuple[int, ...]:
    """Zeros in the places of an order's terms."""
    return (cancel.account, cancel.slot, cancel.generation, *(0,) * (len(_NUMBERS) - 3))


def _uses(outcome: Outcome) -> Counter[int]:
    """Sides of fills that name each place."""
    fills = outcome.steps.fills
    uses = Counter(side.order for fill in fills for side in (fill.buyer, fill.seller))
    uses.update(step.taker.order for step in outcome.steps.order_takeovers)
    return uses


def _split(signatures: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """R and s of each signature."""
    rows = np.frombuffer(b"".join(signatures), dtype=np.uint8)
    rows = rows.reshape(len(signatures), SIGNATURE_BYTES)
    nonce = np.ascontiguousarray(rows[:, : 8 * SEPTIC_LENGTH])
    return nonce.view("<u4").astype(np.uint32), np.ascontiguousarray(rows[:, 8 * SEPTIC_LENGTH :])
