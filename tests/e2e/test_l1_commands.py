"""`crypsis l1` as a user runs it: a process that serves, and others that call it."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rollup.harness.served import Served
from rollup.hash.batched import compress_many
from rollup.l1.deployment import FREEZE_AFTER_MS
from rollup.l1.exit_file import exit_to_bytes
from rollup.l1.interface import Revert, Reverted
from rollup.l1.leaf_of import leaf_of
from rollup.l1.remote import RemoteL1
from rollup.protocol.deposit import QUEUE_START
from rollup.protocol.genesis import FEE_ACCOUNT, genesis_to_json
from rollup.protocol.header import header_of
from tests.helpers import venue
from tests.helpers.program import PROGRAM, crypsis
from tests.helpers.serving import serving
from tests.helpers.venue import Venue
from tests.unit.rollup.l1.test_estate import with_estate

SENDER = "ab" * 20
KEY, VIEWING = "01" * 56, "02" * 32


@contextmanager
def up(*arguments: object) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """A running `crypsis l1 up`: what it said of itself, and its process."""
    command = [str(PROGRAM), "l1", "up", "--port", "0", "--json", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with up() as (record, _):
        yield record["url"]


def called(*arguments: object, url: str) -> Any:
    done = crypsis("l1", *arguments, "--l1", url, "--json")
    return {"code": done.code, **done.json}


def test_money_goes_in_and_time_passes(url: str) -> None:
    with RemoteL1(url) as remote:
        before = remote.now()
    paid = ("--amount", "12.5", "--mint")
    registered = called(
        "register", "--sender", SENDER, "--key", KEY, "--viewing", VIEWING, *paid, url=url
    )
    assert (registered["code"], registered["account"], registered["amount"]) == (0, 1, "12500000")
    assert called("deposit", "--sender", SENDER, "--account", 1, *paid, url=url)["index"] == 1
    assert called("warp", 3_600_000, url=url)["time"] >= before + 3_600_000
    found = called("status", url=url)
    assert (found["queue"], found["queued"], found["custody"]) == (2, "25000000", "0")


def test_a_revert_is_said_with_its_reason_and_exit_code(url: str) -> None:
    done = called("withdraw", "--sender", "cd" * 20, url=url)
    assert (done["code"], done["reason"]) == (5, "nothing-to-withdraw")
    poor = called("deposit", "--sender", "cd" * 20, "--account", 0, "--amount", "10", url=url)
    assert (poor["code"], poor["reason"]) == (5, "balance-too-small")


def test_a_venue_that_proves_nothing_is_left(tmp_path: Path) -> None:
    paid = ("--amount", "12.5", "--mint")
    registering = ("--sender", SENDER, "--key", KEY, "--viewing", VIEWING)
    file = tmp_path / "fees.json"
    with up() as (record, _):
        url = record["url"]
        with RemoteL1(url) as remote:
            genesis = remote.deployment.genesis
        state = genesis.state(compress_many)
        file.write_bytes(exit_to_bytes(leaf_of(state, FEE_ACCOUNT), state.book))
        assert called("register", *registering, *paid, url=url)["index"] == 0
        early = called("freeze", "--sender", SENDER, url=url)
        assert (early["code"], early["reason"]) == (5, "not-overdue")
        assert called("escape", file, url=url)["reason"] == "not-frozen"
        called("warp", FREEZE_AFTER_MS + 1, url=url)
        assert called("freeze", "--sender", SENDER, url=url)["number"] == 0
        back = called("reclaim", "--sender", SENDER, "--entry", 0, url=url)
        assert (back["code"], back["paid"]) == (0, "12500000")
        escaped = called("escape", file, url=url)
        assert (escaped["code"], escaped["amount"], escaped["assets"]) == (0, "0", [])
        assert called("escape", file, url=url)["reason"] == "escaped"
        file.write_bytes(b"{}")
        assert called("escape", file, url=url)["code"] == 3


def test_a_bond_is_posted_announced_and_withdrawn() -> None:
    with up("--operator", SENDER) as (record, _):
        url = record["url"]
        least = called("bond", "status", url=url)["least"]
        poor = called("bond", "post", "--sender", SENDER, "--amount", 5, "--mint", url=url)
        assert (poor["code"], poor["reason"]) == (5, "amount-too-small")
        posted = called("bond", "post", "--sender", SENDER, "--amount", least, "--mint", url=url)
        assert posted["stands"] == least == called("status", url=url)["bond"]
        leaving = ("--sender", SENDER, "--amount", least)
        assert called("bond", "announce", *leaving, url=url)["stands"] == "0"
        found = called("bond", "status", url=url)
        assert (found["held"], found["leaving"], found["misconduct"]) == (least, least, None)
        early = called("bond", "withdraw", "--sender", SENDER, url=url)
        assert (early["code"], early["reason"]) == (5, "bond-delayed")
        called("warp", found["delay_ms"], url=url)
        assert called("bond", "withdraw", "--sender", SENDER, url=url)["paid"] == least
        stranger = called("bond", "withdraw", "--sender", "cd" * 20, url=url)
        assert (stranger["code"], stranger["reason"]) == (5, "not-operator")
        assert called("status", url=url)["custody"] == "0"


def test_the_estate_is_bought_of_and_covered() -> None:
    with serving(Served(with_estate())) as url:
        found = called("estate", url=url)
        (sale,) = found["sales"]
        assert (found["lacks"], sale["symbol"], sale["lots"]) == ("3000000", "WBTC", "5")
        assert 600_000 <= int(sale["price"]) <= 630_000
        terms = ("--sender", SENDER, "--asset", 3, "--lots", 2)
        assert called("buy", *terms, "--most", 5, url=url)["reason"] == "cost-above-limit"
        paid = called("buy", *terms, "--most", 1_260_000, "--mint", url=url)
        left = 3_000_000 - int(paid["paid"])
        some = called("cover", "--sender", SENDER, "--amount", 1_000, "--mint", url=url)
        assert some["lacks"] == str(left - 1_000) == called("status", url=url)["estate_lacks"]
        far = called("cover", "--sender", SENDER, "--amount", left, url=url)
        assert (far["code"], far["reason"]) == (5, "nothing-to-cover")


@pytest.mark.parametrize("amount", ["1e3", "-1", "0.0000001", "1.", ".5", "1_0", "٣", "NaN"])
def test_an_amount_is_never_rounded(amount: str) -> None:
    done = crypsis("l1", "deposit", "--sender", SENDER, "--account", "1", f"--amount={amount}")
    assert done.code == 2 and "up to 6 decimals" in done.stderr


def test_nobody_there_is_exit_4() -> None:
    assert called("status", url="http://127.0.0.1:1/")["code"] == 4


def test_the_mock_is_checked_with_a_table_by_group() -> None:
    done = crypsis("l1", "check", "--sequences", "2", "--seed", "7")
    assert done.code == 0
    assert "random calls            2     2" in done.stdout and "seed 7" in done.stdout


def test_one_scenario_is_checked_at_an_address(url: str) -> None:
    name = "a donated unit breaks nothing"
    target = ("--target", f"{url}test")
    done = crypsis("l1", "check", *target, "--only", name, "--only", "pins", "--json")
    assert (done.code, done.json["conformant"]) == (0, True)
    assert done.json["groups"] == {"money": [1, 1], "pins": [21, 21]}


def test_a_name_that_is_no_scenarios_is_a_usage_error() -> None:
    assert crypsis("l1", "check", "--only", "no such").code == 2


def test_what_does_not_deploy_is_exit_5_with_what_is_wanted(url: str) -> None:
    done = crypsis("l1", "check", "--target", url)
    assert done.code == 5 and "test_deploy" in done.stderr and "/test" in done.stderr


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_served_l1_stops_when_it_is_told_to_and_goes_on_from_its_file(
    tmp_path: Path, told: signal.Signals
) -> None:
    state = tmp_path / "l1.json"
    with up("--state", state) as (record, process):
        with RemoteL1(record["url"]) as remote:
            remote.mint(bytes(20), 7)
            remote.warp(10**9)
            seen = remote.view()
        process.send_signal(told)
        assert process.wait(20) == 0
    with up("--state", state) as (again, process):
        kept = ("genesis_root", "pins", "operator", "chain", "venue")
        assert {name: again[name] for name in kept} == {name: record[name] for name in kept}
        with RemoteL1(again["url"]) as remote:
            assert remote.view() == seen
            assert remote.now() >= record["time"] + 10**9
            remote.mint(bytes(20), 1)
            process.kill()
    with up("--state", state) as (last, _), RemoteL1(last["url"]) as remote:
        assert remote.wallets == {bytes(20): 8}


def test_a_file_that_is_damaged_or_served_already_is_refused_by_name(tmp_path: Path) -> None:
    state = tmp_path / "l1.json"
    with up("--state", state):
        second = crypsis("l1", "up", "--port", "0", "--state", state)
        assert second.code == 3 and f"{state}: another process serves it" in second.stderr
    state.write_bytes(state.read_bytes()[:-1])
    done = crypsis("l1", "up", "--port", "0", "--state", state)
    assert done.code == 3 and f"{state}: l1: not JSON" in done.stderr


def test_its_verifier_is_the_real_one(tmp_path: Path) -> None:
    """A header of an honest batch is held; bytes that are no proof are refused by the verifier."""
    genesis = tmp_path / "genesis.json"
    genesis.write_text(genesis_to_json(venue.genesis()))
    small = Venue(suite=venue.real())
    with (
        up("--genesis", genesis, "--operator", SENDER) as (record, _),
        RemoteL1(record["url"]) as remote,
    ):
        (pins,) = remote.deployment.pins
        assert (pins.parameter_set, pins.shape_class, len(pins.circuit)) == ("fast", "S", 32)
        assert remote.root == small.state.root
        step = remote.now() - venue.START
        public = small.apply(small.batch(step=step)).public
        sender = bytes.fromhex(SENDER)
        assert remote.commit_header(sender, header_of(public, QUEUE_START)).is_taken
        with pytest.raises(Reverted) as caught:
            remote.post_batch(sender, public, b"none")
    assert caught.value.reason is Revert.PROOF
    assert "test proof" not in caught.value.detail
