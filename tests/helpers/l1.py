"""A mock L1 with a clock, and an operator that closes batches and brings them there.

The books are those of the conformance suite: any batch can be closed on any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import pytest

from rollup.harness.books import Books, Choice, Closed, Tip, held_reports, queued_after
from rollup.harness.reports import Reports
from rollup.l1.deployment import Deployment
from rollup.l1.interface import L1, HeaderVerdict, Revert, Reverted
from rollup.l1.mock import MockL1
from rollup.l1.queue import FULL, QueueLimits
from rollup.ports import Pins, VerificationError
from rollup.protocol.deposit import (
    QueueEntry,
)
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput
from tests.helpers import venue

OPERATOR, GOVERNOR, STRANGER = venue.owner(1001), venue.owner(1002), venue.owner(1003)
PINS = Pins(b"\x01" * 32, b"\x02" * 32, b"parameters", b"shape", "fast", "S")
DELAY = 86_400_000
DEADLINE = 7_200_000
BEHIND, AHEAD = venue.GOVERNANCE.clock_behind_ms, venue.GOVERNANCE.clock_ahead_ms
LEAST = 5


class Forged(Enum):
    PROOF = "the proof is not for this public input"


def proof_of(public: PublicInput) -> bytes:
    """The one proof that the stub takes for a public input."""
    return b"proof of " + public.digest()


@dataclass
class StubVerifier:
    """Accepts a proof for exactly the public input it was made for, as the real one would."""

    pins: Pins = PINS

    def verify(self, public: PublicInput, proof: bytes) -> None:
        if proof != proof_of(public):
            raise VerificationError(Forged.PROOF)


def deployment(**changes: object) -> Deployment:
    genesis = venue.genesis()
    honest = Deployment(
        genesis=genesis,
        root=genesis.state(venue.toy_compress_many).root,
        pins=(PINS,),
        operator=OPERATOR,
        governor=GOVERNOR,
        interval_ms=1,
        governance_delay=DELAY,
        proof_deadline_ms=DEADLINE,
        least_deposit=LEAST,
    )
    return replace(honest, **changes)  # type: ignore[arg-type]


@dataclass
class World:
    """An L1, its clock, and all that its operator ever closed."""

    verifier: StubVerifier = field(default_factory=StubVerifier)
    now: int = venue.START
    limits: QueueLimits = FULL
    interval_ms: int = 1
    entries_least: int = 1

    def __post_init__(self) -> None:
        made = deployment(interval_ms=self.interval_ms, entries_least=self.entries_least)
        self.start(made)

    def start(self, made: Deployment) -> None:
        """Deploy it, and open the operator's books."""
        self.genesis = made.genesis
        self.l1 = MockL1(
            made, [self.verifier], lambda: self.now, venue.toy_compress_many, self.limits
        )
        self.contract: L1 = self.l1
        self.books = Books(made.genesis, made.root)

    @property
    def head(self) -> Tip:
        """The state after the last header that L1 holds."""
        return self.books.head(self.l1)

    @property
    def closed(self) -> dict[bytes, Closed]:
        """All that the operator closed, by the digest of its header."""
        return self.books.closed

    def pass_time(self, milliseconds: int) -> None:
        self.now += milliseconds

    def register(self, account: int, amount: int, **words: tuple[int, ...]) -> QueueEntry:
        """Registration by a sender of its own, with as much test money as it takes."""
        key = venue.public_key(account)
        self.l1.mint(venue.owner(account), amount)
        return self.l1.register(
            venue.owner(account),
            words.get("key_words", (*key.x, *key.y)),
            words.get("viewing_words", venue.viewing(account)),
            amount,
        )

    def credit(self, sender: bytes, account: int, amount: int) -> QueueEntry:
        self.l1.mint(sender, amount)
        return self.l1.credit(sender, account, amount)

    def rotate(self, account: int, amount: int, sender: bytes | None = None) -> QueueEntry:
        """Its owner, or somebody else, asks that an account have its other key."""
        entry = venue.rotate(0, account, amount, sender)
        self.l1.mint(entry.owner, amount)
        words = (entry.key_words, entry.viewing_words)
        return self.l1.rotate(entry.owner, account, *words, amount)

    def close(
        self,
        *,
        time: int | None = None,
        redo: bool = False,
        after: Closed | None = None,
        governance: Governance | None = None,
        entries: Sequence[QueueEntry] | None = None,
        attempt: int = 0,
        reports: Reports = (),
    ) -> Closed:
        """Close a batch on L1's head, or after another one; it consumes what L1 has queued."""
        tip = self.head if after is None else after.tip
        when = self.now if time is None else time
        if entries is None:
            entries = queued_after(self.l1, tip)
        chosen = governance or tip.governance_for(self.l1, when)
        return self.books.close(tip, Choice(when, redo, chosen, entries, attempt, reports))

    def honest(
        self, *, time: int | None = None, redo: bool = False, after: Closed | None = None
    ) -> Closed:
        """A batch that has all reports which L1 holds for it."""
        tip = self.head if after is None else after.tip
        when = self.now if time is None else time
        governance = tip.governance_for(self.l1, when)
        held = () if tip.book.is_open else held_reports(self.l1, governance, when)
        return self.close(time=when, redo=redo, after=after, governance=governance, reports=held)

    def commit(self, closed: Closed) -> HeaderVerdict:
        return self.l1.commit_header(OPERATOR, closed.header)

    def take(self, **parts: object) -> Closed:
        """Close a batch and have L1 hold its header."""
        closed = self.close(**parts)  # type: ignore[arg-type]
        assert self.commit(closed).is_taken
        return closed

    def post(self, closed: Closed) -> None:
        self.l1.post_batch(OPERATOR, closed.public, proof_of(closed.public))

    def prove(self, **parts: object) -> Closed:
        """Close a batch, have it held, and prove the tail up to it."""
        closed = self.take(**parts)
        self.prove_tail()
        return closed

    def prove_honestly(self, *, time: int | None = None, redo: bool = False) -> None:
        """Such a batch, held and proved with the tail before it."""
        assert self.commit(self.honest(time=time, redo=redo)).is_taken
        self.prove_tail()

    def prove_tail(self) -> None:
        for held in self.l1.tail:
            self.post(self.closed[held.digest])

    def stored(self) -> list[object]:
        """All that the contract stores, to compare."""
        state = self.l1.checkpoint()
        rooms = (state.headers, state.schedule, state.queue, state.vault, state.given)
        return [*(vars(room) for room in rooms), state.bond, state.events]

    def revert(self, call: Callable[[], object]) -> Revert:
        """The reason a call reverts for; it must have changed nothing."""
        before = self.stored()
        with pytest.raises(Reverted) as caught:
            call()
        assert self.stored() == before
        return caught.value.reason
