"""A trader at an outpost: what it pays in and takes out there, and what is refused and why."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.client.account_cli import deposit
from sequencer.client.keystore import create, register
from sequencer.client.paying_cli import claim
from tests.helpers import chains, venue
from tests.helpers.chains import FAR_CHAIN, Pair
from tests.helpers.far_chains import FarPair, far

ALICE = venue.owner(1)
NOWHERE = "http://127.0.0.1:1/"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[FarPair]:
    """Alice is registered at home. Half a cent may be at the outpost."""
    chains.make_quick(monkeypatch)
    pair = Pair()
    pair.world.register(1, 100)
    pair.world.batch()
    with far(pair) as found:
        yield found


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "alice.json"
    create(path, ALICE, "a password")
    register(path, 1)
    return path


def called(command: Any, here: FarPair, key: Path, *more: str, outpost: str = "") -> Any:
    where = ("--l1", here.home.url, "--outpost", outpost or here.outpost.url)
    done = CliRunner().invoke(command, ["--account", str(key), *where, *more, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_money_is_paid_in_there_and_out_as_far_as_it_is_there(here: FarPair, key: Path) -> None:
    pay = ("--amount", "0.004")
    code, said = called(deposit, here, key, *pay)
    assert (code, said["reason"]) == (5, "balance-too-small")
    code, said = called(deposit, here, key, *pay, "--mint")
    assert (code, said["index"], said["account"], said["chain"]) == (0, 0, 1, FAR_CHAIN)
    assert here.pair.outpost.inbox[0].owner == ALICE
    here.pair.take_in()
    here.pair.world.batch((ALICE, 4_100))
    code, said = called(claim, here, key)
    assert (code, said["reason"]) == (5, "not-elsewhere")
    code, said = called(claim, here, key, "--amount", "0.0042")
    assert (code, said["reason"]) == (5, "balance-too-small")
    code, said = called(claim, here, key, "--amount", "0.003", "--timeout", "0.1")
    assert code == 6 and "did not hear" in said["error"], "nobody told the outpost"
    here.pair.hear()
    code, said = called(claim, here, key, "--amount", "0.001", "--timeout", "0.1")
    assert code == 6, "what was let out since is waited for too"
    here.pair.hear()
    assert here.pair.home.pending == {ALICE: 100}
    here.pair.home.withdraw(ALICE)
    code, said = called(claim, here, key)
    assert (code, said["amount"], said["let_out"]) == (0, "0.004000", "0.000000")
    assert here.pair.outpost.wallet(ALICE) == 4_000
    code, said = called(claim, here, key)
    assert (code, said["reason"]) == (5, "nothing-to-withdraw")


def test_what_the_outpost_would_not_take_is_said(here: FarPair, key: Path) -> None:
    for amount, reason in (("0.000002", "amount-too-small"), ("0.010001", "cap-passed")):
        code, said = called(deposit, here, key, "--amount", amount, "--mint")
        assert (code, said["reason"]) == (5, reason)
    assert here.pair.outpost.inbox == ()


def test_an_account_is_registered_at_home_first(here: FarPair, tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    create(path, ALICE, "a password")
    code, said = called(deposit, here, path, "--amount", "0.004", "--mint")
    assert code == 3 and "done at home" in said["error"]
    assert here.pair.outpost.inbox == ()


@pytest.mark.parametrize("command", [deposit, claim])
def test_nothing_is_asked_of_an_outpost_that_home_does_not_know(
    command: Any, here: FarPair, key: Path
) -> None:
    """Lie: a contract in an outpost's place, which keeps what is deposited."""
    here.pair.world.batch((ALICE, 50))
    here.pair.home._state.elsewhere.books.clear()
    amount = ("--amount", "0.00004")
    code, said = called(command, here, key, *amount)
    assert (code, said["reason"]) == (5, "unknown-chain")
    assert here.pair.outpost.inbox == () and here.pair.home.pending == {ALICE: 50}
    code, _ = called(command, here, key, *amount, outpost=NOWHERE)
    assert code == 4


def test_home_pays_all_that_is_pending_and_no_part_of_it(here: FarPair, key: Path) -> None:
    done = CliRunner().invoke(
        claim, ["--account", str(key), "--l1", here.home.url, "--amount", "1"]
    )
    assert done.exit_code == 2 and "--outpost" in done.output
