"""What was signed as columns: the orders of a batch, and its outflows, which have their places.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from circuits.statement.columns import column, matrix
from circuits.tables.records import OrderRecords
from rollup.crypto.curve import Point
from rollup.protocol.constants import SEPTIC_LENGTH, SIGNATURE_BYTES, SIZE_BITS
from rollup.protocol.outcome import Outcome
from rollup.protocol.outflow import Outflow

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


def signers(outcome: Outcome) -> Counter[int]:
    """How many orders and outflows each account signed."""
    signed = Counter(step.signed.order.account for step in outcome.steps.orders)
    signed.update(step.signed.outflow.account for step in outcome.steps.outflows)
    return signed


def orders(outcome: Outcome) -> OrderRecords:
    """The records of the order table: orders, then outflows."""
    steps, paid = outcome.steps.orders, outcome.steps.outflows
    rows: list[tuple[int, ...]] = [_of_order(step.signed.order) for step in steps]
    rows += [_of_outflow(step.signed.outflow) for step in paid]
    numbers = np.array(rows, dtype=np.int64).reshape(len(rows), len(_NUMBERS))
    signatures = [step.signed.signature for step in steps]
    signatures += [step.signed.signature for step in paid]
    nonce, response = _split(signatures)
    keys: list[Point] = [*(step.key for step in steps), *(step.key for step in paid)]
    return OrderRecords(
        **dict(zip(_NUMBERS, numbers.T, strict=True)),
        outflow=column([0] * len(steps) + [1] * len(paid)),
        uses=column([*_uses(outcome), *[1] * len(paid)]),
        key=matrix([(*key[0], *key[1]) for key in keys], 14, np.uint32),
        nonce=nonce,
        response=response,
        chain=outcome.public.chain,
        venue=outcome.public.venue,
        time=outcome.public.time,
        backstop=outcome.public.governance.backstop_account,
    )


def _of_outflow(outflow: Outflow) -> tuple[int, ...]:
    """In the places of an order's members: the asset as its market, the kind as its side, the
    receiver as its price, the amount as its size with its highest fee above."""
    top, low = divmod(outflow.amount, 1 << SIZE_BITS)
    place = (outflow.account, outflow.slot, outflow.generation, outflow.asset, int(outflow.kind))
    return (*place, outflow.receiver, low, outflow.expiry, top, 0)


def _uses(outcome: Outcome) -> list[int]:
    """Sides of fills that name each order."""
    uses = [0] * len(outcome.steps.orders)
    for fill in outcome.steps.fills:
        for side in (fill.buyer, fill.seller):
            uses[side.order] += 1
    for step in outcome.steps.order_takeovers:
        uses[step.taker.order] += 1
    return uses


def _split(signatures: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """R and s of each signature."""
    rows = np.frombuffer(b"".join(signatures), dtype=np.uint8)
    rows = rows.reshape(len(signatures), SIGNATURE_BYTES)
    nonce = np.ascontiguousarray(rows[:, : 8 * SEPTIC_LENGTH])
    return nonce.view("<u4").astype(np.uint32), np.ascontiguousarray(rows[:, 8 * SEPTIC_LENGTH :])
