"""Whatever anybody calls, however late, and whatever L1 forgets: the venue can go on.

After every step an honest operator, from nothing but what L1 says and the batches that it closed,
proves the tail, redoes what was refused, has a batch with orders held and proved, and empties the
queue; everybody withdraws; and the contract never owes more than it has.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rollup.l1.interface import Reverted
from rollup.l1.state import ContractState
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from tests.helpers import venue
from tests.helpers.l1 import AHEAD, BEHIND, DEADLINE, DELAY, GOVERNOR, LEAST, Closed, World
from tests.helpers.oracle import reports
from tests.helpers.venue import GOVERNANCE, PRICES, owner

T = TypeVar("T")

SENDERS = range(1, 5)
OFF_CURVE = (1,) * 14
GOVERNANCES = (
    GOVERNANCE,
    replace(GOVERNANCE, clock_behind_ms=0, clock_ahead_ms=0),
    replace(GOVERNANCE, clock_ahead_ms=DELAY - 1),
    replace(GOVERNANCE, clock_ahead_ms=DELAY),
    replace(GOVERNANCE, fee_account=3),
)

senders = st.sampled_from(SENDERS)
amounts = st.sampled_from([LEAST, 1000, 2**61, LEAST - 1, 0])
lateness = st.sampled_from([0, 1, BEHIND, BEHIND + 1, DEADLINE + 1, DELAY - AHEAD, DELAY])
offsets = st.sampled_from([0, 0, -1, -BEHIND, -BEHIND - 1, -DELAY, AHEAD, AHEAD + 1, DELAY - 1])
governances = st.sampled_from(GOVERNANCES)


class Venue(RuleBasedStateMachine):
    """Senders, a governor, an operator that is late, mistaken or lying, and an L1 that forgets."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.waiting: list[Closed] = []
        self.checkpoints: list[ContractState] = []

    @rule(wait=lateness)
    def time_passes(self, wait: int) -> None:
        self.world.pass_time(wait)

    @rule(back=st.sampled_from([0, 1, 2, 600]), market=st.integers(0, 1))
    def give(self, back: int, market: int) -> None:
        """A quorum of a slot that was, by whom parameters of now register."""
        l1, now = self.world.l1, self.world.now
        governance = l1.governance_for(l1.head_number + 1, now)
        time = now - back * governance.oracle.slot_ms
        signed = reports(governance, PRICES, time)
        half = len(signed) // 2
        attempt(lambda: l1.give_reports(owner(1), [signed[:half], signed[half:]][market]))

    @rule(sender=senders, account=st.integers(0, 5), amount=amounts, is_good=st.booleans())
    def deposit(self, sender: int, account: int, amount: int, is_good: bool) -> None:
        """A registration with a key or without, then a credit to anybody; and what is owed out."""
        words = {} if is_good else {"key_words": OFF_CURVE}
        attempt(lambda: self.world.register(sender, amount, **words))
        attempt(lambda: self.world.credit(owner(sender), account, amount))
        attempt(lambda: self.world.l1.withdraw(owner(sender)))

    @rule(governance=governances, ahead=st.integers(0, 3))
    def announce(self, governance: Governance, ahead: int) -> None:
        number = self.world.l1.head_number + ahead
        attempt(lambda: self.world.l1.announce_governance(GOVERNOR, governance, number))

    @rule(count=st.integers(1, 3))
    def close(self, count: int) -> None:
        """Honest batches, on those that wait for L1."""
        for _ in range(count):
            last = self.waiting[-1] if self.waiting else None
            after = self.world.head if last is None else last.tip
            self.world.now = max(self.world.now, after.time + 1)
            self.waiting.append(self.world.honest(after=last))

    @rule(late=lateness, count=st.integers(1, 3))
    def bring(self, late: int, count: int) -> None:
        """Headers of the oldest batches that wait; what cannot be held is given up."""
        self.world.pass_time(late)
        while self.waiting and count:
            closed, count = self.waiting.pop(0), count - 1
            verdict = attempt(partial(self.world.commit, closed))
            if verdict is None or not verdict.is_taken:
                self.waiting = []

    @rule(
        offset=offsets,
        is_wrong=st.booleans(),
        governance=st.none() | governances,
        forged=st.sampled_from(["", "more", "fewer", "other"]),
    )
    def bring_anything(
        self, offset: int, is_wrong: bool, governance: Governance | None, forged: str
    ) -> None:
        """A header of the operator's choice: a redo or not, other parameters, other deposits."""
        l1, deposits = self.world.l1, self.world.head.deposits
        entries = bent(l1.queue[deposits : deposits + 8], deposits, forged)
        when = self.world.now if l1.refusal is None else l1.refusal.time
        redo = (l1.refusal is not None or when + offset <= l1.redo_until) != is_wrong
        closed = self.world.close(
            time=when + offset, redo=redo, governance=governance, entries=entries
        )
        attempt(lambda: self.world.commit(closed))

    @rule()
    def redo(self) -> None:
        refusal = self.world.l1.refusal
        if refusal is not None:
            attempt(lambda: self.world.commit(self.world.honest(time=refusal.time, redo=True)))

    @rule()
    def prove(self) -> None:
        for held in self.world.l1.tail[:1]:
            self.world.post(self.world.closed[held.digest])

    @rule()
    def remember(self) -> None:
        self.checkpoints = [*self.checkpoints[-2:], self.world.l1.checkpoint()]

    @rule(place=st.integers(0, 2))
    def reorganise(self, place: int) -> None:
        if place < len(self.checkpoints):
            self.world.l1.revert_to(self.checkpoints[place])
            del self.checkpoints[place + 1 :]

    @invariant()
    def owes_no_more_than_it_has(self) -> None:
        assert self.world.l1.funds >= self.world.l1.owed

    @invariant()
    def can_go_on(self) -> None:
        state, now = self.world.l1.checkpoint(), self.world.now
        go_on(self.world)
        self.world.l1.revert_to(state)
        self.world.now = now


def attempt(call: Callable[[], T]) -> T | None:
    """The call's answer, or None where L1 reverts it."""
    try:
        return call()
    except Reverted:
        return None


def bent(entries: Sequence[QueueEntry], first: int, how: str) -> Sequence[QueueEntry]:
    """Entries that are not those of the queue."""
    if how == "fewer":
        return entries[:-1]
    if how == "other" and entries:
        return [*entries[:-1], replace(entries[-1], amount=LEAST + 2)]
    if how == "more":
        return [*entries, venue.credit(first + len(entries), 0, LEAST)]
    return entries


def go_on(world: World) -> None:
    """What an honest operator does next. Any revert or refusal of it fails the test."""
    l1 = world.l1
    world.prove_tail()
    if l1.refusal is not None:
        world.prove_honestly(time=l1.refusal.time, redo=True)
    batches = l1.proved_number
    while l1.proved_number == batches or l1.queued:
        world.now = 1 + max(world.now, world.head.time, l1.redo_until)
        world.prove_honestly()
    for sender in list(l1.pending):
        l1.withdraw(sender)
    assert (l1.queued, l1.tail, l1.refusal) == (0, (), None)
    assert l1.funds == l1.owed == l1.custody


TestVenue = Venue.TestCase
TestVenue.settings = settings(stateful_step_count=50)
