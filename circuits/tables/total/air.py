"""Total: one row turns the sums of an account's chain into limbs.

Every account that exists has one as the last row of its chain, and one more after every eighth
position, so that no column of a sum can wrap the field.
Height: one row an account, and one more for every 8 positions of one; padded. Degree: 2.
Buses: CHAIN, RANGE.
Claims: docs/spec/claims/total.md. Spec: docs/spec/06-margin.md.
"""

from circuits.air.builder import Builder
from circuits.air.table import Table
from circuits.gadgets.buses import CHAIN
from circuits.gadgets.integer import require_identity
from circuits.tables.total.columns import Columns, Signed


def constraints(air: Builder, row: Columns) -> None:
    """One account's sums."""
    air.require_bit(row.active, "total.flags")
    air.require_bit(row.more, "total.flags")
    for each in row.sums:
        # Lie: limbs that are not the sum's, so that an account in need looks healthy.
        if isinstance(each, Signed):
            air.require_bit(each.negative, "total.limbs")
        for part in (each.limbs, each.carries):
            air.range_check(part, row.active, claim="total.limbs")
        with air.when(row.active):
            require_identity(air, each.gap(), each.carries, "total.sum")
    standing = (row.liquidated, row.exhausted, row.exempt, row.clear)
    demands = (row.safety, row.shrinks, *standing, row.paid_out, row.dealt)
    same = (*demands, *row.old, *row.new, *row.key, *row.published)
    columns = [column for each in row.sums for column in each.columns]
    limbs = [limb for each in row.sums for limb in each.signed]
    # Lie: sums of another account, or of fewer positions than the leaf has.
    taken = (row.account, row.least, row.count, *same, *columns)
    air.receive(CHAIN, taken, row.active, claim="total.chain")
    given = (row.account, row.least, row.more, *same, *limbs)
    air.send(CHAIN, given, row.active, claim="total.chain")


TABLE = Table(name="total", columns=Columns, constraints=constraints)
