"""Total: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

from circuits.air.trace import U32, Trace, put
from circuits.gadgets.integer import fill_carries
from circuits.tables.account.payment_trace import heard
from circuits.tables.position.chain import Chains
from circuits.tables.position.sums import spans
from circuits.tables.records import AccountRecords
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
    standing = ("liquidated", "exhausted", "exempt", "clear")
    for name in ("safety", "shrinks", *standing, "dealt"):
        getattr(row, name)[...] = getattr(accounts, name)[came.owner]
    row.paid_out[...] = heard(accounts)[came.owner]
    put(row.old, came.old)
    put(row.new, came.new)
    put(row.key, accounts.viewing_key[came.owner])
    put(row.published, chains.published.totals)
    for each, span in zip(row.sums, spans().values(), strict=True):
        put(each.columns, came.sums[:, span])
        limbs = chains.limbs[:, span].copy()
        if isinstance(each, Signed):
            each.negative[...] = limbs[:, -1] < 0
        for cell, width, digit in zip(each.limbs.cells, each.limbs.widths, limbs.T, strict=False):
            cell[...] = digit % 2**width
        each.carries.fill(fill_carries(each.gap()))
    trace.fill_rest()
    return trace.finish()
