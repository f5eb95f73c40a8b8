"""Markets and triggers as columns: terms, frontiers, counters of the outcome of a batch.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Sequence

from circuits.gadgets.buses import RISK_NUMBERS
from circuits.statement.columns import column, matrix
from circuits.statement.inputs import lot_fee, risk_numbers, trade_numbers
from circuits.tables.position.sums import COLUMNS
from circuits.tables.records import (
    MarketRecords,
    TriggerRecords,
)
from rollup.protocol.constants import COUNTERS, LADDER_BITS
from rollup.protocol.encoding import LIMB_BITS, limbs
from rollup.protocol.outcome import Outcome, Valuation
from rollup.protocol.triggers import SIDES


def triggers(outcome: Outcome) -> TriggerRecords:
    leaves = outcome.triggers
    return TriggerRecords(
        index=column(leaf.index for leaf in leaves),
        old=matrix([leaf.before for leaf in leaves], COUNTERS),
        left=matrix([leaf.minus for leaf in leaves], COUNTERS),
        taken=matrix([leaf.plus for leaf in leaves], COUNTERS),
        swept=matrix([leaf.swept for leaf in leaves], COUNTERS),
        staying=matrix([leaf.staying for leaf in leaves], COUNTERS),
    )


def markets(outcome: Outcome) -> MarketRecords:
    terms, book = outcome.steps.terms, outcome.public.book_after.markets
    fills = Counter(step.market for step in outcome.steps.fills)
    taken = Counter(step.takeover.market for step in outcome.steps.takeovers)
    listed, zones = len(outcome.markets_before.frontiers), outcome.steps.zones
    return MarketRecords(
        market=column(range(len(terms))),
        risk=matrix([risk_numbers(each) for each in terms], RISK_NUMBERS),
        trade=matrix([trade_numbers(each) for each in terms], 9),
        lot_fee=matrix([lot_fee(each) for each in terms], 3),
        steady=column(outcome.steps.steady),
        missing=column(entry.missing for entry in book),
        trade_uses=column(fills[market] for market in range(len(terms))),
        take_uses=column(taken[market] for market in range(len(terms))),
        listed=column(market < listed for market in range(len(terms))),
        frontier=(
            matrix(outcome.frontiers_before, 2),
            matrix(outcome.markets_after.frontiers, 2),
        ),
        zoned=matrix([[(m, side) in zones for side in SIDES] for m in range(len(terms))], 2),
        zone=matrix([[zones.get((m, side), 0) for side in SIDES] for m in range(len(terms))], 2),
        full=matrix([[_why_full(outcome, m, s) for s in SIDES] for m in range(len(terms))], 2),
        backstop=column(_means(_backstop(outcome))),
    )


_NOTHING = Valuation(0, 0, 0, 0)


def _backstop(outcome: Outcome) -> Valuation:
    """What the backstop ends the batch with; nothing where the batch does not open it."""
    closing = outcome.steps.closings.get(outcome.public.governance.backstop_account)
    return _NOTHING if closing is None else closing.after


def _why_full(outcome: Outcome, market: int, side: int) -> int:
    """Why the backstop takes no lot more of the other side: the first reason that holds, or 0."""
    after, terms = _backstop(outcome), outcome.steps.terms[market]
    if after.initial < terms.initial:
        return 0
    if after.excess < terms.reliefs[1 - side]:
        return 1
    return 2 if after.ladder + terms.bucket >= 1 << LADDER_BITS else 0


def _means(after: Valuation) -> Sequence[int]:
    """Limbs of what it has, the top one of a sum signed; a forged ladder is taken modulo 2^45."""
    return (
        *_signed_limbs(after.initial),
        *_signed_limbs(after.excess),
        *limbs(after.ladder % 2**LADDER_BITS, LADDER_BITS),
    )


def _signed_limbs(value: int) -> tuple[int, ...]:
    lower = (value >> LIMB_BITS * place & 2**LIMB_BITS - 1 for place in range(COLUMNS - 1))
    return (*lower, value >> LIMB_BITS * (COLUMNS - 1))
