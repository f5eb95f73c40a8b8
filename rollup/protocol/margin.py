"""The closing rule: what a batch may leave an opened account with. Spec: docs/spec/06-margin.md.

Evaluated once per opened account, net over the batch, with the batch's terms for before and after
alike. Sums of |size| x whole ticks a lot (rollup.protocol.terms), so all is in whole quanta and is
compared exactly.
"""

from collections.abc import Collection, Sequence

from rollup.protocol.constants import LADDER_BITS, SAFETY_MAX
from rollup.protocol.holding import Holding
from rollup.protocol.outcome import Closing, Valuation
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms, terms_of
from rollup.protocol.triggers import side_of


def value(
    holding: Holding, terms: Sequence[MarketTerms], *, without_assets: bool = False
) -> Valuation:
    """A holding at these terms, in quanta; over initial margin `without_assets`, if so. Rejected
    for a market not listed."""
    equity = excess = initial = holding.cash
    ladder = 0
    for market, size in holding.positions.held:
        found = terms_of(terms, market)
        lots, long = abs(size), size > 0
        equity += size * found.value
        excess += lots * (found.long_maintenance if long else found.short_maintenance)
        if not (without_assets and found.is_asset):
            initial += lots * (found.long_initial if long else found.short_initial)
        ladder += lots * found.bucket
    return Valuation(equity, excess, initial, ladder)


def excess(holding: Holding, terms: Sequence[MarketTerms]) -> int:
    """What is left over maintenance margin, in quanta. Rejected for a market not listed."""
    return value(holding, terms).excess


def risk_grew(
    before: Holding,
    after: Holding,
    terms: Sequence[MarketTerms],
    acted: Collection[int] = (),
) -> bool:
    """Whether any |size| grew or any sign flipped. Fees and losses alone are not risk taken. Nor
    are lots of an asset that somebody brought; but those that were bought, where they count: in a
    market where the account `acted`, by orders of its own or as the backstop."""

    def is_risk(market: int) -> bool:
        found = terms_of(terms, market)
        return not found.is_asset or (not found.is_idle and market in acted)

    return any(is_risk(market) for market in grown(before, after))


def grown(before: Holding, after: Holding) -> list[int]:
    """The markets in which |size| grew or the sign flipped."""
    old = dict(before.positions.held)
    return [m for m, new in after.positions.held if has_grown(old.get(m, 0), new)]


def has_grown(old: int, new: int) -> bool:
    """Whether a position grew or flipped."""
    return abs(new) > abs(old) or old * new < 0


def is_dust(before: Holding, after: Holding, terms: Sequence[MarketTerms]) -> bool:
    """Whether a position grew or flipped, and is smaller than the least order of its market."""
    positions = after.positions
    return any(
        abs(positions[market]) < terms_of(terms, market).least_order
        for market in grown(before, after)
    )


def require_not_owed(after: Holding, terms: Sequence[MarketTerms]) -> None:
    """Nobody owes lots of an asset: what all hold together is what L1 does."""
    if any(size < 0 and terms_of(terms, market).is_asset for market, size in after.positions):
        raise Rejected(Reason.ASSET_OWED, "it would owe lots of an asset")


def closing(
    before: Holding,
    after: Holding,
    terms: Sequence[MarketTerms],
    *,
    traded: bool,
    paid_out: bool = False,
    cash_out: bool = False,
    acted: Collection[int] = (),
) -> Closing:
    """How a batch may close an account. `traded` says that something acted which its holder signed,
    in this batch or before, `paid_out` that something left it by an outflow, which is risk taken
    like any other, and `cash_out` that USDC did, so that none of its assets counts over initial
    margin: nobody takes out what he borrowed. `acted`: as `risk_grew` asks.

    Rejected: ASSET_OWED if it would owe an asset, MARGIN if it is left with too little, LADDER if
    it grew too large, BELOW_RISK and BELOW_TRADED if it is below maintenance and did more than
    being liquidated or paid in to.
    """
    require_not_owed(after, terms)
    mark, now = value(before, terms), value(after, terms, without_assets=cash_out)
    grew = paid_out or risk_grew(before, after, terms, acted)
    if grew:
        _require_initial(now)
    if now.excess >= 0:
        return Closing(mark, now, safety_of(now), below=False, grew=grew)
    if mark.excess >= 0 or not now.ladder:
        raise Rejected(Reason.MARGIN, "it would be left with less than maintenance margin")
    if grew:
        raise Rejected(Reason.BELOW_RISK, "below maintenance, its positions only shrink")
    if traded:
        raise Rejected(Reason.BELOW_TRADED, "left below maintenance, nothing that it signed acts")
    return Closing(mark, now, 0, below=True, grew=False)


def _require_initial(now: Valuation) -> None:
    if now.initial < 0:
        raise Rejected(Reason.MARGIN, "it took risk and would be left below initial margin")
    if now.ladder >= 1 << LADDER_BITS:
        raise Rejected(Reason.LADDER, "it took risk beyond what an account may hold")


def safety_of(now: Valuation) -> int:
    """The greatest whole number of buckets that all positions may lose at once with nothing below
    maintenance, up to SAFETY_MAX; 0 where nothing is held that counts."""
    return min(now.excess // now.ladder, SAFETY_MAX) if now.ladder else 0


def margin_refusal(
    before: Holding,
    after: Holding,
    terms: Sequence[MarketTerms],
    *,
    paid_out: bool = False,
    cash_out: bool = False,
    acted: Collection[int] = (),
) -> Reason | None:
    """Why an account that trades, or pays out, could not be closed so, LADDER, ASSET_OWED or
    MARGIN; None if it could."""
    said = {"paid_out": paid_out, "cash_out": cash_out}
    try:
        closing(before, after, terms, traded=True, acted=acted, **said)
    except Rejected as refusal:
        told = (Reason.LADDER, Reason.ASSET_OWED)
        return refusal.reason if refusal.reason in told else Reason.MARGIN
    return None


def triggers_of(positions: Positions, safety: int, terms: Sequence[MarketTerms]) -> tuple[int, ...]:
    """The trigger of each position: as many buckets below its side's value as the account is safe,
    but none below the first."""
    return tuple(
        max(0, terms_of(terms, market).numbers[side_of(size)] - safety)
        for market, size in positions
    )
