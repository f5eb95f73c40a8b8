"""A stress test with a prover that proves nothing: everything else is real."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rollup.protocol.margin import Holding
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import CLASS_R
from sequencer.demo.market.tape.error import TapeError
from sequencer.stress.candles import MINUTE_MS, read_candles
from sequencer.stress.figures import Figures, hours_of
from sequencer.stress.render import TABLE_WIDTH, tables
from sequencer.stress.report import report_html
from sequencer.stress.run import StressError, is_conserved, run_stress
from sequencer.stress.stage import MAKERS, StressOptions
from tests.helpers.candles import START_MS, fall, write
from tests.helpers.readable import readable_in
from tests.helpers.venue import held
from tests.unit.sequencer.demo.test_run import StandIn


def options(folder: Path, minutes: int = 6, **members: Any) -> StressOptions:
    """Two markets that fall by 4 % a minute."""
    files = tuple(
        read_candles(write(folder / name, fall(first, 0.04, minutes)))
        for name, first in (("btc_1m.csv", 7_400), ("eth_1m.csv", 190))
    )
    given = {"files": files, "root": folder / "target", "accounts": 12, "insecure_seed": 5}
    return StressOptions(**{**given, **members})


def run(given: StressOptions, prover: StandIn | None = None) -> Figures:
    stand_in = StandIn() if prover is None else prover
    return list(run_stress(given, stand_in, [stand_in]))[-1]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return run(options(tmp_path_factory.mktemp("stress")))


def test_a_fall_liquidates_and_leaves_nobody_due_or_below_zero(figures: Figures) -> None:
    assert figures.total("liquidated") >= figures.total("first_time") > 0
    assert figures.total("taken") > figures.total("liquidation_fees") > 0
    assert all(row.due == 0 and row.least >= 0 and row.is_closed for row in figures.batches)
    assert figures.longest_open_step == 1
    assert sum(figures.batches[-1].open_interest) > 0
    assert figures.succeeded and figures.replayed == len(figures.batches) == figures.windows


def test_who_holds_both_of_two_markets_that_part_is_refreshed_and_keeps_all(tmp_path: Path) -> None:
    files = tuple(
        read_candles(write(tmp_path / name, fall(first, share, 4)))
        for name, first, share in (("btc_1m.csv", 7_400, 0.02), ("eth_1m.csv", 190, -0.04))
    )
    done = run(options(tmp_path, files=files, accounts=40))
    assert done.total("refreshed") > 0
    assert all(row.is_closed and row.due == 0 for row in done.batches)


def test_a_venue_with_a_crash_class_says_how_many_batches_had_it(tmp_path: Path) -> None:
    """Twelve accounts fill no batch of class S, so none does."""
    done = run(options(tmp_path, minutes=2, crash_class=CLASS_R))
    assert done.succeeded and done.crash_batches == 0
    record = done.to_record()
    assert (record["crash_class"], record["crash_batches"]) == ("R", 0)
    assert {row.shape_class for row in done.batches} == {"S"}
    page = report_html(done)
    assert "class S or R" in page and "batches of class R" in page


def test_the_backstop_gets_fees_and_carries_what_it_took(figures: Figures) -> None:
    rows = figures.batches
    funded = next(place for place, row in enumerate(rows) if row.backstop)
    assert rows[funded].backstop == figures.backstop_start
    assert rows[-1].backstop != figures.backstop_start


def test_prices_follow_the_candles(figures: Figures) -> None:
    last = figures.batches[-1].prices
    closes = [7_400 * 0.96**6, 190 * 0.96**6]
    for market, price, close in zip(figures.markets, last, closes, strict=True):
        assert price / 10**market.price_decimals == pytest.approx(close, rel=1e-3)


def test_the_same_seeds_give_the_same_roots(tmp_path: Path, figures: Figures) -> None:
    again = run(options(tmp_path))
    assert [row.root for row in again.batches] == [row.root for row in figures.batches]
    other = run(options(tmp_path, seed=2))
    assert other.batches[-1].root != figures.batches[-1].root


def test_every_batch_is_proved_and_verified_where_that_is_wanted(tmp_path: Path) -> None:
    done = run(options(tmp_path, minutes=2, accounts=4, proves=True))
    assert done.every_batch_verified and done.succeeded
    assert all(row.proof is not None and row.proof.bits == 0 for row in done.batches)
    assert "every one proved and verified by L1" in tables(done)


class Liar(StandIn):
    """Its proofs are refused."""

    def verify(self, public: PublicInput, proof: bytes) -> None:
        super().verify(public, proof + b"!")


def test_a_proof_that_l1_refuses_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(StressError, match="batch 1: L1 reverted"):
        run(options(tmp_path, minutes=2, accounts=4, proves=True), Liar())


def test_nobody_reads_a_published_leaf_with_what_l1_shows(tmp_path: Path) -> None:
    done = run(options(tmp_path, minutes=2, accounts=4))
    found = readable_in(tmp_path / "target")
    assert len(found) == done.windows and not any(found.values())


def test_with_little_of_a_backstop_others_are_deleveraged_and_that_is_said(tmp_path: Path) -> None:
    done = run(options(tmp_path, backstop=10))
    assert done.succeeded
    assert done.total("deleveraged") and done.total("closed")
    assert not any(row.due for row in done.batches)
    assert done.longest_open_step == 1


def test_a_part_of_the_files_is_taken_where_it_is_asked_for(tmp_path: Path) -> None:
    given = options(tmp_path, minutes=130, begin=START_MS + 5 * MINUTE_MS, hours=2, accounts=2)
    start, end = given.span
    assert (start, end) == (START_MS + 5 * MINUTE_MS, START_MS + 125 * MINUTE_MS)
    assert given.prelude == -(-(2 + MAKERS + 1) // 64) + 1
    with pytest.raises(TapeError):
        _ = options(tmp_path, hours=2).span


def test_a_batch_may_take_longer_than_a_minute(tmp_path: Path) -> None:
    """Prices that hardly move for ten minutes, and then fall by 4 % a minute."""
    files = tuple(
        read_candles(write(tmp_path / name, [*fall(first, 0.0, 10), *fall(first, 0.04, 6)]))
        for name, first in (("btc_1m.csv", 7_400), ("eth_1m.csv", 190))
    )
    given = options(tmp_path, files=files, every=5)
    done = run(given)
    ends = [row.time for row in done.batches][given.prelude - 1 :]
    lasted = [(after - before) // MINUTE_MS for before, after in pairwise(ends)]
    assert lasted == [5, 5, *[1] * 6]
    assert (ends[0], ends[-1]) == given.span and done.windows == given.prelude + len(lasted)
    assert done.succeeded and all(row.due == 0 and row.least >= 0 for row in done.batches)
    assert "every 5 minutes" in report_html(done)


def test_without_longer_batches_there_is_one_a_minute(figures: Figures) -> None:
    times = [row.time for row in figures.batches]
    assert {after - before for before, after in pairwise(times)} == {MINUTE_MS}
    assert "of class S every minute" in report_html(figures)


def test_a_step_that_stays_open_is_counted_by_its_batches(figures: Figures) -> None:
    closed = [True, False, False, True, True]
    rows = [replace(figures.batches[0], is_closed=each) for each in closed]
    open_figures = replace(figures, batches=rows)
    assert open_figures.step_lengths == [1, 1, 2, 3, 1]
    assert (open_figures.longest_open_step, open_figures.open_batches) == (3, 2)


def test_money_and_lots_are_conserved_or_the_run_failed(figures: Figures) -> None:
    assert figures.is_conserved and "money and lots were conserved" in tables(figures)
    first, *others = figures.batches
    lost = replace(figures, batches=[replace(first, is_conserved=False), *others])
    assert not lost.succeeded and "NOT conserved" in tables(lost)


@pytest.mark.parametrize(
    ("cash", "sizes", "conserved"),
    [((7, -2), (3, -3), True), ((7, -1), (3, -3), False), ((7, -2), (3, -2), False)],
)
def test_what_is_conserved(cash: tuple[int, int], sizes: tuple[int, int], conserved: bool) -> None:
    holdings = [Holding(*each) for each in zip(cash, map(held, sizes), strict=True)]
    assert is_conserved(holdings, 5, 2) is conserved


def test_lots_that_were_settled_are_paid_and_count() -> None:
    """A long of three was paid twelve a lot; who owes them has not been settled yet."""
    holdings = [Holding(41, held()), Holding(0, held(-3))]
    assert is_conserved(holdings, 5, 2, [(3, 12), (0, 7)])
    assert not is_conserved(holdings, 5, 2)
    assert not is_conserved(holdings, 5, 2, [(3, 11), (0, 7)])
    assert not is_conserved(holdings, 5, 2, [(0, 12), (3, 7)])


def test_hours_hold_every_batch_once(figures: Figures) -> None:
    hours = hours_of(figures)
    assert [row for hour in hours for row in hour.rows] == figures.batches
    assert hours[0].start == figures.start


def test_the_table_fits_a_terminal(figures: Figures) -> None:
    head = tables(figures).splitlines()[0]
    assert head.split()[:3] == ["hour", "fills", "liquidated"]
    table = tables(figures).split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= TABLE_WIDTH


class Page(HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_report_is_one_file_that_asks_nobody(figures: Figures) -> None:
    text = report_html(figures)
    page = Page(text)
    tags = [tag for tag, _ in page.found]
    assert tags.count("figure") == tags.count("svg") == 9
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(tags)
    for _, attributes in page.found:
        assert not {"src", "href", "action", "data", "onload", "onclick"} & set(attributes)
    assert re.search(r"url\(|@import|https?://", text) is None
    assert "prefers-color-scheme: dark" in text and "default-src 'none'" in text
    assert f"{figures.total('liquidated'):,}" in text


def test_the_record_has_a_row_for_each_batch(figures: Figures) -> None:
    record = figures.to_record()
    assert record["every_batch_verified"] is False and record["replayed"] == figures.windows
    rows = record["batches"]
    assert isinstance(rows, list)
    assert sum(row["liquidated"] for row in rows) == record["liquidated"]
