"""The courier: everything that is asked of L1, in a thread of its own, one thing at a time.

    venue's thread  ->  FarL1: reads the last look, leaves what is to be brought, never waits
    courier's       ->  Courier.step: brings it, looks again, publishes both together

A call whose answer was lost is not made again before L1 was looked at: what happened is seen there,
and only the venue, with that before its eyes, asks for what is still lacking.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread
from typing import Final, Protocol, TypeAlias

from rollup.l1.connection import RemoteError
from rollup.l1.deployment import Deployment
from rollup.l1.interface import Address, HeaderVerdict, HeldHeader, Reverted
from rollup.oracle.package import SignedPackage
from rollup.protocol.committee import Attestation
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput
from sequencer.batches.ports import L1Pending
from sequencer.service.seen import Read, Seen, all_digests, look

POLL_S: Final = 0.5
POLL_LATE_S: Final = 5.0
"""Between two looks; at an L1 that does not answer ever longer, up to this."""

GRACE_S: Final = 2.0
DIGEST_STEPS: Final = 20
"""So many looks bring all digests, once one is missed: the venue has ten seconds to read them."""

HEADER: Final = "header"
PROOF: Final = "proof"
Outcome = HeaderVerdict | Reverted | None


class Reachable(Protocol):
    """What the courier asks of L1: `rollup.l1.remote.RemoteL1` has it."""

    def read_all(self, reads: Sequence[Read]) -> list[object]:
        """What several reads answer at one moment."""

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content."""

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Bring a proof."""


Call: TypeAlias = Callable[[Reachable], HeaderVerdict | None]


@dataclass(frozen=True, slots=True)
class Told:
    """How a call came out: which one, by kind and digest."""

    kind: str
    digest: bytes
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class State:
    """What is known of L1, published whole. `trouble` is why the last look or call failed, empty if
    it did not: then `seen` is older than it could be, of the venue's time `heard_at` in ms."""

    seen: Seen
    told: tuple[Told, ...] = ()
    trouble: str = ""
    heard_at: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    kind: str
    digest: bytes
    call: Call


@dataclass(slots=True)
class Courier:
    """Brings and looks; `step` is called by one thread, everything else by another.

    `clock` is the venue's, in ms.
    """

    l1: Reachable
    deployment: Deployment
    clock: Callable[[], int]
    state: State = field(init=False)
    _job: _Job | None = field(default=None, init=False)
    _digest_steps: int = field(default=0, init=False)
    failure: BaseException | None = field(default=None, init=False)
    _guard: Lock = field(default_factory=Lock, init=False)
    _wake: Event = field(default_factory=Event, init=False)

    def __post_init__(self) -> None:
        """Look at once. RemoteError if L1 cannot be reached, or is another one."""
        self.state = State(look(self.l1.read_all, self.deployment, self.clock))
        self.state = replace(self.state, heard_at=self.clock())

    def want(self, state: State, kind: str, digest: bytes, call: Call) -> None:
        """Leave a call to be made by whoever saw `state`: not where another one waits, L1 was not
        heard of last time, or something newer is known, which may show that it was made."""
        with self._guard:
            if self._job is None and self.state is state and not state.trouble:
                self._job = _Job(kind, digest, call)
                self._wake.set()

    def want_digests(self) -> None:
        """Have the digests of all headers read."""
        self._digest_steps = DIGEST_STEPS
        self._wake.set()

    def wake(self) -> None:
        """End a rest early."""
        self._wake.set()

    def step(self) -> None:
        """Make the call that waits, if any; look; publish what came of both."""
        before, told, trouble = self.state, list(self.state.told), ""
        job = self._job
        try:
            if job is not None:
                told = [each for each in told if each.kind != job.kind]
                told.append(Told(job.kind, job.digest, _made(job, self.l1)))
            seen = look(self.l1.read_all, self.deployment, self.clock, before.seen)
            if self._digest_steps:
                seen = all_digests(self.l1.read_all, seen)
                self._digest_steps -= 1
            heard_at = self.clock()
        except RemoteError as error:
            seen, heard_at, trouble = before.seen, before.heard_at, str(error)
            told = list(before.told)  # nobody hears an outcome before what it left is seen
        with self._guard:
            self.state = State(seen, tuple(told), trouble, heard_at)
            self._job = None

    def rest(self, seconds: float) -> None:
        """Wait until there is something to bring, but not longer than this."""
        self._wake.wait(seconds)
        self._wake.clear()


def _made(job: _Job, l1: Reachable) -> Outcome:
    try:
        return job.call(l1)
    except Reverted as error:
        return error


class CourierThread:
    """Runs a courier's steps until `stop`. A daemon thread: a call that hangs holds up no end."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._ends = Event()
        self._thread = Thread(target=self._run, name="l1", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no further step; one under way is waited for, but not for ever."""
        self._ends.set()
        self._courier.wake()
        self._thread.join(GRACE_S)

    def _run(self) -> None:
        late = POLL_S
        while not self._ends.is_set():
            try:
                self._courier.step()
            except BaseException as error:  # the daemon ends with it, loudly
                self._courier.failure = error
                return
            late = min(2 * late, POLL_LATE_S) if self._courier.state.trouble else POLL_S
            self._courier.rest(late)


class FarL1:
    """The venue's port to an L1 that is not in its thread: reads what was seen, waits for nothing.

    What is read stands still from one `refresh` to the next.
    """

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._heard: list[Told] = []
        self.state = courier.state

    def refresh(self) -> None:
        """Take over what the courier saw last. Raises what ended the courier, if something did."""
        if self._courier.failure is not None:
            raise self._courier.failure
        self.state = self._courier.state
        self._heard = [each for each in self._heard if _is_among(each, self.state.told)]

    @property
    def seen(self) -> Seen:
        """L1 as it was last looked at."""
        return self.state.seen

    @property
    def head_number(self) -> int:
        """Number of the last batch whose header is held."""
        return self.seen.head_number

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved."""
        return self.seen.proved_number

    @property
    def tail(self) -> Sequence[HeldHeader]:
        """Headers that wait for their proofs, oldest first."""
        return self.seen.tail

    def queue_from(self, first: int, count: int) -> Sequence[QueueEntry]:
        """Queued deposits; none where they were consumed by a proved batch."""
        place = first - self.seen.consumed
        return self.seen.queue[place : place + count] if place >= 0 else ()

    def given_reports(self, slot: int) -> Sequence[SignedPackage]:
        """Signed reports of a slot that L1 held at the last look."""
        held = self.seen.given.get(slot)
        return () if held is None else held.reports

    def wants_redo(self, number: int, time: int) -> bool:
        """As l1.headers says: refused, or closed before anybody could know of the last refusal."""
        waiting = self.seen.refusal
        return time <= self.seen.redo_until or (waiting is not None and waiting.number == number)

    def governance_for(self, number: int, time: int) -> Governance:
        """As l1.governance says: of those that fit, the last."""
        fitting = [
            each
            for each in self.seen.parameters
            if each.number <= number and each.valid_from <= time
        ]
        return (fitting or self.seen.parameters[:1])[-1].governance

    def header_digest(self, number: int) -> bytes | None:
        """Digest of a header that is held. L1Pending where it was not read yet."""
        if not 1 <= number <= self.seen.head_number:
            return None
        if number not in self.seen.digests:
            self._courier.want_digests()
            raise L1Pending(f"the digest of batch {number} is being read")
        return self.seen.digests[number]

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """What became of a header, once it was brought. L1Pending until then."""
        digest, refusal = header.digest(), self.seen.refusal
        if refusal is not None and refusal.digest == digest:
            return HeaderVerdict(refusal)
        outcome = self._outcome(HEADER, digest, lambda l1: l1.commit_header(sender, header))
        return HeaderVerdict() if outcome is None else outcome

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Nothing, once a proof was brought and taken. L1Pending until then."""
        digest, brought = public.digest(), (sender, public, proof, attestation)
        self._outcome(PROOF, digest, lambda l1: l1.post_batch(*brought))

    def _outcome(self, kind: str, digest: bytes, call: Call) -> HeaderVerdict | None:
        """How a call came out; each is told once, so that asking again makes it again."""
        for told in self.state.told:
            is_asked = (told.kind, told.digest) == (kind, digest)
            if is_asked and not _is_among(told, self._heard):
                self._heard.append(told)
                if isinstance(told.outcome, Reverted):
                    raise told.outcome
                return told.outcome
        self._courier.want(self.state, kind, digest, call)
        raise L1Pending(f"a {kind} is being brought")


def _is_among(one: Told, several: Sequence[Told]) -> bool:
    """The very same: a call that is made again may come out alike."""
    return any(each is one for each in several)
