"""The headers: a proved head, an unproved tail after it, and the refusals that open a redo.

Spec: docs/spec/09-l1.md.
"""

from dataclasses import dataclass
from typing import Self

from rollup.hash.poseidon import Digest
from rollup.l1.interface import HeaderRefused, HeldHeader, Refusal, Revert, Reverted
from rollup.protocol.encoding import hex_digest
from rollup.protocol.header import BatchHeader


@dataclass(frozen=True, slots=True)
class Head:
    """What the next header follows: `deposits` queue entries are consumed up to here."""

    number: int
    time: int
    root: Digest
    deposits: int

    @classmethod
    def after(cls, header: BatchHeader) -> Self:
        """The head that a header is."""
        deposits = header.deposits_before + header.deposits
        return cls(header.number, header.time, header.new_root, deposits)


class HeaderChain:
    """What is proved, what is held after it, and what was refused."""

    def __init__(self, genesis: Head) -> None:
        self.proved = genesis
        self.tail: list[HeldHeader] = []
        self.digests: dict[int, bytes] = {}
        self.refused: dict[bytes, HeaderRefused] = {}
        self.refusal: HeaderRefused | None = None
        self.redo_until = 0

    @property
    def head(self) -> Head:
        """The last header held, or what is proved."""
        return Head.after(self.tail[-1].header) if self.tail else self.proved

    @property
    def next_time(self) -> int:
        """The least time that the next header can have."""
        return self.head.time + 1 if self.refusal is None else self.refusal.time

    def holds(self, header: BatchHeader, digest: bytes) -> bool:
        """Whether exactly this header is held. Reverts where another one has its number."""
        held = self.digests.get(header.number)
        if held is not None and held != digest:
            raise Reverted(
                Revert.HEADER_EXISTS, f"batch {header.number} has another header, {held.hex()}"
            )
        return held is not None

    def require_next(self, header: BatchHeader) -> None:
        """The header follows the head: in number, root, time and deposits."""
        head = self.head
        if header.number != head.number + 1:
            raise Reverted(
                Revert.WRONG_NUMBER, f"batch {head.number + 1} is next, not {header.number}"
            )
        if header.old_root != head.root:
            raise Reverted(
                Revert.OLD_ROOT,
                f"the root is {hex_digest(head.root)}, not {hex_digest(header.old_root)}",
            )
        if header.time <= head.time:
            raise Reverted(Revert.CLOCK_NOT_ADVANCED, f"{header.time} is not after {head.time}")
        if header.deposits_before != head.deposits:
            raise Reverted(
                Revert.DEPOSITS_SKIPPED,
                f"entry {head.deposits} is next, not {header.deposits_before}",
            )

    def wants_redo(self, number: int, time: int) -> bool:
        """Whether a batch must be made anew: its header was refused, or it was closed before
        anybody could know of the last refusal."""
        waiting = self.refusal
        return time <= self.redo_until or (waiting is not None and waiting.number == number)

    def require_redo(self, header: BatchHeader, is_late: bool) -> bool:
        """Whether a redo is called for: it is one exactly then; one that is late may be one
        uncalled, since a reorganisation can have taken back the refusal that it answers."""
        waiting = self.refusal
        if waiting is not None and header.time != waiting.time:
            raise Reverted(
                Revert.REDO_TIME,
                f"batch {waiting.number} comes again at {waiting.time}, not {header.time}",
            )
        is_called = self.wants_redo(header.number, header.time)
        if is_called and not header.redo:
            raise Reverted(Revert.REDO_WANTED, f"a redo is wanted up to {self.redo_until}")
        if header.redo and not is_called and not is_late:
            raise Reverted(
                Revert.REDO_UNCALLED, f"{header.time} is after the last refusal, {self.redo_until}"
            )
        return is_called

    def require_proofs(self, now: int, deadline_ms: int) -> None:
        """No header of the tail has waited too long for its proof."""
        if self.tail and now - self.tail[0].taken_at > deadline_ms:
            oldest = self.tail[0]
            raise Reverted(
                Revert.PROOF_OVERDUE,
                f"batch {oldest.header.number} has waited since {oldest.taken_at}",
            )

    def take(self, header: BatchHeader, digest: bytes, now: int) -> None:
        """Hold the header. A redo that was called for is done with it."""
        self.tail.append(HeldHeader(header, digest, now))
        self.digests[header.number] = digest
        self.refusal = None

    def refuse(
        self, header: BatchHeader, digest: bytes, reason: Refusal, now: int
    ) -> HeaderRefused:
        """Put a refusal on record: all that is closed by now was closed without knowing of it."""
        self.refusal = HeaderRefused(header.number, header.time, digest, reason)
        self.refused[digest] = self.refusal
        self.redo_until = max(self.redo_until, now)
        return self.refusal

    def prove(self) -> None:
        """The oldest header of the tail is proved."""
        self.proved = Head.after(self.tail.pop(0).header)
