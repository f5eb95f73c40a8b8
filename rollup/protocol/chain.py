"""What joins batches: each starts where the one before it ended. The one home of that rule.

A proof is about one batch. That several make one history follows from their public inputs alone:
whoever proves, verifies or accepts a series of batches holds it to the same links. Spec:
docs/spec/08-public-input.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from rollup.protocol.continuing import require_continues
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import RECEIPTS_START
from rollup.protocol.rejection import Rejected


class Link(StrEnum):
    """Where two batches do not join. The value is the name that a report carries."""

    VENUE = "wrong-venue"
    NUMBER = "wrong-number"
    OLD_ROOT = "old-root"
    CLOCK = "clock-not-advanced"
    DEPOSITS = "deposits-skipped"
    TOTAL = "total"
    BOOK = "book-before"
    GOVERNANCE = "governance-changed"
    RECEIPTS = "receipts-rolled-back"


class ChainBroken(Exception):
    """Two batches that should follow each other do not; `number` is the later one's."""

    def __init__(self, number: int, link: Link, detail: str) -> None:
        super().__init__(f"batch {number}: {detail}")
        self.number = number
        self.link = link
        self.detail = detail


@dataclass(frozen=True, slots=True)
class GovernanceChange:
    """The batch from which on other parameters were in force, and their digest."""

    number: int
    digest: bytes


def require_consecutive(numbers: Sequence[int]) -> None:
    """ChainBroken unless the numbers, in any order, are a run without a gap or a repetition."""
    for before, after in pairwise(sorted(numbers)):
        _require_next(before, after)


def require_chained(publics: Sequence[PublicInput]) -> None:
    """ChainBroken unless each batch follows the one before it in the list, and the head of the
    receipts never comes back to one that it had left: a hash chain only grows."""
    left: set[bytes] = set()
    for before, after in pairwise(publics):
        require_joined(before, after)
        if after.receipts == before.receipts:
            continue
        left.add(before.receipts)
        if after.receipts in left or after.receipts == RECEIPTS_START:
            detail = "the head of its receipts is one that an earlier batch had left behind"
            raise ChainBroken(after.number, Link.RECEIPTS, detail)


def require_joined(before: PublicInput, after: PublicInput) -> None:
    """ChainBroken unless one batch follows another. Governance may change, as L1 has it enacted, to
    what a state can go on under: in other buckets, say, nobody's triggers would mean anything."""

    def require(holds: bool, link: Link, detail: str) -> None:
        if not holds:
            raise ChainBroken(after.number, link, detail)

    same_venue = (after.chain, after.venue) == (before.chain, before.venue)
    require(same_venue, Link.VENUE, "it is of another venue or chain than the one before it")
    _require_next(before.number, after.number)
    joined = after.old_root == before.new_root
    require(joined, Link.OLD_ROOT, "it starts at another root than the last one ended")
    require(after.time > before.time, Link.CLOCK, "its time is not after that of the last one")
    queued = before.deposits_before + len(before.deposits)
    detail = f"it starts elsewhere in the deposit queue: at {after.deposits_before}, not {queued}"
    require(after.deposits_before == queued, Link.DEPOSITS, detail)
    detail = f"its total before is {after.total_before} quanta, the last one's is {before.total}"
    require(after.total_before == before.total, Link.TOTAL, detail)
    same_book = after.book_before == before.book_after
    require(same_book, Link.BOOK, "it starts from another market book than the last one left")
    try:
        require_continues(before.governance, after.governance)
    except Rejected as refusal:
        raise ChainBroken(after.number, Link.GOVERNANCE, refusal.detail) from refusal


def governance_changes(publics: Sequence[PublicInput]) -> Iterator[GovernanceChange]:
    """Where, along a chain, a batch is under other parameters than the one before it."""
    digests = [public.governance.digest() for public in publics]
    for place, (before, after) in enumerate(pairwise(digests), start=1):
        if before != after:
            yield GovernanceChange(publics[place].number, after)


def _require_next(before: int, after: int) -> None:
    if after != before + 1:
        raise ChainBroken(after, Link.NUMBER, f"it does not follow batch {before}")
