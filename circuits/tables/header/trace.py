"""Header: how the rows are filled. Nothing is checked: a forged record gives a forged row."""

import numpy as np

from circuits.air.trace import U32, Trace, put
from circuits.tables.chains import chain_columns, continue_chain
from circuits.tables.header.air import Columns
from circuits.tables.records import I64, HeaderRecords
from rollup.hash.poseidon import fold_start
from rollup.protocol.constants import ACCOUNT_LEAF_VERSION, SIGNATURE_SCHEME
from rollup.protocol.encoding import TypeCode


def build(records: HeaderRecords, height: int, blinded: int) -> U32:
    """The trace, one row a header; the rest is padding of zeros."""
    trace = Trace(Columns, height, blinded)
    count = len(records.account)
    row = trace.rows(0, count)
    row.active[...] = 1
    plain = ("created", "renewed", "keyed", "account", "backstop", "key_uses", "told")
    for name in (*plain, "mark_uses", "owner_uses", "viewing_uses"):
        getattr(row, name)[...] = getattr(records, name)
    put(row.owner, records.owner)
    put(row.key_x, records.key[:, :7])
    put(row.key_y, records.key[:, 7:])
    put(row.viewing, records.viewing)
    put(row.viewing_key, records.viewing_key)
    words = np.zeros((count, 32), dtype=np.int64)
    words[:, :6], words[:, 6:20] = records.owner, records.key
    words[:, 20], words[:, 21:29] = SIGNATURE_SCHEME, records.viewing
    digests = chain_columns(TypeCode.HEADER, [words[:, i : i + 8] for i in range(0, 32, 8)])
    for cells, digest in zip(row.digests, digests, strict=True):
        put(cells, digest)
    put(row.with_header, _with_header(digests[-1], records.renewed))
    trace.fill_rest()
    return trace.finish()


def _with_header(digests: U32, renewed: I64) -> U32:
    """A leaf's chaining value after its header, where that is asked for; else 0s."""
    start = np.array(fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION), dtype=np.uint32)
    found = np.zeros_like(digests)
    asked = renewed == 1
    (found[asked],) = continue_chain(np.tile(start, (int(asked.sum()), 1)), [digests[asked]])
    return found
