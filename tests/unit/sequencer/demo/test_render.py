"""What a demonstration says: every event in words, the tables, and when it counts as a success."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sequencer.cli import verify_command
from sequencer.demo.events import (
    BatchClosed,
    BatchOpened,
    DemoEvent,
    EvmAbsent,
    EvmReady,
    EvmTransaction,
    EvmTrial,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    ProofPhase,
    Proved,
    VenueLeft,
)
from sequencer.demo.render import lines_of, tables
from sequencer.demo.summary import Summary

ROOT = (1, 2, 3, 4, 5, 6, 7, 8)
MARKET = MarketReady(
    feed="synthetic, seed 1",
    symbols=("BTC-PERP",),
    prices=(618_002,),
    decimals=(1,),
    traders=3,
    queued=4,
    root=ROOT,
    insecure=False,
    divisors=(1,),
    window_ms=1_000,
)
RECORDED = replace(
    MARKET,
    symbols=("ETH-PERP",),
    divisors=(1_000,),
    skipped={"event forceOrder": 1_402, "cut last line": 1},
    window_ms=8_000,
    windows=4_300,
    shape_class="M",
    proves=False,
)
OPENED = BatchOpened(1, 1_000, (618_002,), 3, 5_000_000, {"key-off-curve": 1})
CLOSED = BatchClosed(
    number=1,
    envelopes=40,
    envelope_bytes=432,
    cancels=2,
    refused={"margin": 1},
    orders=30,
    fills=20,
    carried=4,
    accounts=9,
    wanted=20,
    matched=20,
    left_out=0,
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
EVM = EvmReady("anvil", "S", 10, 33_270_691, 0.62)
SENT = (EvmTransaction("begin", 79_172, 8_417_556), EvmTransaction("queries 0 to 19", 9_999, 777))
LEFT_OUT = (SENT[0], EvmTransaction("queries 0 to 19", 9_999, None))
WHOLE = EvmTrial("as it is", False, SENT, True, "", "")
CHANGED = EvmTrial("of a query", True, LEFT_OUT, False, "path: tree 2", "path: LOOKUP tree")
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
        (CLOSED, "40 of 432 bytes (2 cancels), refused: 1 margin"),
        (CLOSED, "20 fills of 30 orders (4 carried over), 20 of the feed's 20 trades, 7 USDC"),
        (MARKET, "class S, a batch every 1 s"),
        (RECORDED, "skipped: 1,402 event forceOrder, 1 cut last line"),
        (RECORDED, "sizes divided: ETH-PERP by 1,000"),
        (RECORDED, "class M, a batch every 8 s; the feed lasts for 4,300"),
        (RECORDED, "neither proved nor posted to L1: --no-prove"),
        (replace(CLOSED, left_out=1_500), "left out   1,500 more trades of the window"),
        (PROVED, "3.25 s, 1,206 KiB, 102.6 proven bits: target/batches/000001"),
        (POSTED, "accepted in 612 ms, root 010000000200"),
        (REPLAYED, "1 batch replayed"),
        (EVM, "EVM: anvil, a node of its own; 10 contracts that verify class S created in 0.6 s"),
        (replace(EVM, engine="revm"), "EVM: revm in this process, which bills a little less"),
    ],
)
def test_an_event_is_said_in_words(event: DemoEvent, said: str) -> None:
    lines = lines_of(event)
    assert " ".join(said.split()) in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80


def test_a_line_that_is_folded_goes_on_under_where_it_began() -> None:
    refused = {f"reason-{number}": number for number in range(1, 12)}
    first, second, third = lines_of(replace(OPENED, refused=refused))[1:]
    assert first.startswith("  deposits   3 credited")
    for line in (second, third):
        assert line[:13] == " " * 13 != line[:14]
    assert not any(line.split()[-1].isdigit() for line in (first, second, third))


def test_a_word_is_never_broken() -> None:
    folder = Path("/" + "a-long-name/" * 20)
    assert str(folder) in lines_of(replace(PROVED, folder=folder))[-1]


def test_insecure_keys_and_a_revert_are_said_aloud() -> None:
    assert "nothing here is private" in "\n".join(lines_of(replace(MARKET, insecure=True)))
    assert "REVERTED: proof" in "\n".join(lines_of(replace(POSTED, reverted="proof")))


def test_a_batch_is_a_row_and_a_forgery_is_refused_with_its_reason() -> None:
    text = tables(summary_of(*EVENTS))
    for word in ("30", "20", "3.25", "1,206", "612", "102.6", "accepted"):
        assert word in text
    assert "old-root: openings" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_tables_fit_80_columns_whatever_their_numbers() -> None:
    closed = replace(CLOSED, orders=2_048, fills=1_024, left_out=12_345, accounts=1_536)
    proved = replace(PROVED, seconds=1_234.5, proof_bytes=12_345_678)
    posted = replace(POSTED, verify_ms=12_345)
    forgery = replace(REFUSED, detail="many words of a long reason " * 9 + "x" * 100)
    text = tables(summary_of(MARKET, replace(OPENED, number=999), closed, proved, posted, forgery))
    assert max(map(len, text.splitlines())) <= 80
    for word in ("2,048", "12,345", "1,234.50", "12,056", "accepted", "010000000200"):
        assert word in text
    assert (text.count("many"), text.count("x")) == (9, 100)


def test_a_run_without_proofs_says_so_and_succeeds_without_l1() -> None:
    summary = summary_of(RECORDED, OPENED, CLOSED, REFUSED, REPLAYED)
    assert summary.succeeded and summary.last_bundle is None
    text = tables(summary)
    assert "No batch was proved or posted to L1: --no-prove" in text
    assert "bits" not in text and "L1\n" not in text and "010000000200" in text
    record = summary.to_record()
    assert record["proved"] is False and record["skipped"] == RECORDED.skipped
    assert not summary_of(RECORDED, OPENED, REFUSED, REPLAYED).succeeded
    assert not summary_of(MARKET, OPENED, CLOSED, REFUSED, REPLAYED).succeeded


def test_the_command_to_check_a_proof_works_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "a b" / "crypsis"
    program.parent.mkdir()
    program.touch()
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    monkeypatch.chdir(tmp_path)
    public = Path("target/batches/000003/public")
    assert verify_command(public, "fast", "S") == f"'a b/crypsis' verify {public}"
    said = verify_command(tmp_path / public, "l1-tall", "M")
    assert said == f"'a b/crypsis' verify {public} --parameters l1-tall --shape-class M"
    monkeypatch.chdir(program.parent)
    assert verify_command(tmp_path / public, "fast", "S").startswith("./crypsis verify /")
    program.unlink()
    assert verify_command(public, "fast", "S") == f"crypsis verify {public}"


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


def test_the_act_on_an_evm_is_two_tables() -> None:
    text = tables(summary_of(*EVENTS, EVM, WHOLE, CHANGED))
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert "begin 79,172 8,417,556 good" in words
    assert "queries 0 to 19 9,999 777 good, and all: PROVED" in words
    assert "the whole proof 89,171 8,418,333" in words
    assert "of a query contract, queries 0 to 19 path: tree 2 Python path: LOOKUP tree" in words
    text = tables(summary_of(*EVENTS, EVM, WHOLE, replace(CHANGED, on_chain="", in_python="")))
    assert "NOBODY on chain" in text and "NOBODY in Python" in text


def test_a_venue_that_is_left_is_a_table_and_as_the_mock_has_it() -> None:
    pytest.importorskip("eth_abi", reason="the extra `evm` brings it")
    from rollup.harness.left_venue import Exit

    exits = (
        Exit("bob", "freeze after a day", reason="not-overdue"),
        Exit("bob", "freeze after eight", gas=64_257),
        Exit("alice", "escape", 5_100_000_000, gas=1_206_818),
    )
    summary = summary_of(*EVENTS, EVM, WHOLE, CHANGED, VenueLeft(exits, as_mock=True))
    assert summary.succeeded
    words = " ".join(tables(summary).split())
    assert "bob freeze after a day refused: not-overdue bob" in words
    assert "bob freeze after eight 64,257 done" in words
    assert words.endswith("alice escape 1,206,818 5,100.00 USDC")
    assert max(map(len, tables(summary).splitlines())) <= 80
    differs = summary_of(*EVENTS, EVM, WHOLE, CHANGED, VenueLeft(exits, as_mock=False))
    assert not differs.succeeded and "THE MOCK ANSWERS OTHERWISE" in tables(differs)
    record = summary.to_record()["evm"]
    assert record["left_venue"]["exits"][2]["paid"] == 5_100_000_000  # type: ignore[index]


def test_no_evm_is_a_line_and_no_failure() -> None:
    summary = summary_of(*EVENTS, EvmAbsent("no node runs here"))
    assert summary.succeeded and summary.to_record()["evm"] == {"lacks": "no node runs here"}
    assert tables(summary).endswith("\n\nThe last batch on an EVM: left out: no node runs here")


def test_contracts_that_differ_from_python_are_a_failure() -> None:
    honest = summary_of(*EVENTS, EVM, WHOLE, CHANGED)
    assert honest.succeeded
    assert summary_of(*EVENTS).to_record()["evm"] is None
    record = honest.to_record()["evm"]
    assert record["engine"] == "anvil" and len(record["trials"]) == 2  # type: ignore[index]
    for trial in (
        replace(WHOLE, proved=False),
        replace(WHOLE, on_chain="path"),
        replace(WHOLE, in_python="path"),
        replace(CHANGED, proved=True),
        replace(CHANGED, on_chain="fold: tree 2"),
        replace(CHANGED, in_python=""),
        replace(CHANGED, on_chain="", in_python=""),
    ):
        assert not trial.is_as_wanted
        assert not summary_of(*EVENTS, EVM, WHOLE, CHANGED, trial).succeeded
