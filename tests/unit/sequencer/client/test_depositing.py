"""`crypsis deposit`: a key file is registered at L1 once, then credited, and nothing is rounded."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rollup.harness.served import Served
from rollup.hash.many import compress_many
from rollup.program.exit_codes import ExitCode
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.deposit import EntryKind
from rollup.protocol.encoding import words_of
from sequencer.client import account_cli, keystore, paying_cli
from tests.helpers.serving import serving
from tests.unit.rollup.l1.test_stored import fresh

OWNER = bytes(range(1, 21))
UNTOLD = ("--tell-within", "0")
"""There is no venue here: what it is told is another test's (test_telling_ahead)."""


@pytest.fixture
def served() -> Served:
    return Served(fresh())


@pytest.fixture
def url(served: Served) -> Iterator[str]:
    with serving(served) as found:
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A new key file, not registered yet."""
    path = tmp_path / "trader.json"
    keystore.create(path, OWNER, "correct horse", keystore.WORK_LEAST)
    return path


def deposit(file: Path, url: str, *options: object, code: int = 0) -> dict[str, Any]:
    arguments = ["--account", file, "--l1", url, *UNTOLD, *options, "--json"]
    done = CliRunner().invoke(account_cli.deposit, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def test_the_first_deposit_registers_the_key_and_the_next_ones_credit_it(
    file: Path, url: str, served: Served
) -> None:
    first = deposit(file, url, "--amount", "1000.000001", "--mint")
    assert keystore.describe(file).account == first["account"]
    second = deposit(file, url, "--amount", "12.5", "--mint")
    assert (second["index"], second["account"]) == (first["index"] + 1, first["account"])
    one, two = served.l1.queue_from(first["index"], 2)
    assert (one.kind, one.amount, one.owner) == (EntryKind.REGISTER, 1_000_000_001, OWNER)
    assert one.key_words == words_of(keystore.describe(file).public_key)
    assert (two.kind, two.amount) == (EntryKind.CREDIT, 12_500_000)
    opened = keystore.Keystore.open(file, "correct horse")
    assert opened.account == first["account"], "the key is in it as before"


def test_two_key_files_register_other_viewing_keys_that_they_know(
    tmp_path: Path, url: str, served: Served
) -> None:
    indices = []
    for name, owner in (("one.json", OWNER), ("two.json", bytes(reversed(OWNER)))):
        keystore.create(tmp_path / name, owner, "correct horse", keystore.WORK_LEAST)
        indices.append(deposit(tmp_path / name, url, "--amount", 5, "--mint")["index"])
    one, two = (served.l1.queue_from(index, 1)[0] for index in indices)
    assert one.viewing_words != two.viewing_words
    for name, entry in (("one.json", one), ("two.json", two)):
        opened = keystore.Keystore.open(tmp_path / name, "correct horse")
        assert opened.viewing_key is not None
        assert entry.viewing_words == viewing_commitment(opened.viewing_key, compress_many)


def without_viewing_key(file: Path) -> bytes:
    """A file of version 2, as an older client made it."""
    record = json.loads(file.read_bytes())
    del record["viewing"], record["viewing_keystore"]
    file.write_text(json.dumps({**record, "version": 2}))
    return file.read_bytes()


def test_a_file_without_a_viewing_key_registers_nothing_and_stays(
    file: Path, url: str, served: Served
) -> None:
    before = without_viewing_key(file)
    refused = deposit(file, url, "--amount", 5, "--mint", code=ExitCode.BAD_INPUT)
    assert "has no viewing key" in refused["error"] and "crypsis account new" in refused["error"]
    assert file.read_bytes() == before and not served.l1.queue


def test_an_account_of_such_a_file_is_credited_and_gets_a_viewing_key_with_another_file(
    file: Path, new: Path, url: str, served: Served
) -> None:
    deposit(file, url, "--amount", 1000, "--mint")
    without_viewing_key(file)
    deposit(file, url, "--amount", 5, "--mint")
    rotate(file, new, url, "--amount", 5, "--mint")
    assert served.l1.queue[-1].viewing_words == keystore.describe(new).viewing
    rotate(new, file, url, "--amount", 5, "--mint", code=ExitCode.BAD_INPUT)


@pytest.mark.parametrize("amount", ["0", "-1", "1e-7", "0.0000001", "much", "NaN", "inf", ""])
def test_an_amount_that_is_no_multiple_of_a_quantum_is_wrong_usage(
    file: Path, url: str, served: Served, amount: str
) -> None:
    assert COLLATERAL_DECIMALS == 6
    before = served.l1.queue_head(0)
    refused = deposit(file, url, "--amount", amount, "--mint", code=ExitCode.USAGE)
    assert refused["code"] == "out-of-range"
    assert list(served.l1.queue_from(0, 9)) == [] and served.l1.queue_head(0) == before
    assert keystore.describe(file).account is None


def test_what_l1_reverts_is_exit_5_with_its_reason_and_the_file_stays(file: Path, url: str) -> None:
    before = file.read_bytes()
    refused = deposit(file, url, "--amount", 5, code=ExitCode.REFUSED_BY_PEER)
    assert refused["reason"] == "balance-too-small"
    assert file.read_bytes() == before
    deposit(file, url, "--amount", 5, "--mint")
    other = file.with_name("other.json")
    keystore.create(other, OWNER, "correct horse", keystore.WORK_LEAST)
    again = deposit(other, url, "--amount", 5, "--mint", code=ExitCode.REFUSED_BY_PEER)
    assert again["reason"] == "registered", "an owner has one account"


def test_an_l1_that_is_not_there_is_exit_4_and_a_file_that_is_none_3(
    file: Path, tmp_path: Path
) -> None:
    away = "http://127.0.0.1:1/"
    deposit(file, away, "--amount", 5, code=ExitCode.UNREACHABLE)
    (tmp_path / "none.json").write_text("{}")
    deposit(tmp_path / "none.json", away, "--amount", 5, code=ExitCode.BAD_INPUT)


def test_people_are_told_the_account(file: Path, url: str) -> None:
    arguments = ["--account", str(file), "--l1", url, *UNTOLD, "--amount", "5", "--mint"]
    done = CliRunner().invoke(account_cli.deposit, arguments)
    account = keystore.describe(file).account
    assert done.exit_code == 0 and done.stdout == f"queued as entry 0, for account {account}\n"


def rotate(file: Path, new: Path, url: str, *options: object, code: int = 0) -> dict[str, Any]:
    arguments = ["rotate", file, new, "--l1", url, *UNTOLD, *options, "--json"]
    done = CliRunner().invoke(account_cli.account, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    record: dict[str, Any] = json.loads(done.stdout)
    return record


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Another key file of the same owner."""
    path = tmp_path / "next.json"
    keystore.create(path, OWNER, "correct horse", keystore.WORK_LEAST)
    return path


def test_another_key_is_queued_for_the_account_and_its_file_learns_it(
    file: Path, new: Path, url: str, served: Served
) -> None:
    account = deposit(file, url, "--amount", 1000, "--mint")["account"]
    record = rotate(file, new, url, "--amount", 5, "--mint")
    (entry,) = served.l1.queue_from(1, 9)
    assert record == {"index": 1, "account": account, "amount": "5"}
    assert (entry.kind, entry.account, entry.owner) == (EntryKind.ROTATE, account, OWNER)
    assert entry.key_words == words_of(keystore.describe(new).public_key)
    assert entry.viewing_words == keystore.describe(new).viewing
    assert keystore.Keystore.open(new, "correct horse").account == account


def test_a_key_is_not_given_to_an_account_that_is_not_registered_or_not_its_own(
    file: Path, new: Path, tmp_path: Path, url: str, served: Served
) -> None:
    rotate(file, new, url, "--amount", 5, "--mint", code=ExitCode.BAD_INPUT)
    deposit(file, url, "--amount", 1000, "--mint")
    rotate(file, file, url, "--amount", 5, "--mint", code=ExitCode.BAD_INPUT)
    stranger = tmp_path / "stranger.json"
    keystore.create(stranger, bytes(20), "correct horse", keystore.WORK_LEAST)
    rotate(file, stranger, url, "--amount", 5, "--mint", code=ExitCode.BAD_INPUT)
    keystore.register(new, 999)
    rotate(file, new, url, "--amount", 5, "--mint", code=ExitCode.BAD_INPUT)
    assert len(served.l1.queue) == 1


def leave(file: Path, url: str, *options: object, code: int = 0) -> dict[str, Any]:
    arguments = [*options, "--account", file, "--l1", url, "--json"]
    done = CliRunner().invoke(paying_cli.request_exit, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def test_an_exit_is_queued_for_the_account_in_the_name_of_its_owner(
    file: Path, url: str, served: Served
) -> None:
    leave(file, url, 5, "--mint", code=ExitCode.BAD_INPUT)
    account = deposit(file, url, "--amount", 1000, "--mint")["account"]
    assert leave(file, url, "2.5", "--mint") == {"index": 1, "account": account, "amount": "2.5"}
    (entry,) = served.l1.queue_from(1, 9)
    assert (entry.kind, entry.owner, entry.amount) == (EntryKind.EXIT, OWNER, 2_500_000)
    refused = leave(file, url, 1, "--mint", code=ExitCode.REFUSED_BY_PEER)
    assert refused["reason"] == "exiting"
    leave(file, url, "0.0000001", code=ExitCode.USAGE)


def test_a_second_rotation_waits_for_the_first_and_the_file_stays(
    file: Path, new: Path, tmp_path: Path, url: str
) -> None:
    deposit(file, url, "--amount", 1000, "--mint")
    rotate(file, new, url, "--amount", 5, "--mint")
    third = tmp_path / "third.json"
    keystore.create(third, OWNER, "correct horse", keystore.WORK_LEAST)
    refused = rotate(file, third, url, "--amount", 5, "--mint", code=ExitCode.REFUSED_BY_PEER)
    assert refused["reason"] == "rotating"
    assert keystore.describe(third).account is None
