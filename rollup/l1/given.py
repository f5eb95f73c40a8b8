"""Signed reports that anybody gave L1, by slot: what makes calling a market missing a lie.

Held are the slots that a header which is not committed yet could ask for, and no others: what can
be given is what registered signers signed, each once for a market and slot, so nobody can fill this
with anything else. Spec: docs/spec/12-prices.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.hash.keccak import keccak256
from rollup.l1.checks import PRICE_REVERTS
from rollup.l1.interface import Address, Revert, Reverted
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.oracle import REPORTS_MAX
from rollup.protocol.pricing import PriceRefused, judged_together

PROMPT_SLOTS_MAX: Final = 512
"""Slots, the newest, that a header in time could ask for: an hour and more of slots of 10 s, eight
minutes of slots of a second, where a header is late after one."""

LATE_SLOTS_MAX: Final = 256
"""Slots, the oldest, that only a redo could ask for: it comes back for the oldest first."""

SLOTS_MAX: Final = PROMPT_SLOTS_MAX + LATE_SLOTS_MAX
"""Of all slots held: with REPORTS_MAX of each, what L1 keeps of this has an end."""


@dataclass(frozen=True, slots=True)
class GivenReport:
    """A report, who signed it, and the L1 time in ms at which it was given."""

    report: SignedPackage
    signer: Address
    at: int

    @property
    def feed(self) -> bytes:
        """Of its one point."""
        return self.report.package.points[0].feed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What headers to come can ask for: slots from `first` on, those in time from `prompt` on."""

    first: int
    prompt: int


class GivenReports:
    """What is held: by slot, of each feed and signer the first report that came."""

    def __init__(self) -> None:
        self.slots: dict[int, dict[tuple[bytes, Address], GivenReport]] = {}

    @classmethod
    def restored(cls, reports: Iterable[GivenReport]) -> Self:
        """What held these."""
        given = cls()
        for each in reports:
            given.hold(each.report, each.signer, each.at)
        return given

    @property
    def all(self) -> Sequence[GivenReport]:
        """All that is held, in one order: by slot, feed and signer."""
        return [each for slot in sorted(self.slots) for each in self._of(slot)]

    @property
    def digests(self) -> Mapping[int, bytes]:
        """By slot the digest of all reports of it, which moves with each."""
        return {slot: reports_digest(self.of(slot)) for slot in self.slots}

    def of(self, slot: int) -> tuple[SignedPackage, ...]:
        """The reports of a slot."""
        return tuple(each.report for each in self._of(slot))

    def _of(self, slot: int) -> list[GivenReport]:
        held = self.slots.get(slot, {})
        return [held[key] for key in sorted(held)]

    def hold(self, report: SignedPackage, signer: Address, at: int) -> bool:
        """Keep a report, unless there is one of its signer; whether it was kept."""
        given = GivenReport(report, signer, at)
        held = self.slots.setdefault(report.package.time, {})
        return held.setdefault((given.feed, signer), given) is given

    def signers(self, feed: bytes, slot: int, until: int) -> set[Address]:
        """Whose report of a feed and slot came before an L1 time."""
        held = self.slots.get(slot, {}).values()
        return {each.signer for each in held if each.feed == feed and each.at < until}

    def has_room(self, slot: int, wanted: Wanted) -> bool:
        """Whether reports of a slot would be kept."""
        return slot in _kept({*self.slots, slot}, wanted)

    def forget(self, wanted: Wanted) -> None:
        """Drop what no header to come asks for, and what is beyond the bounds."""
        kept = _kept(self.slots, wanted)
        self.slots = {slot: held for slot, held in self.slots.items() if slot in kept}

    def withheld(self, header: BatchHeader, governance: Governance, now: int) -> list[int]:
        """The markets that a header calls missing although a quorum was held before `now`: of
        signers that its own parameters register, so that its batch can take what is held."""
        oracle = governance.oracle
        slot, signers = oracle.slot(header.time), set(oracle.signers)
        return [
            market
            for market, each in enumerate(oracle.feeds)
            if header.missing >> market & 1
            and len(self.signers(each.feed, slot, now) & signers) >= oracle.quorum
        ]


def _kept(slots: Iterable[int], wanted: Wanted) -> set[int]:
    """Those that are asked for. Of what only a redo can ask for the oldest, which it does first; of
    the others the newest."""
    asked = sorted(slot for slot in slots if slot >= wanted.first)
    late = [slot for slot in asked if slot < wanted.prompt]
    return {*late[:LATE_SLOTS_MAX], *asked[len(late) :][-PROMPT_SLOTS_MAX:]}


def reports_digest(reports: Sequence[SignedPackage]) -> bytes:
    """What names these reports in this order."""
    return keccak256(packages_to_bytes(tuple(reports)))


def slot_of(reports: Sequence[SignedPackage]) -> int:
    """The slot of the first report. Reverted unless these have the shape of a batch's reports."""
    if not 1 <= len(reports) <= REPORTS_MAX:
        detail = f"1 to {REPORTS_MAX} reports are wanted, not {len(reports)}"
        raise Reverted(Revert.BAD_REPORTS, detail)
    if any(len(report.package.points) != 1 for report in reports):
        raise Reverted(Revert.BAD_REPORTS, "a report is of one feed")
    return reports[0].package.time


def require_slot(slot: int, governance: Governance, now: int, wanted: Wanted) -> None:
    """Reverted unless a slot is one, is not to come, and can still be asked for."""
    if slot % governance.oracle.slot_ms:
        detail = f"slots are the multiples of {governance.oracle.slot_ms} ms, {slot} is none"
        raise Reverted(Revert.REPORT_SLOT, detail)
    if slot > now:
        raise Reverted(Revert.REPORT_AHEAD, f"slot {slot} is {slot - now} ms to come")
    if slot < wanted.first:
        detail = f"no header to come asks for slot {slot}, but for {wanted.first} and later"
        raise Reverted(Revert.REPORT_STALE, detail)


def signed_by(
    reports: Sequence[SignedPackage], governance: Governance, slot: int
) -> list[tuple[int, Address]]:
    """The market and signer of each. Reverted unless they count as a batch's do."""
    try:
        return judged_together(governance, slot, reports, plain_signer_of)
    except PriceRefused as refused:
        raise Reverted(PRICE_REVERTS[refused.fault], refused.detail) from refused
