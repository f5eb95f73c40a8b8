"""Market: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, put
from circuits.gadgets.integer import fill_carries
from circuits.tables.account.trace import fill_limbs, normalise
from circuits.tables.chains import continue_chain
from circuits.tables.market.air import fell, room, trade_cells
from circuits.tables.market.columns import Columns, Side, estate_identity, lacking
from circuits.tables.market.hour_trace import fill_rate, fill_tally
from circuits.tables.records import MarketRecords, PositionRecords
from rollup.hash.poseidon import fold_start
from rollup.protocol.constants import MARKETS_LEAF_VERSION, OPEN_INTEREST_BITS, PREMIUM_LIMIT
from rollup.protocol.encoding import TypeCode, tally_words


def build(records: MarketRecords, positions: PositionRecords, height: int, blinded: int) -> U32:
    """The trace, one row a market; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.market))
    row.active[...] = 1
    row.market[...] = records.market
    row.listed[...] = records.listed
    put(row.risk.cells, records.risk)
    put(trade_cells(row), records.trade)
    put(row.least, records.least)
    put(row.hour.cells, records.hour)
    fill_tally(row.hour, row.tally, records)
    put(row.estate, records.estate)
    row.estate_carries.fill(fill_carries(estate_identity(row)))
    fill_rate(row.hour, row.tally, row.rate)
    markets, uses = np.unique(positions.market, return_counts=True)
    counts = dict(zip(markets.tolist(), uses.tolist(), strict=True))
    row.risk_uses[...] = [counts.get(market, 0) for market in records.market.tolist()]
    put(row.trade_uses, records.trade_uses)
    put(row.lot_fee, records.lot_fee)
    row.steady[...] = records.steady
    row.missing[...] = records.missing
    row.asset[...] = records.asset
    row.ended[...] = records.ended
    row.ends[...] = records.ends
    row.idle[...] = records.idle
    row.take_uses[...] = records.take_uses
    row.asset_uses[...] = records.asset_uses
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
    side.short_carries.fill(fill_carries(lacking(row, place).packed()))


def _fill_fold(row: Columns, records: MarketRecords) -> None:
    """The markets leaf from market to market, before and after the batch."""
    fold = row.fold
    lagging = row.sides[0].lags + row.sides[1].lags
    fold.lagging[...] = np.cumsum(lagging) - lagging
    fallen = fell(row.sides[0]) + fell(row.sides[1])
    fold.fallen[...] = np.cumsum(fallen) - fallen
    fold.listed[...] = [1, *records.listed[:-1]][: len(records.listed)]
    ones = np.ones_like(records.listed)
    for time, (taken, middle, hashed, listed) in enumerate(
        (
            (fold.old_taken, fold.old_middle, fold.old_hash, records.listed),
            (fold.new_taken, fold.new_middle, fold.new_hash, ones),
        )
    ):
        before, between, after = folded(records, time, listed)
        put(taken, before)
        put(middle, between * listed[:, None].astype(np.uint32))
        put(hashed, after * listed[:, None].astype(np.uint32))


def folded(records: MarketRecords, time: int, listed: I64) -> tuple[U32, U32, U32]:
    """The fold over markets before each, after the first block of each, and after it; one that was
    not listed is not in it."""
    state = np.array([fold_start(TypeCode.MARKETS, MARKETS_LEAF_VERSION)], dtype=np.uint32)
    blocks = blocks_of(records, time)
    found = np.zeros((3, len(listed), 8), dtype=np.uint32)
    for market, present in enumerate(listed):
        found[:, market] = state[0]
        if present:
            middle, state = continue_chain(state, [block[None] for block in blocks[market]])
            found[1, market], found[2, market] = middle[0], state[0]
    return found[0], found[1], found[2]


def blocks_of(records: MarketRecords, time: int) -> I64:
    """The two blocks of each market in the leaf, before (0) or after (1): (n, 2, 8); a forged open
    interest is taken modulo 2^40."""
    words = [
        (*pair, *tally_words(premium - PREMIUM_LIMIT, volume, lots % 2**OPEN_INTEREST_BITS))
        for pair, (premium, volume, lots) in zip(
            records.frontier[time].tolist(), records.tally[time].tolist(), strict=True
        )
    ]
    rows = [(*row, *(0,) * (16 - len(row))) for row in words]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 2, 8)
