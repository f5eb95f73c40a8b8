"""A venue's prices in its life: missing without a quorum, the same after a restart and in a
redo."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.l1.interface import Revert, Reverted
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage, feed_id
from rollup.protocol.pricing import PriceFault, PriceKind, pricing_of, require_priced
from sequencer.batches.replay import replay
from sequencer.oracle import signers
from sequencer.service.reports import select
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.l1 import BEHIND
from tests.helpers.oracle import KEYS, STEP, STRANGER, reports
from tests.helpers.running import SETUP, WINDOW_MS, Running
from tests.unit.rollup.protocol import test_pricing as rule

UP = (601_000, 251_000)


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path / "target")


def test_a_batch_has_the_prices_of_its_reports_and_the_next_goes_on_from_there(
    running: Running,
) -> None:
    running.open(UP)
    closed = running.close()
    public = closed.outcome.public
    assert public.prices == UP and public.book_before.prices == small.PRICES
    assert len(public.reports) == 2 * len(KEYS)
    assert running.venue.commit_headers() is None
    running.post(closed)
    running.venue.open_batch(running.world.now + WINDOW_MS)
    after = running.close().outcome.public
    assert after.prices == after.book_before.prices == UP and after.reports == ()
    assert require_priced(after, plain_signer_of).kinds == (PriceKind.MISSING,) * 2


def test_a_price_that_jumps_is_clamped_until_it_has_arrived(running: Running) -> None:
    far = (small.BTC_PRICE * 106 // 100, small.ETH_PRICE)
    running.open(far)
    selection = running.venue.selection
    assert selection is not None and selection.pricing.kinds[0] is PriceKind.CLAMPED
    first = running.close().batch.prices[0]
    assert first == small.BTC_PRICE * (10_000 + STEP) // 10_000
    running.open(far)
    assert running.close().batch.prices[0] == far[0]


def test_what_signers_did_not_sign_moves_nothing_and_is_counted(running: Running) -> None:
    time = running.world.now + WINDOW_MS
    slot = small.GOVERNANCE.oracle.slot(time)
    forged = [each for _ in KEYS for each in signers.reports(STRANGER, small.GOVERNANCE, UP, slot)]
    stale = reports(small.GOVERNANCE, UP, time - 100)
    alone = reports(small.GOVERNANCE, UP, time)[:1]
    running.venue.open_batch(time, [*forged, *stale, *alone])
    selection = running.venue.selection
    assert selection is not None and selection.reports == ()
    assert running.venue.prices == small.PRICES
    faults = sorted({refused.fault.value for refused in selection.refused})
    assert faults == ["report-quorum", "report-signer", "report-slot"]
    assert len(selection.refused) == len(forged) + len(stale) + len(alone)


def test_reports_are_in_the_journal_so_a_restart_and_a_replay_have_the_same(
    running: Running,
) -> None:
    running.open(UP)
    closed = running.close()
    running.restart()
    (again,) = running.venue.unproved
    assert again.batch == closed.batch and again.header == closed.header
    (replayed,) = replay(running.folder.journal, SETUP)
    assert replayed.outcome.public == closed.outcome.public
    assert running.venue.commit_headers() is None
    running.post(again)


def test_a_crash_in_an_open_batch_keeps_its_reports(running: Running) -> None:
    running.open(UP)
    running.restart()
    assert running.venue.prices == UP
    assert running.close().outcome.public.prices == UP


def test_a_batch_made_anew_has_the_reports_that_it_had(running: Running) -> None:
    running.open(UP)
    first = running.close()
    running.open()
    second = running.close()
    running.world.pass_time(BEHIND + 10_000)
    wanted = running.venue.commit_headers()
    assert wanted is not None and wanted.reason == "clock-behind"
    anew = running.venue.redo(wanted)
    assert [each.batch.reports for each in anew] == [first.batch.reports, second.batch.reports]
    assert [each.batch.prices for each in anew] == [UP, small.PRICES]
    assert all(each.batch.redo for each in anew)
    assert running.venue.commit_headers() is None
    for each in anew:
        running.post(each)


def test_l1_takes_no_proof_of_a_batch_at_prices_that_nobody_signed(running: Running) -> None:
    """An operator that changes its own journal's price, and proves it."""
    running.open()
    work = running.venue.core.work
    assert work is not None
    forged = (small.BTC_PRICE + 1, *small.PRICES[1:])
    first, *others = work.book.markets
    lie = replace(work.book, markets=(replace(first, price=forged[0]), *others))
    running.venue.core.work = replace(work, book=lie)
    closed = running.close()
    assert closed.outcome.public.prices == forged
    assert running.venue.commit_headers() is None, "a header does not say"
    with pytest.raises(Reverted) as caught:
        running.post(closed)
    assert caught.value.reason is Revert.PRICE_DIFFERS


class Silent:
    """Signers that stop."""

    def __init__(self, behind: object) -> None:
        self.behind = behind
        self.is_silent = False

    def of(self, slot: int) -> Sequence[SignedPackage]:
        found: Sequence[SignedPackage] = self.behind.of(slot)  # type: ignore[attr-defined]
        return found[:1] if self.is_silent else found


def test_a_daemon_whose_signers_fall_silent_goes_on_and_says_so_once(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    source = Silent(simulation.daemon._reports)
    simulation.daemon._reports = source
    simulation.pass_time(3 * INTERVAL_MS)
    moved = simulation.running.venue.prices
    source.is_silent = True
    simulation.pass_time(6 * INTERVAL_MS)
    assert simulation.heard("prices are not fresh") == 1
    assert simulation.heard("1 report-quorum") == 1
    stood = simulation.running.venue.prices
    source.is_silent = False
    simulation.pass_time(3 * INTERVAL_MS)
    assert simulation.heard("prices are fresh again") == 1
    assert simulation.running.venue.prices != stood
    assert moved != small.PRICES
    simulation.drain()
    proved = simulation.world.l1.proved_number
    assert proved >= 11 and simulation.posted == list(range(1, proved + 1))


# What a venue takes of all that it is offered.


def _offered(random: Random) -> list[SignedPackage]:
    """Reports of all kinds, honest and not, in any order, some twice."""
    pool = [package for lie, _ in rule.LIES.values() for package in lie]
    pool += [*rule.reports(rule.BTC_VALUES), *rule.reports([250_000_000_000] * 5, "ETH")]
    return [random.choice(pool) for _ in range(random.randrange(24))]


def test_whatever_a_venue_is_offered_what_it_takes_is_by_the_rule_and_nothing_is_left_out() -> None:
    random = Random("offers")
    for _ in range(60):
        offered = _offered(random)
        chosen = select(rule.GOVERNANCE, rule.TIME, rule.BEFORE, offered)
        again = pricing_of(rule.GOVERNANCE, rule.TIME, rule.BEFORE, chosen.reports, plain_signer_of)
        assert again == chosen.pricing
        assert len(chosen.reports) + len(chosen.refused) == len(offered)
        shuffled = random.sample(offered, len(offered))
        assert select(rule.GOVERNANCE, rule.TIME, rule.BEFORE, shuffled).reports == chosen.reports


@pytest.mark.parametrize("name", rule.LIES)
def test_a_venue_leaves_out_what_counts_for_nothing_and_says_why(name: str) -> None:
    lie, reason = rule.LIES[name]
    honest = rule.reports([*rule.BTC_VALUES, rule.BTC_VALUES[0], rule.BTC_VALUES[0]])
    spoilt = [package for package in lie if package not in honest]
    chosen = select(rule.GOVERNANCE, rule.TIME, rule.BEFORE, [*honest, *spoilt])
    assert chosen.pricing.kinds[0] is PriceKind.FRESH
    if reason not in (PriceFault.REPORT_ORDER, PriceFault.REPORT_QUORUM) and spoilt:
        assert reason in {refused.fault for refused in chosen.refused}


def test_a_package_of_several_feeds_is_left_out() -> None:
    points = tuple(DataPoint(feed_id(name), 1) for name in ("BTC", "ETH"))
    package = DataPackage(points, rule.SLOT)
    big = SignedPackage(package, rule.KEYS[0].sign(package.digest()))
    (refused,) = select(rule.GOVERNANCE, rule.TIME, rule.BEFORE, [big]).refused
    assert refused.fault is PriceFault.REPORT_FEED
