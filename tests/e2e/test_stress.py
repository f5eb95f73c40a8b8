"""A fall through the installed command: liquidated, proved, verified, replayed; at `fast`."""

from pathlib import Path

import pytest

from tests.helpers.candles import fall, write
from tests.helpers.program import crypsis


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stress") / "target"


@pytest.fixture(scope="module")
def record(target: Path) -> dict[str, object]:
    """Two minutes of a fall by 4.3 % each, after two in which everybody trades: all proved."""
    file = write(target.parent / "btc_1m.csv", fall(7_400, 0.043, 2))
    given = ("--accounts", 10, "--insecure-seed", 3, "--target", target, "--prove", "--json")
    done = crypsis("stress", file, *given)
    assert done.code == 0, done.stdout + done.stderr
    return done.json


def test_every_batch_is_proved_and_verified(record: dict[str, object]) -> None:
    assert record["every_batch_verified"] is True
    batches = record["batches"]
    assert isinstance(batches, list) and len(batches) == record["replayed"] == 4
    for batch in batches:
        assert batch["verified"] and batch["bits"] >= 100 and batch["prove_s"] > 0
        assert batch["due"] == 0 and batch["least_equity"] >= 0


def test_somebody_was_liquidated(record: dict[str, object]) -> None:
    first_time, taken, fees = (record[n] for n in ("first_time", "taken", "liquidation_fees"))
    assert isinstance(first_time, int) and isinstance(taken, int) and isinstance(fees, int)
    assert first_time > 0 and taken > fees > 0


def test_anybody_can_check_the_proofs_and_that_they_join(
    record: dict[str, object], target: Path
) -> None:
    done = crypsis("verify", target / "batches", "--json")
    assert done.code == 0, done.stdout + done.stderr


def test_the_journal_gives_the_same_roots(record: dict[str, object], target: Path) -> None:
    done = crypsis("replay", target / "private" / "journal", "--json")
    assert done.code == 0
    batches = record["batches"]
    assert isinstance(batches, list)
    assert [each["root"] for each in done.json["batches"]] == [each["root"] for each in batches]


def test_the_report_is_there_and_in_one_piece(record: dict[str, object], target: Path) -> None:
    assert record["report"] == str(target / "stress.html")
    text = (target / "stress.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    assert "verified by L1" in text and "Seconds of a proof" in text


def test_a_wrong_file_or_time_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "btc_1m.csv", fall(7_400, 0.01, 2))
    broken = tmp_path / "eth_1m.csv"
    broken.write_text("date,open\n", encoding="utf-8")
    target = ("--target", tmp_path / "target")
    done = crypsis("stress", file, broken, *target)
    assert done.code == 3 and "eth_1m.csv: line 1: 6 columns are wanted" in done.stderr
    done = crypsis("stress", file, "--hours", 1, *target)
    assert done.code == 3 and "in common" in done.stderr
    done = crypsis("stress", file, "--begin", "yesterday", *target)
    assert done.code == 2 and "a time as 2020-03-12T10:00 is wanted" in done.stderr
    assert crypsis("stress").code == 2
