"""Decoys: accounts that a batch opens though nothing happens to them, so that who is opened does
not say who acted.

A decoy's leaf is salted and published anew and its triggers renewed, as those of who acted are. A
batch opens as many accounts as its class's *cover*. Where a venue has no more, that is all of them,
always. Where it has more, the cover goes on from batch to batch, and in each the same number of
accounts comes into it: whoever acts and was not in it, and besides these others by lot; as many
leave it, by lot, of those that do not act. So one who acted once stays as long as one who never
did. Spec: docs/spec/28-decoys.md.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rollup.hash.keccak import keccak256
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work

TURNOVER: Final = 8
"""One in so many of a cover is new in each batch, if it is not all of the venue."""

SHARE: Final = 2
"""Decoys leave half of a batch's room for positions, leaves and nodes to sweeps, so that no step
stays open for their sake."""

_LOT_BYTES: Final = 8


def open_decoys(state: CoreState, lot: bytes) -> None:
    """Open decoys in the batch that is open, until it has its cover or half of its room is used.
    `lot` is 32 secret bytes, which nobody else can tell from chance."""
    work = state.work
    if work is None:
        return
    for account in _candidates(state, work, lot):
        if len(work.before) >= work.shape_class.cover:
            return
        if work.room.fits([state.ledger.opening(account)], share=SHARE):
            state.ledger.touch(work, account)


def _candidates(state: CoreState, work: Work, lot: bytes) -> Iterator[int]:
    """Whom to open, in order, of those that the batch does not open for a reason. Whoever is due
    waits for a batch that can judge what he holds."""
    others = state.ledger.holders.keys() - work.before.keys() - work.due
    stayed, outside = sorted(others & state.cover), sorted(others - state.cover)
    come = sum(account not in state.cover for account in work.before)
    comers = shuffled(outside, lot + b"c")
    yield from first(comers, work.shape_class.cover // TURNOVER - come)
    yield from shuffled(stayed, lot + b"s")
    yield from comers


def first(drawn: Iterator[int], count: int) -> Iterator[int]:
    """The next so many, none where the count is not above zero; the others are left."""
    for _ in range(count):
        if (each := next(drawn, None)) is not None:
            yield each


def shuffled(accounts: Sequence[int], lot: bytes) -> Iterator[int]:
    """All accounts in an order by lot (Fisher and Yates, as far as asked). Each place is 64 bits of
    a hash modulo how many are left, uniform but for 2^-34: there are fewer than 2^30."""
    left = list(accounts)
    counter = 0
    while left:
        digest = keccak256(lot + counter.to_bytes(_LOT_BYTES, "big"))
        place = int.from_bytes(digest[:_LOT_BYTES], "big") % len(left)
        left[place], left[-1] = left[-1], left[place]
        counter += 1
        yield left.pop()
