"""L1s that are each wrong in one way about the reports that they are given."""

from collections.abc import Sequence
from dataclasses import replace

from rollup.l1.checks import PRICE_REVERTS
from rollup.l1.development import LocalL1
from rollup.l1.given import GivenReports, Wanted
from rollup.l1.interface import Address, Revert, Reverted
from rollup.oracle.package import SignedPackage
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance


class _TakesReports(LocalL1):
    ignored: Revert

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        try:
            return super().give_reports(sender, reports)
        except Reverted as error:
            if error.reason is not self.ignored:
                raise
            return 0


GIVEN_REASONS = (
    Revert.BAD_ADDRESS,
    Revert.BAD_REPORTS,
    Revert.REPORT_AHEAD,
    Revert.REPORT_STALE,
    *(each for each in PRICE_REVERTS.values() if each.value.startswith("report-")),
)
TAKES_REPORTS = tuple(
    type(f"Takes{reason.name.title().replace('_', '')}", (_TakesReports,), {"ignored": reason})
    for reason in GIVEN_REASONS
)


class KeepsTheLastReport(GivenReports):
    def hold(self, report: SignedPackage, signer: Address, at: int) -> bool:
        held = self.slots.get(report.package.time, {})
        held.pop((report.package.points[0].feed, signer), None)
        return super().hold(report, signer, at)


class CountsFromTheLastCall(GivenReports):
    def hold(self, report: SignedPackage, signer: Address, at: int) -> bool:
        is_new = super().hold(report, signer, at)
        held = self.slots[report.package.time]
        key = (report.package.points[0].feed, signer)
        held[key] = replace(held[key], at=at)
        return is_new


class ForgetsNoSlot(GivenReports):
    def forget(self, wanted: Wanted) -> None:
        pass


class ForgetsTheHeads(GivenReports):
    def forget(self, wanted: Wanted) -> None:
        super().forget(replace(wanted, first=wanted.first + 1000))


class OfAnySlot(GivenReports):
    def withheld(self, header: BatchHeader, governance: Governance, now: int) -> list[int]:
        times = [slot + governance.oracle.lag_ms for slot in self.slots]
        headers = [replace(header, time=time) for time in times]
        judge = super().withheld
        return [each for one in headers for each in judge(one, governance, now)]


class OfAnyMarket(GivenReports):
    def withheld(self, header: BatchHeader, governance: Governance, now: int) -> list[int]:
        return super().withheld(replace(header, missing=2**64 - 1), governance, now)


WRONG_GIVEN = (
    KeepsTheLastReport,
    CountsFromTheLastCall,
    ForgetsNoSlot,
    ForgetsTheHeads,
    OfAnySlot,
    OfAnyMarket,
)

ABOUT_GIVEN = {
    "OfWhateverIsMissing",
    "JudgesByTheSameMoment",
    *(kind.__name__ for kind in (*TAKES_REPORTS, *WRONG_GIVEN)),
}
"""Names of those that the scenarios of one group find, which would else come last."""
