"""What is published of each account, as its row is filled. Nothing is checked: a forged record
gives a forged row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from circuits.air.trace import I64, U32, put
from circuits.tables.account.columns import Columns
from circuits.tables.chains import continue_chain, fold
from circuits.tables.position.columns import DIGEST
from circuits.tables.position.publishing import Reading
from circuits.tables.records import AccountRecords
from rollup.hash.kernels import compress_many
from rollup.hash.poseidon import fold_start
from rollup.protocol.availability import INDEX_PLACE, published_start
from rollup.protocol.constants import PUBLISHED_VERSION
from rollup.protocol.encoding import TypeCode


@dataclass(frozen=True, slots=True)
class Committed:
    """How many leaves are published, and the commitment (8,) as far as they."""

    leaves: int
    state: U32


def fill_published(row: Columns, records: AccountRecords, leaves: U32) -> Reading:
    """Chaining values as far as cash, and pads, given the new leaves (n, 8); what the positions go
    on from."""
    said, after, exists = row.published, row.after, records.exists[:, None].astype(np.uint32)
    keys = records.viewing_key * exists
    put(said.key, keys)
    starts = np.tile(np.array(published_start(0), dtype=np.uint32), (len(exists), 1))
    starts[:, INDEX_PLACE] = records.account
    (state,) = continue_chain(starts, [leaves])
    put(said.with_leaf, state * exists)
    slots = np.stack(after.slots_root, axis=1)
    cash = np.stack((*after.cash, after.below, *after.salt), axis=1)
    steps = ((slots, said.slots_pad, said.with_slots), (cash, said.cash_pad, said.with_cash))
    for block, pad_cells, state_cells in steps:
        pad, state = _published_block(keys, state, block)
        put(pad_cells, pad * exists)
        put(state_cells, state * exists)
    return Reading(keys, state * exists)


def _published_block(keys: U32, state: U32, block: NDArray[np.integer]) -> tuple[U32, U32]:
    """The pad of a block, and the chaining value after it."""
    pad: U32 = compress_many(keys, state)
    (after,) = continue_chain(state, [block.astype(np.int64) + pad])
    return pad, after


def fill_placed(row: Columns, records: AccountRecords, ends: U32) -> Committed:
    """The digest of each, and the commitment before it and after it."""
    said, there = row.published, np.flatnonzero(records.exists)
    put(said.digest, ends * records.exists[:, None].astype(np.uint32))
    start = np.array(fold_start(TypeCode.DATA, PUBLISHED_VERSION), dtype=np.uint32)
    states = np.zeros((len(there) + 1, DIGEST), dtype=np.uint32)
    states[0], states[1:] = start, fold(start, ends[there])
    for cells, values in ((said.before, states[:-1]), (said.after, states[1:])):
        put(cells, _spread(values, there, len(records.exists)))
    places = np.arange(len(there))[:, None]
    said.place[...] = _spread(places, there, len(records.exists))[:, 0]
    return Committed(len(there), states[-1])


def _spread(values: NDArray[np.integer], rows: I64, count: int) -> NDArray[np.integer]:
    """Rows of values in the places of some of `count` rows, zeros in the others."""
    found = np.zeros((count, values.shape[1]), dtype=values.dtype)
    found[rows] = values
    return found
