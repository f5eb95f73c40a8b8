"""The mock L1 and the contract's libraries beside each other: each call is made to both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from rollup.harness.books import Books, Closed
from rollup.l1.interface import (
    GovernanceEnacted,
    HeaderRefused,
    HeaderTaken,
    HeaderVerdict,
    Refusal,
    ReportsGiven,
    Revert,
    Reverted,
)
from rollup.l1.mock import MockL1
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.market import Governance
from tests.helpers import venue
from tests.helpers.l1 import GOVERNOR, OPERATOR, STRANGER, World, deployment
from tests.helpers.linked import Linked

T = TypeVar("T")

HELD: Final = 255
"""What the contract answers for a header that is held."""

_REFUSALS: Final = list(Refusal)


@dataclass
class Twin(World):
    """A world whose headers, announcements and reports come to the contract too. Every answer,
    revert and event must be the same; `reasons` are those that came."""

    delay: int = 20_000
    reasons: set[Revert | Refusal] = field(default_factory=set)

    def __post_init__(self) -> None:
        made = deployment(
            interval_ms=self.interval_ms,
            entries_least=self.entries_least,
            governance_delay=self.delay,
        )
        self.genesis = made.genesis
        self.l1 = MockL1(
            made, [self.verifier], lambda: self.now, venue.toy_compress_many, self.limits
        )
        self.contract = self.l1
        self.books = Books(made.genesis, made.root)
        self.linked = Linked("HeadersProbe")
        waits = (made.proof_deadline_ms, made.entry_wait_ms, made.entries_least)
        rules = (made.genesis.time, made.interval_ms, *waits)
        governance = made.genesis.governance.encode()
        opened = self.linked.call("open", governance, digest_bytes(made.root), rules, self.delay)
        assert opened == ()

    def commit(self, closed: Closed) -> HeaderVerdict:
        """Bring a header to both."""
        header = closed.header
        queue, count = self.l1.checkpoint().queue, header.deposits_before + header.deposits
        head, since = queue.head(count), queue.waits_since(count)
        queued = (head is not None, head or bytes(32), since is not None, since or 0)
        verdict = self._both(
            lambda: self.l1.commit_header(OPERATOR, header),
            ("commit", header.encode(), queued, self.now),
            lambda verdict: _place(verdict.refusal),
        )
        if verdict.refusal is not None:
            self.reasons.add(verdict.refusal.reason)
        return verdict

    def announce(self, governance: Governance, number: int) -> int:
        """Announce to both; the contract's caller asks who and for which number."""
        if number <= self.l1.head_number:
            return self.l1.announce_governance(GOVERNOR, governance, number)
        return self._both(
            lambda: self.l1.announce_governance(GOVERNOR, governance, number),
            ("announce", governance.encode(), number, self.now),
            lambda valid_from: valid_from,
        )

    def give(self, reports: Sequence[SignedPackage]) -> int:
        """Give reports to both."""
        return self._both(
            lambda: self.l1.give_reports(STRANGER, reports),
            ("give", packages_to_bytes(tuple(reports)), self.now),
            lambda added: added,
        )

    def post(self, closed: Closed) -> None:
        """Prove the oldest header of both."""
        super().post(closed)
        assert self.linked.call("prove") == ()

    def _both(
        self, call: Callable[[], T], asked: tuple[Any, ...], answer: Callable[[T], object]
    ) -> T:
        said = len(self.l1.events)
        found = self.linked.call(*asked)
        try:
            wanted = call()
        except Reverted as error:
            assert found is error.reason, (found, error)
            self.reasons.add(error.reason)
            raise
        assert found == answer(wanted)
        events = [each for each in self.l1.events[said:] if isinstance(each, _TOLD)]
        assert [each for each in map(_event, self.linked.logs) if each is not None] == events
        self.require_same()
        return wanted

    def require_same(self) -> None:
        """All that both store is the same."""
        state, ask = self.l1.checkpoint(), self.linked.call
        headers, schedule = state.headers, state.schedule
        heads = (headers.proved.number, headers.head.number, headers.redo_until)
        assert ask("state") == (*heads, headers.next_time, bool(headers.tail))
        for number in range(1, headers.head.number + 1):
            assert ask("held", number)[0] == headers.digests[number]
        last, head = ask("held", headers.head.number), headers.head
        assert last[1:4] == (digest_bytes(head.root), head.time, head.deposits)
        for held in headers.tail:
            assert ask("held", held.header.number)[4] == held.taken_at
        assert ask("refusal") == _waiting(headers.refusal)
        for digest, refused in headers.refused.items():
            assert ask("refused", digest) == 1 + _REFUSALS.index(refused.reason)
        entries, used = ask("scheduled")
        wanted = [(each.digest, each.number, each.valid_from) for each in schedule.entries]
        kept = [(each[4], each[3], each[7]) for each in entries]
        assert (kept, used) == (wanted, schedule.used)
        assert list(ask("slots")) == sorted(state.given.slots)
        for number in (headers.head.number + 1, headers.head.number + 3):
            for time in (self.now, headers.redo_until, self.now + self.delay):
                assert ask("wantsRedo", number, time) is headers.wants_redo(number, time)
                assert ask("placeFor", number, time) == schedule.place_for(number, time)


_TOLD: Final = (HeaderTaken, HeaderRefused, GovernanceEnacted, ReportsGiven)


def _place(refusal: HeaderRefused | None) -> int:
    return HELD if refusal is None else _REFUSALS.index(refusal.reason)


def _waiting(refusal: HeaderRefused | None) -> tuple[object, ...]:
    if refusal is None:
        return (False, 0, 0, 0, bytes(32))
    place = _REFUSALS.index(refusal.reason)
    return (True, place, refusal.number, refusal.time, refusal.digest)


def _event(log: tuple[str, Any]) -> object:
    """What a log says in Python; None for one that has bytes to rebuild from."""
    name, said = log
    if name == "HeaderTaken":
        return HeaderTaken(said["number"], said["time"], said["digest"])
    if name == "HeaderRefused":
        reason = _REFUSALS[said["reason"]]
        return HeaderRefused(said["number"], said["time"], said["digest"], reason)
    if name == "GovernanceEnacted":
        return GovernanceEnacted(said["digest"], said["number"])
    if name == "ReportsGiven":
        return ReportsGiven(said["slot"], said["market"], said["signers"])
    assert name == "ReportsCame"
    return None
