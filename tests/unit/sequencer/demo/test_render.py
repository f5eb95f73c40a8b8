"""What a demonstration says: every event in words, the tables, and when it counts as a success."""

from dataclasses import replace
from pathlib import Path

import pytest

from sequencer.demo.events import (
    BatchClosed,
    BatchOpened,
    DemoEvent,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    ProofPhase,
    Proved,
)
from sequencer.demo.render import lines_of, tables
from sequencer.demo.summary import Summary

ROOT = (1, 2, 3, 4, 5, 6, 7, 8)
MARKET = MarketReady("synthetic, seed 1", ("BTC-PERP",), (618_002,), (1,), 3, 4, ROOT, False)
OPENED = BatchOpened(1, 1_000, (618_002,), 3, 5_000_000, {"key-off-curve": 1})
CLOSED = BatchClosed(
    number=1,
    envelopes=40,
    envelope_bytes=304,
    cancels=2,
    refused={"margin": 1},
    orders=30,
    fills=20,
    carried=4,
    accounts=9,
    wanted=20,
    matched=20,
    notional=7_000_000,
    old_root=ROOT,
    new_root=ROOT,
    batch_bytes=1000,
    signing_s=0.1,
    sequencing_s=0.1,
    closing_s=0.1,
)
META = {"cells": 13_800_000, "parameter_set": "fast", "bits": 102.6}
PROVED = Proved(1, 3.25, 1_234_652, Path("target/batches/000001"), META)
POSTED = Posted(1, 612.0, ROOT, 0, "")
REFUSED = ForgeryJudged("inflated balance", "a lie", "rules", "old-root", "openings")
REPLAYED = JournalReplayed(Path("journal"), 1, ROOT)
EVENTS: tuple[DemoEvent, ...] = (MARKET, OPENED, CLOSED, PROVED, POSTED, REFUSED, REPLAYED)


def summary_of(*events: DemoEvent) -> Summary:
    summary = Summary()
    for event in events:
        summary.add(event)
    return summary


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (MARKET, "BTC-PERP 61,800.2"),
        (MARKET, "3 traders, 4 deposits"),
        (OPENED, "3 credited (5 USDC), refused: 1 key-off-curve"),
        (CLOSED, "40 of 304 bytes (2 cancels), refused: 1 margin"),
        (CLOSED, "20 fills of 30 orders (4 carried over), 20 of the feed's 20 trades, 7 USDC"),
        (PROVED, "3.25 s, 1206 KiB, 102.6 proven bits: target/batches/000001"),
        (POSTED, "accepted in 612 ms, root 010000000200"),
        (REPLAYED, "1 batches replayed"),
    ],
)
def test_an_event_is_said_in_words(event: DemoEvent, said: str) -> None:
    assert said in "\n".join(lines_of(event))


def test_insecure_keys_and_a_revert_are_said_aloud() -> None:
    assert "nothing here is private" in "\n".join(lines_of(replace(MARKET, insecure=True)))
    assert "REVERTED: proof" in "\n".join(lines_of(replace(POSTED, reverted="proof")))


def test_a_batch_is_a_row_and_a_forgery_is_refused_with_its_reason() -> None:
    text = tables(summary_of(*EVENTS))
    for word in ("30", "20", "9", "13.8 M", "3.25", "1206", "612", "102.6", "accepted"):
        assert word in text
    assert "old-root: openings" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_demonstration_succeeds_only_whole() -> None:
    assert summary_of(*EVENTS).succeeded
    assert not summary_of(*EVENTS[:-1]).succeeded
    assert not summary_of(*EVENTS, replace(REFUSED, refused_by="")).succeeded
    reverted = replace(POSTED, reverted="proof")
    assert not summary_of(MARKET, OPENED, CLOSED, PROVED, reverted, REPLAYED).succeeded


def test_the_record_has_a_row_a_batch() -> None:
    record = summary_of(*EVENTS, ProofPhase(1, "proof: main")).to_record()
    (row,) = record["batches"]  # type: ignore[misc]
    assert row["fills"] == 20 and row["accepted"] and row["bits"] == 102.6
    assert record["forgeries"] == [
        {
            "name": "inflated balance",
            "refused_by": "rules",
            "reason": "old-root",
            "detail": "openings",
        }
    ]
