"""A folder of reports: what is written is read, what is no reports is said once and left out."""

from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from rollup.codec.strict import CodecError
from rollup.protocol.pricing import PriceKind
from sequencer.oracle.folder import (
    FILE_BYTES_MAX,
    FILES_MAX,
    ReportFolder,
    forget_before,
    slot_name,
    write_reports,
)
from sequencer.oracle.keys import write_keys
from sequencer.oracle.running import CATCH_UP_SLOTS, KEPT_SLOTS, SignerLoop
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.reports import select
from sequencer.service.venue_file import venue_from_toml
from tests.helpers import venue as small
from tests.helpers.market_books import book_of
from tests.helpers.oracle import EXAMPLE, KEYS, reports

SLOT = 1_700_000_000_000
SIGNED = reports(small.GOVERNANCE, small.PRICES, SLOT + 1_000)


def test_what_signers_leave_is_what_a_venue_reads(tmp_path: Path) -> None:
    for place, signed in enumerate(SIGNED):
        write_reports(tmp_path, SLOT, f"file-{place}", [signed])
    write_reports(tmp_path, SLOT + 100, "later", SIGNED)
    said: list[str] = []
    folder = ReportFolder(tmp_path, said.append)
    assert sorted(map(repr, folder.of(SLOT))) == sorted(map(repr, SIGNED))
    assert folder.of(SLOT + 200) == [] == said


def test_a_report_that_comes_again_under_its_name_replaces_the_first(tmp_path: Path) -> None:
    write_reports(tmp_path, SLOT, "one", SIGNED[:1])
    write_reports(tmp_path, SLOT, "one", SIGNED[1:2])
    assert list(ReportFolder(tmp_path, print).of(SLOT)) == SIGNED[1:2]


@pytest.mark.parametrize("bad", [b"", b"\0" * 3, b"\xff" * 100, bytes(FILE_BYTES_MAX + 1)])
def test_a_file_that_is_no_reports_is_said_once_and_the_others_count(
    tmp_path: Path, bad: bytes
) -> None:
    good = write_reports(tmp_path, SLOT, "good", SIGNED)
    (good.parent / "bad.reports").write_bytes(bad)
    (good.parent / "folder.reports").mkdir()
    said: list[str] = []
    folder = ReportFolder(tmp_path, said.append)
    for _ in range(3):
        assert list(folder.of(SLOT)) == SIGNED
    assert len(said) == 2 and all("no reports" in line for line in said)


def test_a_flood_of_files_is_read_as_far_as_signers_there_could_be(tmp_path: Path) -> None:
    for place in range(FILES_MAX + 10):
        write_reports(tmp_path, SLOT, f"{place:03d}", SIGNED[:1])
    assert len(ReportFolder(tmp_path, print).of(SLOT)) == FILES_MAX


def test_old_slots_are_forgotten_and_what_is_not_of_reports_stays(tmp_path: Path) -> None:
    for slot in (SLOT - 100, SLOT, SLOT + 100):
        write_reports(tmp_path, slot, "one", SIGNED)
    other = tmp_path / slot_name(SLOT - 200)
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    forget_before(tmp_path, SLOT)
    left = {slot_name(slot) for slot in (SLOT - 200, SLOT, SLOT + 100)}
    assert {path.name for path in tmp_path.iterdir()} == left


FILE = venue_from_toml(EXAMPLE.encode())
TERMS = FILE.governance.oracle


class Clock:
    """Time that goes on when it is asked, until it has gone on far enough."""

    def __init__(self, now: int, stop: Event, until: int) -> None:
        self.now, self.stop, self.until = now, stop, until

    def __call__(self) -> int:
        self.now += TERMS.slot_ms // 4
        if self.now >= self.until:
            self.stop.set()
        return self.now


class NoWait(Event):
    """Waits for nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None and timeout > 0
        return self.is_set()


def test_the_loop_signs_every_slot_once_and_those_that_a_batch_of_now_takes(
    tmp_path: Path,
) -> None:
    stop = NoWait()
    start = small.START + 123
    clock = Clock(start, stop, start + 30 * TERMS.slot_ms)
    prices = DevelopmentPrices(FILE.prices, FILE.swings, 1)
    signed: list[int] = []
    SignerLoop(KEYS, FILE, prices, tmp_path, clock).run(stop, signed.append)
    steps = {after - before for before, after in pairwise(signed)}
    assert steps == {TERMS.slot_ms} and len(signed) >= 29
    assert signed[0] == TERMS.slot(start + TERMS.slot_ms // 4), "of a batch that ends now"
    folder = ReportFolder(tmp_path, print)
    before = prices.at(signed[0])
    for slot in signed:
        time = slot + TERMS.lag_ms
        chosen = select(FILE.governance, time, book_of(before, FILE.governance), folder.of(slot))
        assert chosen.pricing.kinds == (PriceKind.FRESH,) * 2 and chosen.refused == ()
        assert chosen.pricing.prices == prices.at(slot)
        before = chosen.pricing.prices


def test_after_a_long_sleep_the_loop_goes_on_near_the_present(tmp_path: Path) -> None:
    stop = NoWait()
    times = iter([small.START, small.START, small.START + 10**9, small.START + 10**9])

    def clock() -> int:
        now = next(times, None)
        if now is None:
            stop.set()
            return small.START + 10**9
        return now

    prices = DevelopmentPrices(FILE.prices, FILE.swings, 1)
    signed: list[int] = []
    SignerLoop(KEYS, FILE, prices, tmp_path, clock).run(stop, signed.append)
    assert len(signed) <= CATCH_UP_SLOTS + 4
    kept = [int(path.name) for path in tmp_path.iterdir()]
    assert min(kept) >= signed[-1] - KEPT_SLOTS * TERMS.slot_ms


def test_keys_of_no_folder_are_refused_before_anything_is_signed(tmp_path: Path) -> None:
    with pytest.raises(CodecError):
        write_keys(tmp_path, [])
