"""Markets and triggers as columns: terms, frontiers, counters of the outcome of a batch.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from circuits.gadgets.buses import HOUR_NUMBERS, RISK_NUMBERS, TRADE_KINDS
from circuits.gadgets.tally import (
    ABOVE,
    BELOW,
    ESTATE,
    INSIDE,
    KINDS,
    LIMBS,
    NOTIONAL,
    OPENED,
    SETTLED,
)
from circuits.statement.columns import column, matrix
from circuits.statement.inputs import (
    estate_numbers,
    hour_numbers,
    hours_of,
    is_untraded,
    least_order,
    lot_fee,
    risk_numbers,
    trade_numbers,
)
from circuits.tables.position.sums import COLUMNS
from circuits.tables.records import (
    I64,
    U64,
    MarketRecords,
    TriggerRecords,
)
from rollup.protocol.assets import mark_of
from rollup.protocol.constants import COUNTERS, LADDER_BITS, PREMIUM_LIMIT
from rollup.protocol.encoding import LIMB_BITS, limbs
from rollup.protocol.order import Side
from rollup.protocol.outcome import FillStep, Outcome, Valuation, settled_of
from rollup.protocol.takeover import Route
from rollup.protocol.tally import NO_TALLY, Tally
from rollup.protocol.triggers import SIDES

_KINDS = {Side.BUY: 1, Side.SELL: 2}
"""Kinds of TRADE: of takeovers by orders of a side."""

_BACKSTOP_KINDS = {Side.BUY: 3, Side.SELL: 4}
"""And of fills in which an order of the backstop has that side."""

_Said = tuple[int, int, int, int]
"""Market, kind, sign and amount."""

TRADE_NUMBERS = 23
"""Numbers of a market for fills."""


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
    terms, book = outcome.steps.terms, outcome.public.book.markets
    ends = outcome.public.ending
    fills = Counter((step.market, _kind_of(outcome, step)) for step in outcome.steps.fills)
    fills.update((s.market, _KINDS[s.side]) for s in outcome.steps.order_takeovers)
    left = Counter(step.signed.outflow.asset for step in outcome.steps.outflows)
    taken = Counter(step.takeover.market for step in outcome.steps.takeovers)
    listed, zones = len(outcome.markets_before.frontiers), outcome.steps.zones
    before, estate = outcome.markets_before.tallies, outcome.steps.estate
    return MarketRecords(
        market=column(range(len(terms))),
        risk=matrix([risk_numbers(each) for each in terms], RISK_NUMBERS),
        asset_uses=column(left[mark_of(market)] for market in range(len(terms))),
        asset=column(each.is_asset for each in terms),
        idle=column(each.is_idle for each in terms),
        ended=column(each.is_settled for each in terms),
        ends=column(market in ends for market in range(len(terms))),
        estate=matrix([estate_numbers(estate.get(m, 0)) for m in range(len(terms))], 4),
        trade=matrix([trade_numbers(each) for each in terms], TRADE_NUMBERS),
        least=matrix([least_order(each) for each in terms], 2),
        lot_fee=matrix([lot_fee(each) for each in terms], 3),
        steady=column(outcome.steps.steady),
        missing=column(map(is_untraded, terms, book)),
        hour=matrix(list(map(hour_numbers, terms, hours_of(outcome.public))), HOUR_NUMBERS),
        tally=(
            tallies((*before, *(NO_TALLY,) * (len(terms) - listed))),
            tallies(outcome.markets_after.tallies),
        ),
        counted=counted(outcome),
        trade_uses=matrix(
            [[fills[m, kind] for kind in range(TRADE_KINDS)] for m in range(len(terms))],
            TRADE_KINDS,
        ),
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


def _kind_of(outcome: Outcome, step: FillStep) -> int:
    """The kind of TRADE that a fill of two orders has."""
    backstop = outcome.public.governance.backstop_account
    sides = ((Side.BUY, step.buyer), (Side.SELL, step.seller))
    return sum(_BACKSTOP_KINDS[side] for side, each in sides if each.account == backstop)


def tallies(found: Sequence[Tally]) -> U64:
    """Premium (biased), volume and open interest of each."""
    rows = [(each.premium + PREMIUM_LIMIT, each.volume, each.open_interest) for each in found]
    return np.array(rows, dtype=np.uint64).reshape(len(rows), 3)


def counted(outcome: Outcome) -> I64:
    """Sums of limbs of what fills, settlements and positions say of each market, as TALLY has
    them."""
    said = [*_filled(outcome), *_taken(outcome), *_opened(outcome)]
    sums = np.zeros((len(outcome.steps.terms), KINDS, LIMBS), dtype=np.int64)
    places, values = matrix([each[:3] for each in said], 3), [each[3] for each in said]
    lowest = np.array([value & 2 ** (LIMB_BITS * LIMBS) - 1 for value in values], dtype=np.int64)
    cut = lowest[:, None] >> LIMB_BITS * np.arange(LIMBS) & 2**LIMB_BITS - 1
    np.add.at(sums, (places[:, 0], places[:, 1]), places[:, 2:] * cut)
    return sums


def _filled(outcome: Outcome) -> Iterator[_Said]:
    terms = outcome.steps.terms
    for step in outcome.steps.fills:
        away, clip = step.fill.price - terms[step.market].price, terms[step.market].clip
        kind = ABOVE if away > clip else BELOW if away < -clip else INSIDE
        yield step.market, kind, 1, step.fill.size
        if kind == INSIDE:
            yield step.market, NOTIONAL, 1, step.notional


def _taken(outcome: Outcome) -> Iterator[_Said]:
    for market, lots in settled_of(outcome.steps.takeovers):
        yield market, SETTLED, 1 if lots > 0 else -1, abs(lots)
    for taken in outcome.steps.takeovers:
        if taken.takeover.route is Route.ESTATE:
            yield taken.takeover.market, ESTATE, 1, taken.takeover.size


def _opened(outcome: Outcome) -> Iterator[_Said]:
    for account in outcome.accounts:
        for market in account.markets:
            for state, sign in ((account.before, -1), (account.after, 1)):
                if state is not None:
                    yield market, OPENED, sign, max(state.positions[market], 0)


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
