"""Slots of given reports beyond the bounds of what is held: the contract keeps those that the rules
keep."""

import random
from dataclasses import replace
from typing import Final

import pytest

from rollup.l1.given import LATE_SLOTS_MAX, PROMPT_SLOTS_MAX, SLOTS_MAX, GivenReports, Wanted
from rollup.l1.interface import Revert
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.constants import TIME_BITS
from sequencer.oracle import signers
from tests.helpers.linked import MALFORMED, Linked
from tests.helpers.oracle import KEYS
from tests.helpers.venue import GOVERNANCE, PRICES

SIGNER: Final = KEYS[0]
ORACLE: Final = replace(
    GOVERNANCE.oracle, signers=(SIGNER.address,), quorum=1, slot_ms=10, lag_ms=40
)
BEHIND: Final = 6_000
GOVERNED: Final = replace(GOVERNANCE, oracle=ORACLE, clock_behind_ms=BEHIND)
START: Final = 1_000_000


class Slots:
    """What is held here and there; headers to come have at least the time `least`."""

    def __init__(self) -> None:
        self.contract = Linked("HeadersProbe")
        rules = (START, 1, 1 << TIME_BITS, 1 << TIME_BITS, 1)
        opened = self.contract.call("open", GOVERNED.encode(), bytes(32), rules, 1 << TIME_BITS)
        assert opened == ()
        self.model = GivenReports()
        self.now = self.least = START

    @property
    def wanted(self) -> Wanted:
        return Wanted(ORACLE.slot(self.least), ORACLE.slot(self.now - BEHIND))

    def give(self, slot: int) -> None:
        """Give one report of a slot, by its own signer, to both."""
        (report,) = signers.reports(SIGNER, GOVERNED, PRICES[:1], slot)[:1]
        found = self.contract.call("giveFor", 1, self.least, as_bytes(report), self.now)
        wanted = self.wanted
        if slot < wanted.first or not self.model.has_room(slot, wanted):
            assert found is Revert.REPORT_STALE
            return
        assert found == self.model.hold(report, SIGNER.address, self.now)
        self.model.forget(wanted)

    def require_same(self) -> None:
        assert list(self.contract.call("slots")) == sorted(self.model.slots)


def as_bytes(report: SignedPackage) -> bytes:
    return packages_to_bytes((report,))


def test_no_more_slots_are_held_than_may_be() -> None:
    """All late ones and all prompt ones, then one more of each, at each end."""
    slots = Slots()
    slots.now = START + 20_000
    first, prompt, last = slots.wanted.first, slots.wanted.prompt, slots.now // 10 * 10
    late = range(first, first + 10 * (LATE_SLOTS_MAX + 2), 10)
    newest = range(last - 10 * (PROMPT_SLOTS_MAX + 1), last + 10, 10)
    assert late[-1] < prompt <= newest[0]
    for slot in (*late, *newest, newest[0], late[-1], late[0]):
        slots.give(slot)
    slots.require_same()
    assert len(slots.model.slots) == SLOTS_MAX
    slots.now += BEHIND
    slots.give(slots.now // 10 * 10)
    slots.require_same()
    slots.least += 1_000
    slots.give(slots.now // 10 * 10)
    slots.require_same()
    assert 1 < len(slots.model.slots) < LATE_SLOTS_MAX


@pytest.mark.parametrize("seed", range(4))
def test_slots_in_any_order_are_held_as_the_rules_hold_them(seed: int) -> None:
    slots, draw = Slots(), random.Random(seed)
    for _ in range(1_500):
        slots.now += draw.choice([0, 1, 10, 30])
        if draw.random() < 0.02:
            slots.least = min(slots.now, slots.least + draw.choice([0, 50, 2_000]))
        reach = draw.choice([30, 300, BEHIND, slots.now - slots.wanted.first + 30])
        slots.give(max(0, slots.now - draw.randrange(reach)) // 10 * 10)
        if draw.random() < 0.05:
            slots.require_same()
    slots.require_same()


def test_a_slot_that_was_forgotten_begins_anew() -> None:
    """Its reports of before are of nobody: else what was dropped would count again."""
    slots = Slots()
    slots.now += 100
    slot = slots.now // 10 * 10
    slots.give(slot)
    assert slots.contract.call("giveFor", 1, slots.least, report_of(slot), slots.now) == 0
    slots.least += 10_000
    slots.now += 10_000
    slots.give(slots.now // 10 * 10)
    slots.least -= 10_000
    slots.require_same()
    slots.give(slot)
    assert slots.contract.logs[-1] == ("ReportsGiven", {"slot": slot, "market": 0, "signers": 1})
    slots.require_same()


def report_of(slot: int) -> bytes:
    return as_bytes(signers.reports(SIGNER, GOVERNED, PRICES[:1], slot)[0])


def test_bytes_that_are_no_reports_are_refused() -> None:
    slots = Slots()
    report = report_of(START)
    for data in (b"", report[:3], report[:-1], report + b"\0"):
        assert slots.contract.call("giveFor", 1, START, data, START) == MALFORMED
    nothing = packages_to_bytes(())
    assert slots.contract.call("giveFor", 1, START, nothing, START) is Revert.BAD_REPORTS
