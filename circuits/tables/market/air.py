"""Market: one row is one listed market: its public terms, and the frontiers of its sides.

Nothing is computed of terms: the verifier derives every number (rollup.protocol.terms) and sends
it. The frontier of a side is the bucket down to which all counters have been shown zero; it goes up
with the price for free, and comes down only over counters that the trigger table sweeps. The rows
hand the markets leaf on from market to market, before and after the batch.
What trades and positions add to the market's tally is in `tally.py`, the rate that follows of it
where an hour is due in `rate.py`.
Height: one row a market, padded. Degree: 3.
Where somebody is deleveraged the row has a zone and shows that the backstop is full (`zone.py`).
Buses: receives MARKET and TALLY; sends RISK, TRADE, TAKE and ASSET as often as they are asked for;
FRONTIERS, SWEEP, BACKSTOP, HASH, RANGE.
Claims: docs/spec/claims/market.md. Spec: docs/spec/06-margin.md, 15-triggers.md and 17-assets.md.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.table import Table
from circuits.gadgets.buses import ASSET, FRONTIERS, MARKET, RISK, SWEEP, TAKE, TRADE
from circuits.gadgets.hash import request_hash
from circuits.gadgets.words import POSITION_WORD
from circuits.tables.market.columns import Columns, Side
from circuits.tables.market.rate import require_rate
from circuits.tables.market.tally import require_tally
from circuits.tables.market.zone import require_estate, require_zone
from circuits.tables.position.columns import DIGEST


def constraints(air: Builder, row: Columns) -> None:
    """One market."""
    for flag in (row.active, row.listed):
        air.require_bit(flag, "market.flags")
    _terms(air, row)
    for place, side in enumerate(row.sides):
        _frontier(air, row, place, side)
        require_zone(air, row, place, side)
    require_estate(air, row)
    require_tally(air, row)
    require_rate(air, row)
    _fold(air, row)


def _terms(air: Builder, row: Columns) -> None:
    # Lie: a padding row hands out terms of its own making.
    for uses in (row.risk_uses, *row.trade_uses, row.take_uses, row.asset_uses):
        air.require_zero(uses * (1 - row.active), "market.padding-is-silent")
    risk = row.risk.cells
    trade = trade_cells(row)
    # Lie: other terms than governance and price give, or those of a market that is not listed.
    of_kind = (row.asset, row.idle, row.ended, row.ends)
    flags = (row.steady, row.missing, *of_kind, *row.estate, *row.least)
    public = (*risk, *trade, *row.lot_fee, *flags, *row.hour.cells)
    air.receive(MARKET, (row.market, *public), row.active, claim="market.public")
    zones = (*(side.zoned for side in row.sides), *(side.zone for side in row.sides))
    # Lie: a clamped price is passed off as the market's own, so that cash leaves at it.
    terms = (row.market, *risk, *zones, row.steady, row.asset, row.idle, *row.least)
    air.send(RISK, terms, row.risk_uses, claim="market.risk")
    for kind, (terms, uses) in enumerate(zip(trades(row), row.trade_uses, strict=True)):
        # Lie: orders trade where nobody knows the price.
        air.require_zero(uses * row.missing, "market.missing-untraded")
        # Lie: or where the market is over, at a price that stands for good.
        air.require_zero(uses * row.ended, "market.ended-untraded")
        air.send(TRADE, (row.market, kind, *terms), uses, claim="market.trade")
    # Lie: lots of an asset that count for nothing are taken for nothing.
    for uses in (row.take_uses, *row.trade_uses[1:3]):
        air.require_zero(uses * row.idle, "market.asset-not-taken")
    # Lie: lots of a perpetual leave an account as if they were a token.
    air.require_zero(row.asset_uses * (1 - row.asset), "market.asset")
    air.send(ASSET, (row.market + POSITION_WORD,), row.asset_uses, claim="market.asset")
    take = (*row.risk.value, *row.lot_fee, row.ended)
    air.send(TAKE, (row.market, *take), row.take_uses, claim="market.take")


def trade_cells(row: Columns) -> tuple[Any, ...]:
    """What MARKET carries of a market for fills."""
    fees, near = (row.taker_fee, row.maker_fee), (*row.near_low, *row.near_high)
    net = (*row.net_low, *row.net_high)
    return (*row.band_low, *row.band_high, *fees, *row.funding, *row.price, *near, *net, *row.clip)


def trades(row: Columns) -> tuple[tuple[Any, ...], ...]:
    """What TRADE carries of it, by kind: of two orders; of one that buys what a liquidated account
    loses; of one that sells it; of two of which the backstop's buys, or sells."""
    common = (row.taker_fee, row.maker_fee, *row.funding, *row.price)
    return (
        (*row.band_low, *row.band_high, *common, 0, 0, 0, row.steady, *row.clip),
        (*row.near_low, *row.band_high, *common, *row.net_low, row.steady, *row.clip),
        (*row.band_low, *row.near_high, *common, *row.net_high, row.steady, *row.clip),
        (*row.band_low, *row.price, *common, 0, 0, 0, row.steady, *row.clip),
        (*row.price, *row.band_high, *common, 0, 0, 0, row.steady, *row.clip),
    )


def _frontier(air: Builder, row: Columns, place: int, side: Side) -> None:
    """It rises to the price, or falls toward it by a sweep; it lags where it does not get there."""
    number = (row.risk.long_number, row.risk.short_number)[place]
    for flag in (side.falls, side.lags):
        air.require_bit(flag, "market.flags")
    # Lie: a new market, which has no counters yet, starts with a frontier of somebody's choice.
    air.require_zero(side.falls * (1 - row.listed), "market.new-frontier")
    # Lie: a frontier stays above the price without a sweep, or jumps up past it.
    air.require_zero(side.lags * (1 - side.falls), "market.frontier")
    # Lie: a side lags and says that it does not, so that the step closes.
    with air.when(row.active - side.lags):
        air.require_equal(side.after, number, "market.frontier")
    # Lie: a frontier drops to the price, or below it, and nobody looked at what is between.
    air.range_check(side.room, row.active, claim="market.frontier-room")
    air.require_equal(room(side, number), side.room.value(), "market.frontier-room")
    key = row.market * 2 + place
    # Lie: a sweep that begins below the old frontier, or ends above the new one.
    air.send(SWEEP, (key, side.before), side.falls, claim="market.sweep")
    air.receive(SWEEP, (key, side.after), side.falls, claim="market.sweep")


def room(side: Side, number: Any) -> Any:
    """How far a frontier rose; or how far above the price one that fell is, less the one bucket
    that it is at least where it lags. On cells and on arrays."""
    fell = side.after - number - side.lags
    rose = number - side.before
    return rose + side.falls * (fell - rose)


def fell(side: Side) -> Any:
    """By how many buckets a frontier came down: a sweep goes no other way. On cells and on
    arrays."""
    return side.falls * (side.before - side.after)


def _fold(air: Builder, row: Columns) -> None:
    fold = row.fold
    # Lie: a market that was there is passed off as new, so that its frontier starts at the price.
    # The old leaf has those of all markets that were listed, and they are the first.
    air.require_zero(row.listed * (1 - fold.listed), "market.listed-before")
    air.require_zero(row.listed * (1 - row.active), "market.padding-is-silent")
    old = (*(side.before for side in row.sides), *row.tally.words(0))
    new = (*(side.after for side in row.sides), *row.tally.words(1))
    # Lie: frontiers or a tally that the old leaf does not have, or that the new one forgets.
    for taken, words, digests, count, claim in (
        (fold.old_taken, old, (fold.old_middle, fold.old_hash), row.listed, "market.leaf-before"),
        (fold.new_taken, new, (fold.new_middle, fold.new_hash), row.active, "market.leaf-after"),
    ):
        middle, last = digests
        rest = (*words[DIGEST:], *(0,) * (2 * DIGEST - len(words)))
        request_hash(air, taken, words[:DIGEST], middle, count, claim=claim)
        request_hash(air, middle, rest, last, count, claim=claim)
    sums = (fold.lagging, fold.fallen)
    taken = (row.market, fold.listed, *sums, *fold.old_taken, *fold.new_taken)
    # Lie: the frontiers of one market are put in another's place, or a market's are left out.
    air.receive(FRONTIERS, taken, row.active, claim="market.frontiers")
    old_given = _folded(fold.old_taken, fold.old_hash, row.listed)
    lagging = fold.lagging + row.sides[0].lags + row.sides[1].lags
    # Lie: zones of deleveraging, which a step may have any number of, count as frontiers that fell.
    fallen = fold.fallen + fell(row.sides[0]) + fell(row.sides[1])
    given = (row.market + 1, row.listed, lagging, fallen, *old_given, *fold.new_hash)
    air.send(FRONTIERS, given, row.active, claim="market.frontiers")


def _folded(taken: Sequence[Any], hashed: Sequence[Any], listed: Any) -> list[Any]:
    """The old digest after the row: a market that was not listed is not in it."""
    return [a + listed * (b - a) for a, b in zip(taken, hashed, strict=True)]


TABLE = Table(name="market", columns=Columns, constraints=constraints)
