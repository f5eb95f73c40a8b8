"""Markets and triggers as columns: terms, frontiers, counters of the outcome of a batch.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter

from circuits.gadgets.buses import RISK_NUMBERS
from circuits.statement.columns import column, matrix
from circuits.statement.inputs import lot_fee, risk_numbers, trade_numbers
from circuits.tables.records import (
    MarketRecords,
    TriggerRecords,
)
from rollup.protocol.constants import COUNTERS
from rollup.protocol.outcome import Outcome


def triggers(outcome: Outcome) -> TriggerRecords:
    leaves = outcome.triggers
    return TriggerRecords(
        index=column(leaf.index for leaf in leaves),
        old=matrix([leaf.before for leaf in leaves], COUNTERS),
        left=matrix([leaf.minus for leaf in leaves], COUNTERS),
        taken=matrix([leaf.plus for leaf in leaves], COUNTERS),
        swept=matrix([leaf.swept for leaf in leaves], COUNTERS),
    )


def markets(outcome: Outcome) -> MarketRecords:
    terms = outcome.steps.terms
    fills = Counter(step.market for step in outcome.steps.fills)
    taken = Counter(step.takeover.market for step in outcome.steps.takeovers)
    listed = len(outcome.markets_before.frontiers)
    return MarketRecords(
        market=column(range(len(terms))),
        risk=matrix([risk_numbers(each) for each in terms], RISK_NUMBERS),
        trade=matrix([trade_numbers(each) for each in terms], 9),
        lot_fee=matrix([lot_fee(each) for each in terms], 3),
        steady=column(outcome.steps.steady),
        trade_uses=column(fills[market] for market in range(len(terms))),
        take_uses=column(taken[market] for market in range(len(terms))),
        listed=column(market < listed for market in range(len(terms))),
        frontier=(
            matrix(outcome.frontiers_before, 2),
            matrix(outcome.markets_after.frontiers, 2),
        ),
    )
