"""Position: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.compare import fill_difference
from circuits.tables.account.payment_trace import heard, short
from circuits.tables.position.air import added
from circuits.tables.position.chain import Chains
from circuits.tables.position.columns import LIMB, Columns, Given, Size, number_of
from circuits.tables.position.sums import spans
from circuits.tables.position.work import due_gap
from circuits.tables.records import AccountRecords, MarketRecords, PositionRecords
from rollup.protocol.constants import POSITION_BITS, POSITION_LIMIT

_PAIR = LIMB * LIMB


class Positions:
    """The trace while it is filled: sizes and terms first, since the chains follow from them."""

    def __init__(
        self,
        records: PositionRecords,
        accounts: AccountRecords,
        markets: MarketRecords,
        height: int,
        blinded: int,
    ) -> None:
        """Everything but the chains."""
        self.records = records
        self._trace = Trace(Columns, height, blinded)
        self._row = row = self._trace.rows(0, len(records.account))
        row.active[...] = 1
        row.account[...] = records.account
        row.market[...] = records.market
        row.last_ts[...] = records.last_ts
        row.traded[...] = records.traded
        row.took[...] = records.took
        row.safety[...] = accounts.safety[records.owner]
        standing = ("shrinks", "liquidated", "exhausted", "exempt", "clear", "dealt")
        for name in standing:
            getattr(row, name)[...] = getattr(accounts, name)[records.owner]
        self._keys = accounts.viewing_key[records.owner]
        row.paid_out[...] = heard(accounts)[records.owner]
        said = ("takeovers", "needed", "closed_out", "due", "unsteady")
        for name in (*said, "deleveraged", "behind", "came", "stays"):
            getattr(row, name)[...] = getattr(records, name)
        _fill_size(row.before, records.before)
        _fill_size(row.after, records.after)
        rows = _rows_of(markets, records.market)
        row.steady[...] = markets.steady[rows]
        put(row.least, markets.least[rows])
        row.asset[...] = markets.asset[rows]
        row.idle[...] = markets.idle[rows]
        row.uncounted[...] = row.asset * (accounts.cash_out + short(accounts))[records.owner]
        _fill_growth(row, records)
        put(row.risk.cells, markets.risk[rows])
        put(row.zones.cells, np.hstack((markets.zoned, markets.zone))[rows])
        _fill_triggers(row, records)
        _fill_zone(row)
        columns = [column for each in added(row).values() for column in each]
        self.added: I64 = np.stack(columns, axis=1)

    def build(self, chains: Chains) -> U32:
        """The whole trace; the rest is padding of zeros."""
        row, taken = self._row, chains.taken
        row.gap.fill(self.records.market - taken.least)
        row.count[...] = taken.count
        put(row.old_taken, taken.old)
        put(row.new_taken, taken.new)
        put(row.old_hash, chains.hashed[0])
        put(row.new_hash, chains.hashed[1])
        put(row.key, self._keys)
        put(row.published.taken, chains.published.taken)
        put(row.published.pad, chains.published.pads)
        put(row.published.hash, chains.published.hashed)
        put(row.taken.cells, taken.sums)
        given = taken.sums + self.added
        for name, span in spans().items():
            if name in Given.fields:
                put(getattr(row.given, name), given[:, span])
        self._trace.fill_rest()
        return self._trace.finish()


def _rows_of(markets: MarketRecords, wanted: I64) -> I64:
    """The row of each market; that of the last one for a market that is not there."""
    return np.minimum(np.searchsorted(markets.market, wanted), len(markets.market) - 1)


def _fill_size(size: Size, biased: I64) -> None:
    signed = biased - POSITION_LIMIT
    magnitude = np.abs(signed)
    put_packed(size.words, biased)
    size.magnitude.fill(magnitude)
    size.short[...] = signed < 0
    size.borrow[...] = (signed < 0) & (magnitude % _PAIR != 0)
    size.held[...] = signed != 0
    first, *others = size.magnitude
    size.inverse[...] = inverse_or_zero(sum(others, first))


def _fill_growth(row: Columns, records: PositionRecords) -> None:
    """Whether it is smaller, or must be at least the least order."""
    before, after = (np.abs(s - POSITION_LIMIT) for s in (records.before, records.after))
    flipped = row.after.held * (row.after.short - row.before.short)
    stays = (after <= before) & (flipped == 0)
    acted = (row.traded + row.took) > 0
    asked = row.shrinks & (1 - row.asset | (row.asset - row.idle) & acted)
    row.smaller[...] = asked | records.deleveraged | stays
    row.excused[...] = row.clear * (1 - row.smaller)
    row.grown[...] = (row.traded + row.took) * (1 - row.smaller)
    low, high = row.least
    least = np.where(row.smaller, after + records.needed, low + _PAIR * high)
    most = np.where(row.smaller, before, after)
    put_packed(row.least_size, least)
    put_packed(row.most_size, most)
    fill_difference(row.size_room, least, most, POSITION_BITS)


def _fill_triggers(row: Columns, records: PositionRecords) -> None:
    """The triggers of the records, and how far below the lowest the new one would be."""
    for size, trigger in zip((row.before, row.after), records.trigger, strict=True):
        size.trigger[...] = trigger
    held = row.after.held
    short = np.maximum(row.safety - number_of(row.risk, row.after.short), 0)
    row.sunk.fill(held * short)
    same = (row.before.short == row.after.short) & (row.before.trigger == row.after.trigger)
    row.kept[...] = row.before.held * held * same


def _fill_zone(row: Columns) -> None:
    """How far the old trigger is from the last that is deleveraged, where it is asked, and from the
    price."""
    long, short = row.zones.zone
    row.zone[...] = np.where(row.before.short, short, long)
    away = (2 * row.deleveraged - 1) * (row.before.trigger - row.zone)
    room = (row.deleveraged + row.behind) * away
    row.zone_room.fill(room % 2**row.zone_room.bits)
    row.due_room.fill(due_gap(row) % 2**row.due_room.bits)
