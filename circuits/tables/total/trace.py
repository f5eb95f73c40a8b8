"""Total: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import U32, Trace, put
from circuits.gadgets.integer import fill_carries
from circuits.tables.position.chain import Chains
from circuits.tables.position.sums import COLUMNS
from circuits.tables.records import LIQUIDATED, SHRINKING, UNCHANGED, AccountRecords
from circuits.tables.total.columns import Columns, Signed


def build(chains: Chains, accounts: AccountRecords, height: int, blinded: int) -> U32:
    """The trace: a row each time that sums become limbs; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    came = chains.totals
    row = trace.rows(0, len(came.owner))
    row.active[...] = 1
    row.more[...] = chains.more
    row.account[...] = accounts.account[came.owner]
    row.least[...] = came.least
    row.count[...] = came.count
    clause = accounts.clause[came.owner]
    row.unchanged[...] = clause == UNCHANGED
    row.shrinks[...] = np.isin(clause, SHRINKING)
    row.liquidated[...] = clause == LIQUIDATED
    row.exhausted[...] = accounts.exhausted[came.owner]
    put(row.old, came.old)
    put(row.new, came.new)
    for place, each in enumerate(row.sums):
        columns = slice(COLUMNS * place, COLUMNS * (place + 1))
        put(each.columns, came.sums[:, columns])
        limbs = chains.limbs[:, columns].copy()
        if isinstance(each, Signed):
            each.negative[...] = limbs[:, -1] < 0
        limbs[:, -1] %= 2**13
        put(each.limbs.cells, limbs.astype(np.int64))
        each.carries.fill(fill_carries(each.gap()))
    trace.fill_rest()
    return trace.finish()
