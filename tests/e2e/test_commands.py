"""The other commands, on what a demonstration left and on what is not as it should be."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from circuits.stark.parameters import PARAMETER_SETS
from tests.helpers.blocked import without_extras
from tests.helpers.feeds import START_MS, trade, written
from tests.helpers.program import Demo, crypsis

OK, INVALID, USAGE, BAD_INPUT, ROOTS_DIFFER = 0, 1, 2, 3, 7


@pytest.fixture
def bundle(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the first batch's bundle, to be spoilt."""
    return Path(shutil.copytree(demo.batch(1) / "public", tmp_path / "public"))


def test_a_bundle_verifies_offline(bundle: Path) -> None:
    done = crypsis("verify", bundle, "--json")
    assert done.code == OK
    assert done.json["valid"] is True and done.json["parameter_set"] == "fast"


def test_a_bundle_verifies_where_nothing_but_the_base_dependencies_is_installed(
    bundle: Path,
) -> None:
    done = without_extras("verify", bundle, "--json")
    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout)["valid"] is True


def test_a_venues_folder_verifies_whole(demo: Demo) -> None:
    for folder in (demo.target, demo.target / "batches"):
        done = crypsis("verify", folder, "--json")
        assert done.code == OK
        assert (done.json["first"], done.json["last"], done.json["joined"]) == (1, 2, True)
        roots = [batch["root"] for batch in demo.record["batches"]]
        assert [batch["new_root"] for batch in done.json["batches"]] == roots


def test_a_folder_with_an_invalid_proof_exits_1_and_one_that_does_not_join_exits_7(
    demo: Demo, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(demo.target / "batches", tmp_path / "batches"))
    shutil.copytree(copy / "000002", copy / "again")
    done = crypsis("verify", copy, "--json")
    assert (done.code, done.json["reason"]) == (ROOTS_DIFFER, "NUMBER")
    proof = copy / "000002" / "public" / "proof.bin"
    proof.write_bytes(bytes(len(proof.read_bytes())))
    done = crypsis("verify", copy)
    assert done.code == INVALID
    assert f"{proof} (batch 2)" in done.stderr


def test_verify_says_the_statement_and_explains_it_and_quiet_says_nothing(bundle: Path) -> None:
    said = crypsis("verify", bundle, "--explain").stdout
    record = crypsis("verify", bundle, "--json").json
    for name in ("old_root", "new_root", "public_digest", "governance_digest", "pins_digest"):
        assert record[name] in said
    assert "What this does not show:" in said
    assert max(map(len, said.splitlines())) <= 80
    quiet = crypsis("verify", bundle, "-q")
    assert (quiet.code, quiet.stdout, quiet.stderr) == (OK, "", "")


@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_one_changed_byte_of_the_proof_is_refused_with_a_reason(bundle: Path, place: float) -> None:
    proof = bytearray((bundle / "proof.bin").read_bytes())
    proof[int(place * (len(proof) - 1))] ^= 1
    (bundle / "proof.bin").write_bytes(proof)
    done = crypsis("verify", bundle, "--json")
    assert done.code == INVALID
    assert done.json["valid"] is False and done.json["reason"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda proof: b"", "PROTOCOL_VERSION"),
        (lambda proof: b"short", "PROTOCOL_VERSION"),
        (lambda proof: b"\2" + proof[1:], "PROTOCOL_VERSION"),
        (lambda proof: proof[4:], "PROTOCOL_VERSION"),
        (lambda proof: proof[:4], "MALFORMED"),
        (lambda proof: proof[:-1], "MALFORMED"),
        (lambda proof: proof + b"\0", "MALFORMED"),
    ],
)
def test_a_proof_of_another_length_or_version_is_refused(bundle: Path, change, reason) -> None:
    file = bundle / "proof.bin"
    file.write_bytes(change(file.read_bytes()))
    done = crypsis("verify", bundle, "--json")
    assert (done.code, done.json["reason"]) == (INVALID, reason)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("number", 2),
        ("chain", 1),
        ("time", 1_900_000_000_000),
        ("new_root", "00" * 32),
        ("receipts", "00" * 32),
        ("total", "1"),
        ("prices", [1, 1]),
        ("deposits", []),
        ("version", 1),
        ("redo", True),
    ],
)
def test_any_change_of_the_public_input_is_refused(
    bundle: Path, member: str, value: object
) -> None:
    file = bundle / "public.json"
    public = json.loads(file.read_bytes())
    assert public[member] != value
    public[member] = value
    file.write_text(json.dumps(public, sort_keys=True, separators=(",", ":")))
    done = crypsis("verify", bundle, "--json")
    assert done.code == INVALID
    assert done.json["reason"]


@pytest.mark.parametrize("spoil", [lambda b: b + b"\n", lambda b: b" " + b, lambda b: b[:-1]])
def test_public_input_has_one_encoding(bundle: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    file = bundle / "public.json"
    file.write_bytes(spoil(file.read_bytes()))
    assert crypsis("verify", bundle).code == INVALID


def test_the_public_input_of_another_batch_is_refused(bundle: Path, demo: Demo) -> None:
    shutil.copy(demo.batch(2) / "public" / "public.json", bundle)
    assert crypsis("verify", bundle).code == INVALID


def test_another_parameter_set_is_refused_and_named(bundle: Path) -> None:
    done = crypsis("verify", bundle, "--parameters", "balanced")
    assert done.code == INVALID
    assert "these are the bytes of a proof of fast/S; " in done.stderr
    assert "--parameters and the public input say balanced/S" in done.stderr
    assert str(bundle / "proof.bin") in done.stderr
    done = crypsis("verify", bundle, "--shape-class", "M")
    assert done.code == INVALID
    assert "OTHER_CLASS: the batch is of shape class S; accepted is M" in done.stderr
    assert crypsis("verify", bundle, "--parameters", "insecure-test").code == USAGE


@pytest.mark.parametrize("missing", ["proof.bin", "public.json"])
def test_a_missing_file_of_a_bundle_is_bad_input(bundle: Path, missing: str) -> None:
    (bundle / missing).unlink()
    done = crypsis("verify", bundle)
    assert done.code == BAD_INPUT
    assert missing in done.stderr


def test_folders_and_strangers_are_bad_input(bundle: Path, tmp_path: Path) -> None:
    assert crypsis("verify", tmp_path / "nowhere").code == BAD_INPUT
    (bundle / "proof.bin").unlink()
    (bundle / "proof.bin").mkdir()
    assert crypsis("verify", bundle).code == BAD_INPUT


def test_execute_repeats_a_batch_without_a_proof(demo: Demo) -> None:
    done = crypsis("execute", demo.batch(2) / "private" / "batch.msgpack", "--json")
    assert done.code == OK
    assert done.json["new_root"] == demo.record["batches"][1]["root"]
    assert done.json["failures"] == []


@pytest.mark.parametrize("command", ["execute", "prove"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80", bytes(1000)])
def test_a_file_that_is_no_batch_is_bad_input(tmp_path: Path, command: str, content: bytes) -> None:
    file = tmp_path / "batch.msgpack"
    file.write_bytes(content)
    options = ["-o", tmp_path / "out"] if command == "prove" else []
    done = crypsis(command, file, *options)
    assert done.code == BAD_INPUT
    assert "batch" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_changed_batch_is_bad_input_or_rejected(demo: Demo, tmp_path: Path) -> None:
    data = bytearray((demo.batch(1) / "private" / "batch.msgpack").read_bytes())
    data[len(data) // 2] ^= 1
    file = tmp_path / "batch.msgpack"
    file.write_bytes(data)
    done = crypsis("prove", file, "-o", tmp_path / "out", "--json")
    assert done.code in {INVALID, BAD_INPUT}
    assert done.json["error"]
    assert not (tmp_path / "out").exists()


def test_a_missing_batch_is_bad_input(tmp_path: Path) -> None:
    done = crypsis("prove", tmp_path / "none", "-o", tmp_path / "out")
    assert done.code == BAD_INPUT
    assert "No such file" in done.stderr


def test_a_feed_that_is_no_feed_is_bad_input(tmp_path: Path) -> None:
    for content in (b"", b"not gzip", gzip.compress(b"1 {}\n"), gzip.compress(b"no frame\n")):
        file = tmp_path / "feed.gz"
        file.write_bytes(content)
        done = crypsis("demo", "--data", file, "--target", tmp_path / "target")
        assert done.code == BAD_INPUT
        assert str(file) in done.stderr
    assert crypsis("demo", "--data", tmp_path / "none").code == BAD_INPUT


def test_parquet_is_refused_in_one_line_that_says_what_is_read(tmp_path: Path) -> None:
    feed = written(tmp_path / "BTCUSDT-1m.csv", b"PAR1" + bytes(40) + b"PAR1")
    done = crypsis("demo", "--data", feed)
    wanted = "recorded frames or Binance aggTrades/klines as CSV, .gz or .zip"
    assert done.code == BAD_INPUT
    assert done.stderr == f"crypsis: {feed}: Parquet is not read; wanted: {wanted}\n"


def test_a_feed_is_replayed_to_its_end_without_proofs(tmp_path: Path) -> None:
    lines = [trade(START_MS + time, "2000.01", "0.5", "ETHUSDT") for time in (0, 1_500)]
    feed = written(tmp_path / "feed", *lines, trade(START_MS + 1_600, "0", "0", "ETHUSDT", X="NA"))
    arguments = ("--data", feed, "--batches", "all", "--no-prove", "--target", tmp_path / "target")
    done = crypsis("demo", *arguments, "--json")
    assert done.code == OK, done.stderr
    assert done.json["skipped"] == {"trade with X = NA": 1} and done.json["proved"] is False
    assert [batch["trades_matched"] for batch in done.json["batches"]] == [1, 1, 0]  # and the fall
    replayed = crypsis("replay", tmp_path / "target" / "private" / "journal", "--json")
    roots = [batch["root"] for batch in replayed.json["batches"]]
    assert roots == [batch["root"] for batch in done.json["batches"]]


def test_a_changed_journal_is_bad_input(demo: Demo, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(demo.target, tmp_path / "target"))
    journal = copy / "private" / "journal"
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 1
    journal.write_bytes(data)
    done = crypsis("replay", journal)
    assert done.code == BAD_INPUT
    assert "byte" in done.stderr
    journal.write_bytes(b"")
    assert crypsis("replay", journal).code == BAD_INPUT
    assert crypsis("replay", copy / "none").code == BAD_INPUT


def test_a_journal_under_another_salt_key_is_not_read(demo: Demo, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(demo.target, tmp_path / "target"))
    (copy / "private" / "salt.key").write_bytes(bytes(32))
    done = crypsis("replay", copy / "private" / "journal")
    assert done.code == BAD_INPUT and "under this key" in done.stderr


def test_a_journal_whose_last_batch_was_cut_off_is_told_by_the_bundle(
    demo: Demo, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(demo.target, tmp_path / "target"))
    journal = copy / "private" / "journal"
    data = journal.read_bytes()
    closing = 4 + 4 + (1 + 32) + 32 + 4 + 4 + 37 + 32
    journal.write_bytes(data[:-closing])
    done = crypsis("replay", journal)
    assert done.code == ROOTS_DIFFER and "a bundle of it lies in" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--unknown"],
        ["no-such-command"],
        ["verify"],
        ["prove", "x"],
        ["demo", "--batches", "0"],
        ["demo", "--batches", "many"],
        ["demo", "--batches", "all"],
        ["demo", "--shape-class", "L"],
        ["demo", "--seed", "-1"],
        ["verify", "x", "--parameters", "weak"],
        ["verify", "x", "-q", "-v"],
        ["prover", "bench", "--rows", "3"],
        ["prove", "x", "-o", "y", "--memory", "none"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert crypsis(*arguments).code == USAGE


def test_info_shows_bits_by_term_for_every_set() -> None:
    for parameter_set in PARAMETER_SETS:
        record = crypsis("prover", "info", "--parameters", parameter_set, "--json").json
        assert record["bits"] >= 100
        assert record["sets"][parameter_set]["bounds"] == record["bounds"]
        for bound in record["bounds"]:
            assert min(bound["terms"].values()) == bound["bits"]
    shown = crypsis("prover", "info").stdout
    assert "out of domain" in shown
    assert all(f"{name} 10" in shown.splitlines()[-1] for name in PARAMETER_SETS)


def test_every_command_explains_itself() -> None:
    listed = crypsis("--help").stdout
    for command in ("demo", "execute", "prove", "prover", "receipt", "replay", "verify"):
        assert command in listed
        assert crypsis(command, "--help").code == OK
