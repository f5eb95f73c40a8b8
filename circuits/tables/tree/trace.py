"""Tree: how the rows are filled. Nodes come with their digests; nothing is hashed here."""

from circuits.air.trace import U32, Trace, put
from circuits.tables.records import TreeRecords
from circuits.tables.tree.air import Columns


def build(records: TreeRecords, height: int, blinded: int) -> U32:
    """The trace, one row a touched node; the rest is padding."""
    trace = Trace(Columns, height, blinded)
    used = trace.rows(0, len(records.tree))
    used.active[...] = 1
    used.place[...] = records.index
    for name in ("tree", "depth", "left_touched", "right_touched"):
        getattr(used, name)[...] = getattr(records, name)
    for name in ("left", "right", "node"):
        before, after = getattr(records, name)
        put(getattr(used, f"{name}_before"), before)
        put(getattr(used, f"{name}_after"), after)
    trace.fill_rest()
    return trace.finish()
