"""The chains of what is published of all touched accounts, past their positions. Witness side only;
a forged record gives a forged chain.

They run beside the chains of the leaves (`chain.py`), after these: a chain starts from the digest
of its new leaf.
"""

from dataclasses import dataclass

import numpy as np

from circuits.air.trace import I64
from circuits.tables.chains import continue_chain
from circuits.tables.position.columns import LIMB
from circuits.tables.position.sums import POSITIONS_MAX
from circuits.tables.records import U32, PositionRecords
from rollup.hash.kernels import compress_many
from rollup.private import Private
from rollup.protocol.constants import POSITION_LIMIT

_PAIR = LIMB * LIMB


@dataclass(frozen=True, slots=True, repr=False)
class Reading(Private):
    """Of each account: what it is published under, and the chaining value after its cash. (n, 8)"""

    keys: U32
    starts: U32


@dataclass(frozen=True, slots=True, repr=False)
class PublishedChains(Private):
    """Chaining values (n, 8): `taken`, `pads` and `hashed` have a row for each position, `totals`
    for each row of the total table, `ends` for each account."""

    taken: U32
    pads: U32
    hashed: U32
    totals: U32
    ends: U32


def published_chains(read: Reading, exists: I64, positions: PositionRecords) -> PublishedChains:
    """All of them, from where the accounts start them."""
    count = len(positions.owner)
    taken, pads, hashed = (np.zeros((count, 8), dtype=np.uint32) for _ in range(3))
    state, totals, rank = read.starts.copy(), [], ranks(positions.owner)
    for place in range(int(rank.max(initial=-1)) + 1):
        rows = np.flatnonzero(rank == place)
        owners = positions.owner[rows]
        if place and place % POSITIONS_MAX == 0:
            totals.append(state[owners])
        taken[rows] = state[owners]
        held = rows[positions.after[rows] != POSITION_LIMIT]
        if not len(held):
            continue
        whose = positions.owner[held]
        pads[held] = compress_many(read.keys[whose], state[whose])
        (hashed[held],) = continue_chain(state[whose], [_words(positions, held, pads[held])])
        state[whose] = hashed[held]
    totals.append(state[np.flatnonzero(exists)])
    return PublishedChains(taken, pads, hashed, np.concatenate(totals), state)


def _words(positions: PositionRecords, rows: I64, pads: U32) -> I64:
    """The published words of some positions."""
    sizes, triggers = positions.after[rows], positions.trigger[1][rows]
    blocks = position_blocks(positions.market[rows], sizes, triggers)
    words: I64 = blocks + pads[:, : blocks.shape[1]]
    return words


def position_blocks(market: I64, biased: I64, trigger: I64) -> I64:
    """The blocks that a leaf has of some positions, filled up with zeros by the hash."""
    return np.stack([market, biased % _PAIR, biased // _PAIR, trigger], axis=1)


def ranks(owner: I64) -> I64:
    """The place of each position among those of its account."""
    seen: dict[int, int] = {}
    found = []
    for each in owner.tolist():
        found.append(seen.get(each, 0))
        seen[each] = found[-1] + 1
    return np.array(found, dtype=np.int64)
