"""The chains of all touched accounts, as their rows: what position, total and account are filled
from. Witness side only; a forged record gives a forged chain.

Every account goes through its positions in the order of the records, all accounts at once: step k
takes the k-th position of each account that has one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.air.layout import LIMB_BITS
from circuits.air.trace import I64
from circuits.tables.chains import continue_chain
from circuits.tables.position.columns import LIMB
from circuits.tables.position.publishing import (
    PublishedChains,
    Reading,
    position_blocks,
    published_chains,
    ranks,
)
from circuits.tables.position.sums import POSITIONS_MAX, spans
from circuits.tables.records import U32, PositionRecords
from rollup.private import Private
from rollup.protocol.constants import POSITION_LIMIT


@dataclass(frozen=True, slots=True, repr=False)
class Links(Private):
    """Chains at some rows, one each: whose they are, and what CHAIN says of them there."""

    owner: I64
    least: I64
    count: I64
    old: U32  # (n, 8)
    new: U32
    sums: I64  # (n, 29)

    def at(self, rows: I64) -> "Links":
        """Some of them."""
        return Links(*(getattr(self, name)[rows] for name in self.__slots__))

    def put(self, rows: I64, others: "Links") -> None:
        """Write others in the places of some."""
        for name in self.__slots__:
            getattr(self, name)[rows] = getattr(others, name)


@dataclass(frozen=True, slots=True, repr=False)
class Chains(Private):
    """`taken` and `hashed` have a row for each position; `totals` and `limbs` for each row of the
    total table, before and after it (`more`: a position follows); `ends` one for each account."""

    taken: Links
    hashed: tuple[U32, U32]
    totals: Links
    limbs: I64
    more: I64
    ends: Links
    published: PublishedChains


def chains(
    starts: Links,
    read: Callable[[U32], Reading],
    exists: I64,
    positions: PositionRecords,
    added: I64,
) -> Chains:
    """All chains, from their starts; `added` is what each position adds to the sums, (n, 29).
    `read` says from where the published ones start, given the new leaves."""
    count = len(positions.owner)
    state = starts.at(np.arange(len(starts.owner)))
    taken = starts.at(np.zeros(count, dtype=np.int64)) if len(starts.owner) else starts
    hashed = (np.zeros((count, 8), dtype=np.uint32), np.zeros((count, 8), dtype=np.uint32))
    totals: list[tuple[Links, I64, int]] = []
    rank = ranks(positions.owner)
    for place in range(int(rank.max(initial=-1)) + 1):
        rows = np.flatnonzero(rank == place)
        owners = positions.owner[rows]
        if place and place % POSITIONS_MAX == 0:
            totals.append(_total(state, owners, 1))
        taken.put(rows, state.at(owners))
        _step(state, rows, owners, positions, added, hashed)
    totals.append(_total(state, np.flatnonzero(exists), 0))
    return Chains(
        taken=taken,
        hashed=hashed,
        totals=_joined([links for links, _, _ in totals]),
        limbs=np.concatenate([limbs for _, limbs, _ in totals]),
        more=np.concatenate([np.full(len(limbs), more) for _, limbs, more in totals]),
        ends=state,
        published=published_chains(read(state.new), exists, positions),
    )


def _joined(parts: Sequence[Links]) -> Links:
    names = Links.__slots__
    return Links(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _step(
    state: Links,
    rows: I64,
    owners: I64,
    positions: PositionRecords,
    added: I64,
    hashed: tuple[U32, U32],
) -> None:
    """One position of each of some accounts."""
    for digests, sizes, triggers, found in (
        (state.old, positions.before, positions.trigger[0], hashed[0]),
        (state.new, positions.after, positions.trigger[1], hashed[1]),
    ):
        held = np.flatnonzero(sizes[rows] != POSITION_LIMIT)
        chosen, whose = rows[held], owners[held]
        blocks = position_blocks(positions.market[chosen], sizes[chosen], triggers[chosen])
        (found[chosen],) = continue_chain(digests[whose], [blocks])
        digests[whose] = found[chosen]
    state.sums[owners] += added[rows]
    state.least[owners] = positions.market[rows] + 1
    state.count[owners] += 1


def _total(state: Links, owners: I64, more: int) -> tuple[Links, I64, int]:
    """Turn the sums of some accounts into limbs: what came, and what went on."""
    came = state.at(owners)
    limbs = normalised(came.sums)
    state.sums[owners] = limbs
    state.count[owners] = more
    return came, limbs, more


def normalised(sums: I64) -> I64:
    """Five sums a row as limbs; the top limb of one that is negative is negative."""
    found = np.empty_like(sums)
    for span in spans().values():
        carry = np.zeros(len(sums), dtype=np.int64)
        for place in range(span.start, span.stop):
            total = sums[:, place] + carry
            last = place == span.stop - 1
            found[:, place] = total if last else total & (LIMB - 1)
            carry = total >> LIMB_BITS
    return found
