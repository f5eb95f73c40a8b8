"""Signed reports on chain: read and judged as the rules do, with the same reasons."""

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto.address_key import signer_of
from rollup.crypto.plain_recovery import plain_signer_of
from rollup.crypto.signature_form import ORDER
from rollup.harness.reports import BENDS as BENT
from rollup.harness.reports import QUORUM, reports_of, signer_addresses
from rollup.l1.checks import PRICE_REVERTS
from rollup.l1.interface import Revert
from rollup.oracle.package import (
    DataPackage,
    DataPoint,
    PackageError,
    SignedPackage,
    feed_id,
    packages_from_bytes,
    packages_to_bytes,
)
from rollup.protocol.market import Governance
from rollup.protocol.oracle import (
    REPORTS_MAX,
    lower_median,
    require_reports,
    values_of,
)
from rollup.protocol.pricing import (
    PriceFault,
    PriceRefused,
    judged_together,
)
from rollup.protocol.rejection import Rejected
from tests.helpers.contracts import MALFORMED, CallRefused, Probe, members_of
from tests.helpers.price_vectors import BTC, ETH, GOVERNANCE, KEYS, SLOT
from tests.helpers.price_vectors import STRANGER as UNREGISTERED
from tests.helpers.venue_batches import PricedBatch, batches, signed
from tests.unit.rollup.oracle.test_package import PACKAGE, PUBLISHED

PROBE = Probe("PricingProbe")
Reports = tuple[SignedPackage, ...]


def said_by_contract(governance: Governance, slot: int, data: bytes) -> list[tuple[int, bytes]]:
    """Market and signer of each report, as the contract judges them."""
    markets, signers = PROBE.ask("judged", governance, slot, data)
    addresses = [bytes.fromhex(text.removeprefix("0x")) for text in signers]
    return list(zip(markets, addresses, strict=True))


# Bytes.


def honest() -> Reports:
    """Three signers of five for both markets."""
    return tuple(
        signed(key, feed_id(name), value * unit + place, SLOT)
        for name, value, unit in (("BTC", 60_010, BTC), ("ETH", 2_510, ETH))
        for place, key in enumerate(KEYS[:3])
    )


def test_reports_are_read_from_their_bytes() -> None:
    reports, fits = PROBE.ask("read", packages_to_bytes(honest()))
    assert fits and reports == members_of(PROBE, "read", honest())
    assert PROBE.ask("read", packages_to_bytes(())) == ((), True)


def test_as_many_reports_as_a_batch_can_have_are_read_and_no_more() -> None:
    one = honest()[0]
    reports, fits = PROBE.ask("read", packages_to_bytes((one,) * REPORTS_MAX))
    assert fits and len(reports) == REPORTS_MAX
    assert PROBE.ask("read", packages_to_bytes((one,) * (REPORTS_MAX + 1))) == ((), False)


def test_a_package_of_two_feeds_is_none_of_a_batch() -> None:
    points = tuple(DataPoint(feed_id(name), 1) for name in ("BTC", "ETH"))
    package = DataPackage(points, SLOT)
    two = SignedPackage(package, KEYS[0].sign(package.digest()))
    published = SignedPackage(PACKAGE, b64decode(PUBLISHED))
    for reports in ((two,), (published,), (*honest(), two), (two, *honest())):
        assert PROBE.ask("read", packages_to_bytes(reports)) == ((), False)


def _with(place: int, value: bytes) -> bytes:
    data = packages_to_bytes(honest())
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(3),
        packages_to_bytes(honest())[:-1],
        packages_to_bytes(honest()) + b"\0",
        packages_to_bytes(honest())[:4],
        _with(0, (5).to_bytes(4, "big")),
        _with(0, (7).to_bytes(4, "big")),
        _with(4, (141).to_bytes(4, "big")),
        _with(4, (143).to_bytes(4, "big")),
        _with(4, (2**32 - 1).to_bytes(4, "big")),
        _with(8 + 70, (31).to_bytes(4, "big")),
        _with(8 + 70, (2**31 + 32).to_bytes(4, "big")),
        _with(8 + 74, (2).to_bytes(3, "big")),
        _with(8 + 74, bytes(3)),
        _with(8 + 74, (2**23 + 1).to_bytes(3, "big")),
    ],
)
def test_other_bytes_are_no_reports(data: bytes) -> None:
    assert PROBE.refusal("read", data) == MALFORMED


@given(st.lists(st.tuples(st.integers(0, 879), st.integers(1, 255)), min_size=1, max_size=3))
def test_bytes_changed_are_other_reports_or_none(changes: list[tuple[int, int]]) -> None:
    data = bytearray(packages_to_bytes(honest()))
    for place, change in changes:
        data[place] ^= change
    try:
        wanted = packages_from_bytes(bytes(data))
        require_reports(wanted)
    except (PackageError, Rejected):
        try:
            assert PROBE.ask("read", bytes(data)) == ((), False)
        except CallRefused as refused:
            assert refused.reason == MALFORMED
    else:
        assert PROBE.ask("read", bytes(data)) == (members_of(PROBE, "read", wanted), True)


# Judged.


def resigned(report: SignedPackage, **changes: Any) -> SignedPackage:
    """The same with another package, by the first signer."""
    package = replace(report.package, **changes)
    return SignedPackage(package, KEYS[0].sign(package.digest()))


def _parts(report: SignedPackage) -> tuple[int, int, int]:
    signature = report.signature
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    return r, s, signature[64]


def signature_as(
    change: Callable[[int, int, int], tuple[int, int, int]],
) -> Callable[[Reports], Reports]:
    """The first with other parts of its signature."""

    def bend(reports: Reports) -> Reports:
        r, s, v = change(*_parts(reports[0]))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((v,))
        return (replace(reports[0], signature=signature), *reports[1:])

    return bend


LIES: dict[str, tuple[Callable[[Reports], Reports], PriceFault]] = {
    "of the slot before": (
        lambda r: (resigned(r[0], time=SLOT - 10_000), *r[1:]),
        PriceFault.REPORT_SLOT,
    ),
    "one ms late": (lambda r: (resigned(r[0], time=SLOT + 1), *r[1:]), PriceFault.REPORT_SLOT),
    "the last of the slot after": (
        lambda r: (*r[:-1], resigned(r[-1], time=SLOT + 10_000)),
        PriceFault.REPORT_SLOT,
    ),
    "of another feed": (
        lambda r: (resigned(r[0], points=(DataPoint(feed_id("SOL"), 1),)), *r[1:]),
        PriceFault.REPORT_FEED,
    ),
    "by a stranger": (
        lambda r: (signed(UNREGISTERED, feed_id("BTC"), 1, SLOT), *r[1:]),
        PriceFault.REPORT_SIGNER,
    ),
    "another value under the signature": (
        lambda r: (replace(r[0], package=r[1].package), *r[1:]),
        PriceFault.REPORT_SIGNER,
    ),
    "malleated": (
        signature_as(lambda r, s, v: (r, ORDER - s, 55 - v)),
        PriceFault.REPORT_SIGNATURE,
    ),
    "the other parity": (signature_as(lambda r, s, v: (r, s, 55 - v)), PriceFault.REPORT_SIGNER),
    "v of 0": (signature_as(lambda r, s, v: (r, s, v - 27)), PriceFault.REPORT_SIGNATURE),
    "v of 29": (signature_as(lambda r, s, v: (r, s, 29)), PriceFault.REPORT_SIGNATURE),
    "r of 0": (signature_as(lambda r, s, v: (0, s, v)), PriceFault.REPORT_SIGNATURE),
    "r of the order": (signature_as(lambda r, s, v: (ORDER, s, v)), PriceFault.REPORT_SIGNATURE),
    "s of 0": (signature_as(lambda r, s, v: (r, 0, v)), PriceFault.REPORT_SIGNATURE),
    "s of the half and one": (
        signature_as(lambda r, s, v: (r, ORDER // 2 + 1, v)),
        PriceFault.REPORT_SIGNATURE,
    ),
    "s above the order": (
        signature_as(lambda r, s, v: (r, 2**256 - 1, v)),
        PriceFault.REPORT_SIGNATURE,
    ),
    "r of no point": (signature_as(lambda r, s, v: (5, s, v)), PriceFault.REPORT_SIGNATURE),
    "zeros": (signature_as(lambda r, s, v: (0, 0, 0)), PriceFault.REPORT_SIGNATURE),
    "twice": (lambda r: (r[0], *r), PriceFault.REPORT_REPEATED),
    "twice with two values": (
        lambda r: (signed(KEYS[0], feed_id("BTC"), 1, SLOT), *r),
        PriceFault.REPORT_REPEATED,
    ),
    "the first again at the end": (lambda r: (*r, r[0]), PriceFault.REPORT_REPEATED),
    "signers that fall": (lambda r: (r[1], r[0], *r[2:]), PriceFault.REPORT_ORDER),
    "markets that fall": (lambda r: (*r[3:], *r[:3]), PriceFault.REPORT_ORDER),
    "one short": (lambda r: r[1:], PriceFault.REPORT_QUORUM),
    "one short of the last": (lambda r: r[:-1], PriceFault.REPORT_QUORUM),
    "a quorum of both together": (lambda r: (*r[:2], *r[3:4]), PriceFault.REPORT_QUORUM),
}


@pytest.mark.parametrize("name", LIES)
def test_reports_that_count_for_nothing_are_refused(name: str) -> None:
    bend, fault = LIES[name]
    reports = bend(honest())
    for recover in (signer_of, plain_signer_of):
        with pytest.raises(PriceRefused) as caught:
            judged_together(GOVERNANCE, SLOT, reports, recover)
        assert caught.value.fault is fault
    data = packages_to_bytes(reports)
    assert PROBE.refusal("judged", GOVERNANCE, SLOT, data) is PRICE_REVERTS[fault]


def test_every_fault_of_reports_has_a_lie() -> None:
    wanted = {fault for fault in PriceFault if fault.name.startswith("REPORT_")}
    assert {fault for _, fault in LIES.values()} == wanted


def test_the_earlier_report_and_the_earlier_check_say_the_reason() -> None:
    """Two lies at once: the place decides, and of one report the order of the checks."""
    late, unknown = LIES["one ms late"][0], LIES["of another feed"][0]
    both = (late(honest())[0], unknown(honest())[0])
    for reports in (both, both[::-1]):
        with pytest.raises(PriceRefused) as caught:
            judged_together(GOVERNANCE, SLOT, reports, signer_of)
        wanted = PRICE_REVERTS[caught.value.fault]
        assert PROBE.refusal("judged", GOVERNANCE, SLOT, packages_to_bytes(reports)) is wanted
    worst = resigned(honest()[0], time=SLOT + 1, points=(DataPoint(feed_id("SOL"), 1),))
    data = packages_to_bytes((replace(worst, signature=bytes(65)),))
    assert PROBE.refusal("judged", GOVERNANCE, SLOT, data) is Revert.REPORT_SLOT


def test_markets_and_signers_are_said() -> None:
    wanted = judged_together(GOVERNANCE, SLOT, honest(), signer_of)
    assert said_by_contract(GOVERNANCE, SLOT, packages_to_bytes(honest())) == wanted


def test_before_the_first_slot_no_report_counts() -> None:
    assert (
        PROBE.refusal("judged", GOVERNANCE, -1, packages_to_bytes(honest())) is Revert.REPORT_SLOT
    )
    assert PROBE.ask("judged", GOVERNANCE, -1, packages_to_bytes(())) == ((), ())


@given(batches(), st.randoms(use_true_random=False))
def test_what_is_said_of_each_market_does_not_depend_on_whether_it_counts(
    batch: PricedBatch, random: Any
) -> None:
    """In any order, of feeds that no market has too."""
    reports = [*batch.reports, signed(KEYS[0], feed_id("SOL"), 1, 0)]
    random.shuffle(reports)
    by_feed = values_of(reports)
    wanted = tuple(
        (len(values), lower_median(values) if values else 0)
        for feed in batch.governance.oracle.feeds
        for values in [by_feed.get(feed.feed, [])]
    )
    found = PROBE.ask("said", batch.governance.oracle, packages_to_bytes(tuple(reports)))
    assert found == wanted


BENDS: Sequence[Callable[[list[SignedPackage], int], Any]] = (
    lambda reports, place: reports.pop(place),
    lambda reports, place: reports.insert(place, reports[place]),
    lambda reports, place: reports.append(reports[place]),
    lambda reports, place: reports.insert(0, reports.pop(place)),
    lambda reports, place: reports.reverse(),
    lambda reports, place: reports.insert(place, resigned(reports[place])),
    lambda reports, place: reports.insert(place, resigned(reports[place], time=0)),
)


@given(batches(), st.sampled_from(BENDS), st.integers(0, 100))
def test_bent_reports_are_judged_as_the_rules_do(
    batch: PricedBatch, bend: Callable[[list[SignedPackage], int], Any], place: int
) -> None:
    reports = list(batch.reports)
    if reports:
        bend(reports, place % len(reports))
    slot = batch.governance.oracle.slot(batch.time)
    require_judged_alike(batch.governance, slot, tuple(reports))


def require_judged_alike(governance: Governance, slot: int, reports: Reports) -> None:
    """Contract and rules say the same of reports, or refuse them with the same reason."""
    data = packages_to_bytes(reports)
    if any(len(report.package.points) != 1 for report in reports):
        assert PROBE.ask("read", data) == ((), False)
        return
    try:
        wanted = judged_together(governance, slot, reports, signer_of)
    except PriceRefused as refused:
        reason = PRICE_REVERTS[refused.fault]
        assert PROBE.refusal("judged", governance, slot, data) is reason
    else:
        assert said_by_contract(governance, slot, data) == wanted


@pytest.mark.parametrize("name", BENT)
def test_what_scenarios_say_of_reports_is_judged_as_the_rules_do(name: str) -> None:
    oracle = replace(GOVERNANCE.oracle, signers=signer_addresses(), quorum=QUORUM)
    governance = replace(GOVERNANCE, oracle=oracle)
    values = {"BTC": [60_010 * BTC] * 3, "ETH": [2_510 * ETH] * 4}
    require_judged_alike(governance, SLOT, BENT[name](reports_of(values, SLOT)))
