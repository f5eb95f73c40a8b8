"""Headers, parameters and given reports: the contract answers whatever the mock answers."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

import pytest

from rollup.harness.books import Closed
from rollup.l1.deployment import ENTRY_WAIT_MS
from rollup.l1.interface import Refusal, Revert, Reverted
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import GOVERNANCE_TAG, Governance
from rollup.protocol.oracle import REPORTS_MAX
from sequencer.oracle import signers as signing
from tests.helpers import venue
from tests.helpers.l1 import AHEAD, BEHIND, DEADLINE, LEAST
from tests.helpers.oracle import KEYS, listing, oracle_terms, reports
from tests.helpers.oracle import STRANGER as NOBODY
from tests.helpers.twin import Twin
from tests.helpers.venue import BTC_MARKET, GOVERNANCE, PRICES

T = TypeVar("T")

STEPS: Final = 120
INTERVAL: Final = 50


def unsafe(**changes: object) -> Governance:
    """Parameters that break a bound, as somebody could send them."""
    made = replace(GOVERNANCE)
    for name, value in changes.items():
        object.__setattr__(made, name, value)
    return made


SLOW = replace(GOVERNANCE.oracle, slot_ms=400, lag_ms=2_000)
GOVERNANCES: Final = (
    GOVERNANCE,
    replace(GOVERNANCE, clock_behind_ms=40_000),
    replace(GOVERNANCE, clock_behind_ms=0, clock_ahead_ms=INTERVAL),
    replace(GOVERNANCE, oracle=SLOW),
    replace(GOVERNANCE, oracle=replace(GOVERNANCE.oracle, quorum=3, lag_ms=0)),
    replace(GOVERNANCE, oracle=replace(GOVERNANCE.oracle, signers=(KEYS[0].address,), quorum=1)),
    listing(GOVERNANCE, (*GOVERNANCE.markets, replace(BTC_MARKET, symbol="THIRD"))),
    replace(GOVERNANCE, clock_ahead_ms=19_999),
    replace(GOVERNANCE, clock_ahead_ms=20_000),
    replace(GOVERNANCE, clock_behind_ms=0, clock_ahead_ms=INTERVAL - 2),
    replace(GOVERNANCE, fee_account=3),
    unsafe(refresh_fee=1 << 13),
    unsafe(clock_ahead_ms=1 << 60, refresh_fee=1 << 13),
    unsafe(clock_behind_ms=0, clock_ahead_ms=0, refresh_fee=1 << 13),
)

ANOTHER: Final = replace(
    GOVERNANCE, oracle=oracle_terms(("XBT", "XET"), PRICES, slot_ms=GOVERNANCE.oracle.slot_ms)
)
"""Of other feeds."""


class Player:
    """Calls of all kinds in an order that a seed says, on both at once."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.twin = Twin(interval_ms=INTERVAL, entries_least=2)
        self.waiting: list[Closed] = []

    def play(self) -> None:
        calls = (
            self.wait,
            self.give,
            self.give,
            self.deposit,
            self.announce,
            self.bring,
            self.bring,
            self.bring_anything,
            self.bring_anything,
            self.hold_back,
            self.withhold,
            self.redo,
            self.prove,
            self.prove,
        )
        for _ in range(STEPS):
            with suppress(Reverted):
                self.draw.choice(calls)()
        self.twin.require_same()

    def wait(self) -> None:
        waits = [1, 100, 1_000, 15_000, 31_000, BEHIND, BEHIND + 1, DEADLINE + 1]
        weights = [8, 8, 8, 6, 2, 1, 1, 1]
        self.twin.pass_time(self.draw.choices(waits, weights)[0])

    def deposit(self) -> None:
        account = self.draw.randrange(1, 4)
        with suppress(Reverted):
            self.twin.register(account, LEAST)
        self.twin.credit(venue.owner(account), 1, LEAST)

    def announce(self) -> None:
        number = self.twin.l1.head_number + self.draw.choice([0, 1, 1, 2, 4])
        self.twin.announce(self.draw.choice(GOVERNANCES), number)

    def give(self) -> None:
        """A quorum of a slot, or what resembles it."""
        l1, now, draw = self.twin.l1, self.twin.now, self.draw
        governance = l1.governance_for(l1.head_number + 1, now)
        back = draw.choice([0, 0, 0, 1, 1, 2, 600, -20])
        refused = l1.refusal
        time = now if refused is None or draw.random() < 0.5 else refused.time
        time -= back * governance.oracle.slot_ms
        self.twin.give(self.bent(governance, reports(governance, PRICES, time), time))

    def bent(
        self, governance: Governance, given: list[SignedPackage], time: int
    ) -> Sequence[SignedPackage]:
        """Reports of one market or of both, or a list that counts for nothing."""
        draw, half = self.draw, len(KEYS)
        known = [each for each in given if each.package.points[0].feed == feed_of(governance, 0)]
        fewer = [known[:2], known[1:], known, given, given]
        other = governance.oracle.slot(time) + governance.oracle.slot_ms
        slot = governance.oracle.slot(time)
        nobody = signing.reports(NOBODY, governance, PRICES[:1], slot)
        two = DataPackage((*given[0].package.points, DataPoint(b"\xff" * 32, 1)), slot)
        bends = [
            *fewer * 3,
            [],
            known[:1],
            known[::-1],
            [known[0], *known],
            [*known, *reports(governance, PRICES, other)[:half]],
            nobody,
            reports(ANOTHER, PRICES[:1], time),
            [SignedPackage(two, bytes(65)), *known],
            known * (REPORTS_MAX // half + 1),
            [replace(known[0], signature=bytes(65)), *known[1:]],
        ]
        return draw.choice(bends)

    def close(self, time: int) -> Closed:
        last = self.waiting[-1] if self.waiting else None
        return self.twin.honest(time=time, after=last)

    def on_grid(self, time: int) -> int:
        start = self.twin.genesis.time
        return start + (time - start) // INTERVAL * INTERVAL

    def bring(self) -> None:
        """Honest batches on the tail, brought at once or a while after they were closed."""
        self.twin.now = max(self.twin.now, self.twin.head.time + INTERVAL)
        count = self.draw.choice([1, 1, 2, 3])
        for _ in range(count):
            last = self.waiting[-1] if self.waiting else None
            least = (self.twin.head.time if last is None else last.header.time) + INTERVAL
            self.waiting.append(self.close(max(least, self.on_grid(self.twin.now))))
        if self.draw.random() < 0.4:
            with suppress(Reverted):
                self.wait()
                self.give()
        waiting, self.waiting = self.waiting, []
        for closed in waiting:
            if not self.twin.commit(closed).is_taken:
                return
            if self.draw.random() < 0.1:
                self.twin.commit(closed)

    def bring_anything(self) -> None:
        """A header of the operator's choice."""
        draw, l1, tip = self.draw, self.twin.l1, self.twin.head
        entries = self.wrong(l1.queue[tip.deposits : tip.deposits + 8], tip.deposits)
        when = self.twin.now if l1.refusal is None else l1.refusal.time
        when = self.on_grid(when + draw.choice([0, 0, 0, -BEHIND, AHEAD, AHEAD + 99, -1_000]))
        when += draw.choice([0] * 9 + [1])
        redo = (l1.refusal is not None or when <= l1.redo_until) != (draw.random() < 0.3)
        governance = draw.choice([None, None, None, *GOVERNANCES[:3]])
        closed = self.twin.close(time=when, redo=redo, governance=governance, entries=entries)
        changes = draw.choice([{}] * 6 + self.lies(closed))
        closed = replace(closed, header=replace(closed.header, **changes))
        self.twin.commit(closed)
        if draw.random() < 0.3:
            self.twin.commit(closed)

    def wrong(self, entries: Sequence[QueueEntry], first: int) -> Sequence[QueueEntry]:
        """Entries that are those of the queue, or are not."""
        how = self.draw.choice(["", "", "none", "fewer", "other", "more"])
        if how == "none":
            return []
        if how == "fewer":
            return entries[:-1]
        if how == "other" and entries:
            return [*entries[:-1], replace(entries[-1], amount=LEAST + 2)]
        if how == "more":
            return [*entries, venue.credit(first + len(entries), 0, LEAST)]
        return entries

    def lies(self, closed: Closed) -> list[dict[str, object]]:
        header = closed.header
        return [
            {"number": header.number + 1},
            {"number": max(1, header.number - 1)},
            {"old_root": (5,) * 8},
            {"time": max(0, self.twin.head.time - self.draw.choice([0, INTERVAL]))},
            {"deposits_before": header.deposits_before + 1},
            {"begins_open": True, "missing": 0},
            {"missing": self.draw.randrange(8)},
            {"public": b"\x07" * 32},
        ]

    def hold_back(self) -> None:
        """A batch that takes nothing of the queue, sooner or later."""
        self.deposit()
        self.twin.pass_time(self.draw.choice([29_000, 30_000, 30_100, 31_000]))
        time = self.on_grid(self.twin.now)
        self.twin.commit(self.twin.close(time=time, entries=self.draw.choice([[], None])))

    def withhold(self) -> None:
        """A batch without reports that L1 had, or had not yet, when its header came."""
        self.twin.pass_time(self.draw.choice([200, 5_000]))
        time, l1 = self.on_grid(self.twin.now), self.twin.l1
        governance = l1.governance_for(l1.head_number + 1, time)
        with suppress(Reverted):
            signed = reports(governance, PRICES, time)
            self.twin.give(signed[: self.draw.choice([2, 3, len(signed)])])
        self.twin.pass_time(self.draw.choice([0, 1, 40]))
        self.twin.commit(self.twin.close(time=time, redo=time <= l1.redo_until))

    def redo(self) -> None:
        refusal = self.twin.l1.refusal
        if refusal is not None:
            self.twin.commit(self.twin.honest(time=refusal.time, redo=True))

    def prove(self) -> None:
        for held in self.twin.l1.tail[:1]:
            if held.digest in self.twin.closed:
                self.twin.post(self.twin.closed[held.digest])


def feed_of(governance: Governance, market: int) -> bytes:
    return governance.oracle.feeds[market].feed


SEEDS: Final = range(12)
REACHED: Final = {
    Revert.HEADER_EXISTS,
    Revert.WRONG_NUMBER,
    Revert.OLD_ROOT,
    Revert.CLOCK_NOT_ADVANCED,
    Revert.OFF_GRID,
    Revert.CLOCK_AHEAD,
    Revert.DEPOSITS_SKIPPED,
    Revert.REDO_TIME,
    Revert.REDO_WANTED,
    Revert.REDO_UNCALLED,
    Revert.PROOF_OVERDUE,
    Revert.INTERVAL_TOO_LONG,
    Revert.GOVERNANCE_UNSAFE,
    Revert.DELAY_TOO_SHORT,
    Revert.GOVERNANCE_CHANGED,
    Revert.BAD_REPORTS,
    Revert.REPORT_AHEAD,
    Revert.REPORT_STALE,
    Revert.REPORT_SLOT,
    Revert.REPORT_FEED,
    Revert.REPORT_SIGNATURE,
    Revert.REPORT_SIGNER,
    Revert.REPORT_REPEATED,
    Revert.REPORT_ORDER,
    Revert.REPORT_QUORUM,
    *Refusal,
}


@pytest.fixture(scope="module")
def reasons() -> set[Revert | Refusal]:
    found: set[Revert | Refusal] = set()
    for seed in SEEDS:
        player = Player(seed)
        player.play()
        found |= player.twin.reasons
    return found


def test_random_calls_are_answered_as_the_mock_answers(reasons: set[Revert | Refusal]) -> None:
    """And between them the calls meet every reason that there is."""
    assert reasons >= REACHED, sorted(REACHED - reasons)


def test_bytes_that_are_no_parameters_are_unsafe_ones() -> None:
    """Clock bounds are asked for before anything else is, where they are there."""
    linked, data, count = Twin().linked, GOVERNANCE.encode(), len(GOVERNANCE_TAG)
    for length in range(0, len(data), 5):
        asked = ("announce", data[:length], 1, venue.START)
        assert linked.call(*asked) is Revert.GOVERNANCE_UNSAFE
    for many in (0, 3, 65, 1 << 32, (1 << 64) - 1):
        bent = data[:count] + many.to_bytes(8, "big") + data[count + 8 :]
        assert linked.call("announce", bent, 1, venue.START) is Revert.GOVERNANCE_UNSAFE
    assert linked.call("announce", data, 1, venue.START) == venue.START + Twin().delay


# The last moment of each bound, and the first behind it.


def refusal_of(twin: Twin, closed: Closed) -> Refusal | Revert | None:
    """Why both refuse a header, on record or not; None where both hold it."""
    try:
        refused = twin.commit(closed).refusal
    except Reverted as error:
        return error.reason
    return None if refused is None else refused.reason


@pytest.mark.parametrize(("late", "found"), [(0, None), (1, Revert.PROOF_OVERDUE)])
def test_a_proof_has_until_its_deadline(late: int, found: Revert | None) -> None:
    twin = Twin()
    twin.pass_time(1)
    twin.take()
    twin.pass_time(DEADLINE + late)
    assert refusal_of(twin, twin.close()) is found


@pytest.mark.parametrize(("late", "found"), [(0, None), (1, Refusal.CLOCK_BEHIND)])
def test_a_header_has_until_its_clock_bound(late: int, found: Refusal | None) -> None:
    twin = Twin()
    closed = twin.close(time=twin.now + 1)
    twin.pass_time(1 + BEHIND + late)
    assert refusal_of(twin, closed) is found


@pytest.mark.parametrize(("early", "found"), [(0, None), (1, Revert.CLOCK_AHEAD)])
def test_a_header_comes_no_earlier_than_its_clock_bound(early: int, found: Revert | None) -> None:
    twin = Twin()
    assert refusal_of(twin, twin.close(time=twin.now + AHEAD + early)) is found


@pytest.mark.parametrize(("late", "found"), [(0, None), (1, Refusal.QUEUE_HELD_BACK)])
def test_an_entry_waits_no_longer_than_it_may(late: int, found: Refusal | None) -> None:
    twin = Twin()
    twin.register(1, LEAST)
    twin.pass_time(ENTRY_WAIT_MS + late)
    assert refusal_of(twin, twin.close(entries=[])) is found


def test_a_redo_is_taken_once_its_refusal_has_ceased_to_hold() -> None:
    """What is on record of it is no answer for ever, or the venue could stand still."""
    twin = Twin()
    twin.pass_time(1_000)
    assert refusal_of(twin, twin.close(governance=GOVERNANCES[1])) is Refusal.GOVERNANCE
    before = twin.l1.checkpoint()
    entry = twin.register(1, LEAST)
    twin.l1.revert_to(before)
    redo = twin.close(time=twin.now, redo=True, entries=[entry])
    for _ in range(2):
        assert refusal_of(twin, redo) is Refusal.DEPOSIT_NOT_QUEUED
    assert twin.register(1, LEAST) == entry
    assert refusal_of(twin, redo) is None


def test_a_late_redo_that_nobody_called_for_is_held_and_put_on_record() -> None:
    """A reorganisation can have taken back the refusal that it answers."""
    twin = Twin()
    closed = twin.close(time=twin.now + 1, redo=True)
    assert refusal_of(twin, closed) is Revert.REDO_UNCALLED
    twin.pass_time(1 + BEHIND + 1)
    assert refusal_of(twin, closed) is None
    assert twin.l1.redo_until == twin.now


def test_what_no_closed_batch_can_be_under_is_replaced_and_nothing_else() -> None:
    twin = Twin()
    first = twin.announce(GOVERNANCES[1], 9)
    twin.pass_time(twin.delay - AHEAD - 1)
    twin.announce(GOVERNANCES[1], 8)
    twin.pass_time(twin.delay - AHEAD)
    twin.announce(GOVERNANCES[3], 7)
    numbers = [each.number for each in twin.l1.parameters]
    assert numbers == [0, 8, 7] and first < twin.now
