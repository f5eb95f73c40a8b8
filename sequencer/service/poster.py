"""The poster: closed batches to L1, in order, each header once and each proof once.

L1's own counters say what it holds, so that a poster which crashed, or lost an answer, asks and
goes on. A header is what matters in time: it must come within the clock's bound of its batch. The
proof may come later, but while the oldest is overdue L1 takes no new header.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.committee import Attestation
from rollup.protocol.header import BatchHeader
from rollup.protocol.public import PublicInput
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.ports import L1
from sequencer.service.headers import Headers

WARN_SHARE = 4
"""A deadline is told when less than a quarter of a bound is left."""


class L1Differs(Exception):
    """L1 holds what this venue never closed: another journal, or one whose end is missing."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A bound of L1 that draws near: what is late for which batch, and the ms that are left."""

    number: int
    late: str
    left_ms: int

    def __str__(self) -> str:
        return f"batch {self.number}: its {self.late} is due at L1 in {self.left_ms / 1000:.0f} s"


@dataclass(frozen=True, slots=True)
class Anew:
    """L1 does not take the header of a batch as it is: it and all after it are to be made anew."""

    number: int
    header: bytes
    reason: str


_ANEW = (Revert.REDO_WANTED, Revert.REDO_UNCALLED)
"""Reverts that tell of a reorganisation: what L1 refused before, or did not, is not on record."""


class Poster:
    """The operator's hand at L1."""

    def __init__(self, l1: L1, operator: Address) -> None:
        self._l1 = l1
        self._operator = operator

    def commit_headers(self, batches: Sequence[ClosedBatch]) -> Anew | None:
        """Bring the headers that L1 lacks, in order; the first that it wants to be made anew.

        Raises Reverted with L1's reason where it can take none now.
        """
        for closed in batches:
            if closed.batch.number <= self._l1.head_number:
                continue
            reason = self._refused(closed.header)
            if reason is not None:
                return Anew(closed.batch.number, closed.header.digest(), reason)
        return None

    def _refused(self, header: BatchHeader) -> str | None:
        try:
            refusal = self._l1.commit_header(self._operator, header).refusal
        except Reverted as error:
            if error.reason in _ANEW:
                return error.reason.value
            raise
        return None if refusal is None else refusal.reason.value

    def is_refused(self, wanted: Anew, batches: Sequence[ClosedBatch]) -> bool:
        """Whether what L1 did not take is still what this venue has under the number."""
        found = [each for each in batches if each.batch.number == wanted.number]
        is_held = wanted.number <= self._l1.head_number
        return bool(found) and not is_held and found[0].header.digest() == wanted.header

    def post(
        self, public: PublicInput, proof: bytes, attestation: Attestation | None = None
    ) -> None:
        """Bring a proof, with the committee's word if there is one, unless L1 has it. Raises
        Reverted with L1's reason."""
        if public.number > self._l1.proved_number:
            self._l1.post_batch(self._operator, public, proof, attestation)

    def require_known(self, headers: Headers) -> None:
        """L1Differs unless the last header that L1 holds is one of these, which reach back to it.

        The last one is enough: by its old root it stands for all before it.
        """
        held = self._l1.head_number
        if held > headers.number:
            detail = f"L1 holds batch {held}, the journal ends at batch {headers.number}"
            raise L1Differs(f"{detail}: its end is missing")
        if held and self._l1.header_digest(held) != headers.digest(held):
            digest = headers.digest(held).hex()
            detail = f"the journal has batch {held} with header {digest}"
            raise L1Differs(f"{detail}, L1 holds another header of that number")

    def deadlines(
        self, batches: Sequence[ClosedBatch], now_ms: int, proof_deadline_ms: int
    ) -> list[Deadline]:
        """Bounds that draw near: the first header that L1 lacks (none for a redo, which has no time
        to be late for), and the first proof."""
        found = []
        lacking = [
            each
            for each in batches
            if each.batch.number > self._l1.head_number and not each.batch.redo
        ]
        if lacking:
            batch = lacking[0].batch
            bound = batch.governance.clock_behind_ms
            found += _deadline(batch.number, "header", batch.time + bound - now_ms, bound)
        if self._l1.tail:
            oldest = self._l1.tail[0]
            left = oldest.taken_at + proof_deadline_ms - now_ms
            found += _deadline(oldest.header.number, "proof", left, proof_deadline_ms)
        return found


def _deadline(number: int, late: str, left_ms: int, bound_ms: int) -> list[Deadline]:
    return [Deadline(number, late, left_ms)] if left_ms * WARN_SHARE < bound_ms else []
