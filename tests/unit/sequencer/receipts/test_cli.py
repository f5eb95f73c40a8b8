"""`crypsis receipt`: a venue's own files judged, with exit codes that a script may rely on."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rollup.crypto.address_key import AddressKey
from rollup.program.cli import root
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.receipt import SignedReceipt
from rollup.protocol.receipt_json import list_from_ndjson, signed_to_json
from tests.helpers import receipts as made
from tests.helpers import venue as small
from tests.helpers.blocked import BASE, without_extras
from tests.helpers.running import Running

SIGNED_BY = small.RECEIPT_KEY.address.hex()


@dataclass(frozen=True)
class Files:
    """What a trader holds, and what the operator publishes."""

    genesis: Path
    journal: Path
    receipt: Path
    second: Path
    public: Path
    chain: Path
    signed: SignedReceipt
    held: PublicInput


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Batch 2 with two receipts, from a venue that ran."""
    running = Running(tmp_path / "target")
    for account in (1, 2):
        running.world.register(account, 10**12)
    running.batch()
    running.open()
    answers = running.submit(small.sell(1, 10), small.buy(2, 10))
    held = running.close().outcome.public
    running.stop()
    (one, two) = (answer.receipt for answer in answers)
    assert one is not None and two is not None
    return Files(
        genesis=tmp_path / "target" / "genesis.json",
        journal=tmp_path / "target" / "private" / "journal",
        receipt=written(tmp_path / "one.json", signed_to_json(one)),
        second=written(tmp_path / "two.json", signed_to_json(two)),
        public=written(tmp_path / "public.json", public_to_json(held)),
        chain=tmp_path / "receipts.ndjson",
        signed=one,
        held=held,
    )


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["receipt", *map(str, arguments)])


def record(*arguments: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(call(*arguments, "--json").stdout)
    return found


def publish(files: Files) -> Result:
    return call("publish", files.journal, "--batch", 2, "-o", files.chain)


def check(files: Files, receipt: Path) -> list[object]:
    options = ("--chain", files.chain, "--public", files.public, "--genesis", files.genesis)
    return ["check", receipt, *options]


def test_a_receipt_of_the_venue_is_verified_with_who_signed_it(files: Files) -> None:
    asked = ("verify", files.receipt, "--genesis", files.genesis, "--public", files.public)
    done = call(*asked)
    assert done.exit_code == 0, done.output
    assert small.RECEIPT_KEY.address.hex() in done.stdout
    found = record(*asked)
    assert found["signed_by"] == small.RECEIPT_KEY.address.hex()
    assert (found["sequence"], found["batch"], found["misconduct"]) == (1, 2, None)
    assert found["digest"] == files.signed.receipt.digest().hex()


def test_a_public_input_shows_the_window_and_whether_the_receipt_is_its_head(files: Files) -> None:
    """With and without it, the same line was printed."""
    bare, head = ("--genesis", files.genesis), files.held.receipts.hex()
    first, last = (
        (call("verify", each, *bare).stdout, call("verify", each, *bare, "--public", files.public))
        for each in (files.receipt, files.second)
    )
    for alone, with_public in (first, last):
        line, more = with_public.stdout.splitlines()
        assert alone.splitlines() == [line]
        assert f"public input {files.held.digest().hex()} of batch 2" in more and head in more
    assert "is another receipt: crypsis receipt check" in first[1].stdout
    assert last[1].stdout.endswith(f"{head}, is this receipt\n")
    told = [
        record("verify", each, *bare, "--public", files.public)
        for each in (files.receipt, files.second)
    ]
    assert [each["is_head"] for each in told] == [False, True]
    assert {each["head"] for each in told} == {head}
    assert {each["public_digest"] for each in told} == {files.held.digest().hex()}
    assert "head" not in record("verify", files.receipt, *bare)


def test_a_receipt_that_somebody_changed_binds_nobody(files: Files) -> None:
    changed = replace(files.signed.receipt, batch=3)
    file = written(files.receipt, signed_to_json(replace(files.signed, receipt=changed)))
    done = call("verify", file, "--genesis", files.genesis)
    assert done.exit_code == 1
    assert "binds nobody" in done.output


def test_a_receipt_that_binds_nobody_is_no_proof_against_the_operator(files: Files) -> None:
    """A script that reads exit codes takes 1 for misconduct: nobody may bring that about alone."""
    publish(files)
    forged = replace(files.signed.receipt, envelope=bytes(32))
    stranger = AddressKey(bytes(31) + b"\x07")
    for signed in (replace(files.signed, receipt=forged), made.sign(forged, stranger)):
        file = written(files.second, signed_to_json(signed))
        for asked in (
            ("fraud", files.receipt, file, "--genesis", files.genesis),
            ("fraud", file, files.receipt, "--genesis", files.genesis),
            check(files, file),
        ):
            done = call(*asked)
            assert (done.exit_code, "binds nobody" in done.output) == (3, True)
            assert "misconduct" not in record(*asked)


def test_a_promise_of_another_window_is_misconduct(files: Files) -> None:
    late = made.sign(replace(files.signed.receipt, time=files.held.time + 1))
    file = written(files.receipt, signed_to_json(late))
    done = call("verify", file, "--genesis", files.genesis, "--public", files.public)
    assert done.exit_code == 1
    assert "misconduct proved: backdated" in done.output


def test_honest_receipts_are_no_fraud(files: Files) -> None:
    asked = ("fraud", files.receipt, files.second, "--genesis", files.genesis)
    assert call(*asked).exit_code == 0
    assert record(*asked) == {"signed_by": SIGNED_BY, "misconduct": None}


def test_a_fork_is_proved_from_two_files(files: Files) -> None:
    other = made.sign(replace(files.signed.receipt, envelope=bytes(32)))
    file = written(files.second, signed_to_json(other))
    asked = ("fraud", files.receipt, file, "--genesis", files.genesis)
    done = call(*asked)
    assert done.exit_code == 1
    assert "misconduct proved: fork" in done.output
    assert record(*asked)["misconduct"] == "fork"


def test_what_is_published_shows_a_receipt_in_its_place(files: Files) -> None:
    done = publish(files)
    assert done.exit_code == 0, done.output
    assert len(list_from_ndjson(files.chain.read_bytes())) == 2
    assert files.chain.stat().st_mode & 0o777 == 0o600, "whoever asked gets it, nobody else"
    for receipt in (files.receipt, files.second):
        assert call(*check(files, receipt)).exit_code == 0
    found = record(*check(files, files.receipt))
    assert (found["signed_by"], found["public_digest"]) == (SIGNED_BY, files.held.digest().hex())
    assert found["misconduct"] is None


def test_a_dropped_envelope_is_proved_from_what_is_published(files: Files) -> None:
    publish(files)
    dropped = made.sign(replace(files.signed.receipt, envelope=bytes(32)))
    done = call(*check(files, written(files.receipt, signed_to_json(dropped))))
    assert done.exit_code == 1
    assert "misconduct proved: dropped" in done.output
    assert files.held.digest().hex() in done.output and SIGNED_BY in done.output


def test_a_list_that_does_not_lead_to_the_batch_is_a_bad_file(files: Files) -> None:
    publish(files)
    lines = files.chain.read_bytes().splitlines(keepends=True)
    for data in (lines[0], lines[1], b"", b"{", lines[0] + lines[1][:-1]):
        written(files.chain, data)
        assert call(*check(files, files.receipt)).exit_code == 3
        assert call(*check(files, files.chain)).exit_code == 3


@pytest.mark.parametrize("name", ["receipt", "chain", "public", "genesis"])
@pytest.mark.parametrize("data", [b"{}", b"\xff", b" " * 2**18], ids=["other", "bytes", "long"])
def test_a_file_that_cannot_be_read_is_named(files: Files, name: str, data: bytes) -> None:
    publish(files)
    path = written(getattr(files, name), data)
    done = call(*check(files, files.receipt))
    assert done.exit_code == 3
    assert str(path) in done.output
    path.unlink()
    done = call(*check(files, files.receipt))
    assert (done.exit_code, str(path) in done.output) == (3, True)


def test_a_batch_that_was_never_closed_is_not_published(files: Files) -> None:
    done = call("publish", files.journal, "--batch", 3, "-o", files.chain)
    assert done.exit_code == 3
    assert "batch 3 was never closed" in done.output
    assert not files.chain.exists()


def test_a_journal_of_another_class_is_a_bad_file(files: Files) -> None:
    done = call("publish", files.journal, "--batch", 2, "--shape-class", "M", "-o", files.chain)
    assert done.exit_code == 3


def test_judging_needs_the_curve_and_nothing_else_beside_the_verifiers_own(files: Files) -> None:
    publish(files)
    curve = BASE | {"coincurve", "_cffi_backend"}
    for asked in (
        ("verify", files.receipt, "--genesis", files.genesis),
        ("fraud", files.receipt, files.second, "--genesis", files.genesis),
        check(files, files.receipt),
    ):
        done = without_extras("receipt", *asked, allowed=curve)
        assert done.returncode == 0, done.stderr
    done = without_extras("receipt", "verify", files.receipt, "--genesis", files.genesis)
    assert done.returncode == 2
    assert "this needs coincurve" in done.stderr and done.stderr.count("\n") == 1


def test_show_says_what_a_receipt_says_whoever_signed_it(files: Files) -> None:
    shown = record("show", files.receipt)
    receipt = files.signed.receipt
    assert shown["sequence"] == receipt.sequence and shown["digest"] == receipt.digest().hex()
    nobodys = replace(files.signed, signature=bytes(65))
    path = written(files.receipt.with_name("nobody.json"), signed_to_json(nobodys))
    assert record("show", path) == shown
