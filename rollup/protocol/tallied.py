"""What a batch counts of each market: its fills, its settlements, and who holds lots after it."""

from collections.abc import Sequence

from rollup.protocol.batch import Batch
from rollup.protocol.ledger import Ledger
from rollup.protocol.outcome import FillStep, TakeoverStep, settled_of
from rollup.protocol.tally import Tally, Trade, tallies_after, tallies_before
from rollup.protocol.terms import MarketTerms


def count_trades(
    batch: Batch,
    ledger: Ledger,
    terms: Sequence[MarketTerms],
    fills: Sequence[FillStep],
    takeovers: Sequence[TakeoverStep],
) -> tuple[Tally, ...]:
    """What the batch leaves of each market's tally: fills between orders, who holds lots, and what
    was settled. What ends with the batch is not known yet (`rollup.protocol.closing`)."""
    ended, old = batch.pre.book.ended, batch.pre.markets.tallies
    begun = tallies_before(old, len(terms), is_due=batch.is_hour_due, ended=ended)
    trades = (Trade(step.market, step.fill.price, step.fill.size) for step in fills)
    opened = ledger.opened(len(terms))
    return tallies_after(begun, trades, opened, terms, settled_of(takeovers))
