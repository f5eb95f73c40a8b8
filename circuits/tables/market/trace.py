"""Market: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import U32, Trace, put
from circuits.tables.market.air import Columns
from circuits.tables.records import MarketRecords, PositionRecords


def build(records: MarketRecords, positions: PositionRecords, height: int, blinded: int) -> U32:
    """The trace, one row a market; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    row = trace.rows(0, len(records.market))
    row.active[...] = 1
    row.market[...] = records.market
    put(row.risk.cells, records.risk)
    trade = (*row.band_low, *row.band_high, row.taker_fee, row.maker_fee, *row.funding)
    put(trade, records.trade)
    put((*row.value, *row.lot_fee), records.take)
    markets, uses = np.unique(positions.market, return_counts=True)
    counts = dict(zip(markets.tolist(), uses.tolist(), strict=True))
    row.risk_uses[...] = [counts.get(market, 0) for market in records.market.tolist()]
    row.trade_uses[...] = records.trade_uses
    row.take_uses[...] = records.take_uses
    trace.fill_rest()
    return trace.finish()
