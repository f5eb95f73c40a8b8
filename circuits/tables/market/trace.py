"""Market: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, put
from circuits.gadgets.integer import fill_carries
from circuits.tables.account.trace import fill_limbs, normalise
from circuits.tables.chains import continue_chain
from circuits.tables.market.air import fell, room
from circuits.tables.market.columns import Columns, Side, lacking
from circuits.tables.records import MarketRecords, PositionRecords
from rollup.hash.poseidon import fold_start
from rollup.protocol.constants import MARKETS_LEAF_VERSION
from rollup.protocol.encoding import TypeCode


def build(records: MarketRecords, positions: PositionRecords, height: int, blinded: int) -> U32:
    """The trace, one row a market; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.market))
    row.active[...] = 1
    row.market[...] = records.market
    row.listed[...] = records.listed
    put(row.risk.cells, records.risk)
    trade = (*row.band_low, *row.band_high, row.taker_fee, row.maker_fee, *row.funding)
    put(trade, records.trade)
    markets, uses = np.unique(positions.market, return_counts=True)
    counts = dict(zip(markets.tolist(), uses.tolist(), strict=True))
    row.risk_uses[...] = [counts.get(market, 0) for market in records.market.tolist()]
    row.trade_uses[...] = records.trade_uses
    put(row.lot_fee, records.lot_fee)
    row.steady[...] = records.steady
    row.missing[...] = records.missing
    row.take_uses[...] = records.take_uses
    numbers = (row.risk.long_number, row.risk.short_number)
    for place, (side, number) in enumerate(zip(row.sides, numbers, strict=True)):
        side.before[...], side.after[...] = (each[:, place] for each in records.frontier)
        _fill_side(row, side, number)
    _fill_fold(row, records)
    for cell, limb in zip(row.backstop.cells, records.backstop.tolist(), strict=True):
        cell[...] = limb * records.zoned.any(axis=1)
    for place, number in enumerate(numbers):
        _fill_zone(row, place, number, records)
    trace.fill_rest()
    return trace.finish()


def _fill_side(row: Columns, side: Side, number: I64) -> None:
    """A frontier falls if it was above the price; a lower one it leaves behind for free."""
    side.falls[...] = row.listed * (side.before > number)
    side.lags[...] = side.falls * (side.after > number)
    side.room.fill(room(side, number) % 2**side.room.bits)


def _fill_zone(row: Columns, place: int, number: I64, records: MarketRecords) -> None:
    """How far somebody is deleveraged, and what the backstop lacks there."""
    side = row.sides[place]
    side.zoned[...] = records.zoned[:, place]
    side.zone[...] = records.zone[:, place]
    side.deep[...] = side.zoned * (side.zone < number)
    above = side.zone - number
    away = side.zoned * (above - side.deep * (2 * above + 1))
    side.zone_room.fill(away % 2**side.zone_room.bits)
    for why, bit in enumerate(side.full):
        bit[...] = side.zoned * (records.full[:, place] == why)
    fill_limbs(side.short, (0,) * len(side.short))
    fill_limbs(side.short, normalise(lacking(row, place), len(side.short)))
    side.short_carries.fill(fill_carries(lacking(row, place)))


def _fill_fold(row: Columns, records: MarketRecords) -> None:
    """The markets leaf from market to market, before and after the batch."""
    fold = row.fold
    lagging = row.sides[0].lags + row.sides[1].lags
    fold.lagging[...] = np.cumsum(lagging) - lagging
    fallen = fell(row.sides[0]) + fell(row.sides[1])
    fold.fallen[...] = np.cumsum(fallen) - fallen
    fold.listed[...] = [1, *records.listed[:-1]][: len(records.listed)]
    ones = np.ones_like(records.listed)
    for taken, hashed, frontiers, listed in (
        (fold.old_taken, fold.old_hash, records.frontier[0], records.listed),
        (fold.new_taken, fold.new_hash, records.frontier[1], ones),
    ):
        before, after = folded(frontiers, listed)
        put(taken, before)
        put(hashed, after * listed[:, None].astype(np.uint32))


def folded(frontiers: I64, listed: I64) -> tuple[U32, U32]:
    """The fold over markets before each and after each; one that was not listed is not in it."""
    state = np.array([fold_start(TypeCode.MARKETS, MARKETS_LEAF_VERSION)], dtype=np.uint32)
    before, after = [], []
    for pair, present in zip(frontiers, listed, strict=True):
        before.append(state[0])
        if present:
            (state,) = continue_chain(state, [pair[None]])
        after.append(state[0])
    empty = np.zeros((0, 8), dtype=np.uint32)
    return np.array([*empty, *before]).reshape(-1, 8), np.array([*empty, *after]).reshape(-1, 8)
