"""A devnet as a user runs it: traders over HTTP, a crowd, a real proof, and an end in order."""

import shlex
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rollup.harness.people import address
from rollup.hash.batched import compress_many
from rollup.l1.evm.tools import anvil
from rollup.l1.exit_file import exit_from_bytes
from rollup.l1.remote import RemoteL1
from rollup.protocol.encoding import hex_digest
from rollup.protocol.order import Side
from tests.helpers.devnet import Devnet, Trader, devnet, program, sequencer
from tests.helpers.program import crypsis
from tests.helpers.readable import readable_in

INTERVAL_MS = 1_000


@pytest.fixture(scope="module")
def running() -> Iterator[Devnet]:
    """Batches every second, no proofs, nobody but two traders."""
    with devnet("--interval", INTERVAL_MS, "--no-proofs", "--accounts", 2) as found:
        found.until(lambda status: status["held"] >= 1)
        yield found


def test_two_traders_meet_over_http_and_each_is_told_its_own(running: Devnet) -> None:
    seller, buyer = Trader(running, 0), Trader(running, 1)
    price = running.steady_price()
    before = seller.ask()
    assert before["ok"] and before["cash"] == str(10**12) and before["orders"] == []
    sent = seller.order(Side.SELL, price, 100)
    taken = buyer.order(Side.BUY, price + price // 100, 100)
    for told in (sent, taken):
        assert told["rows"][0][:2] == ["accepted", told["receipt"]["sequence"]]
    assert taken["receipt"]["sequence"] == sent["receipt"]["sequence"] + 1
    bought = buyer.until(lambda answer: answer["positions"])
    sold = seller.ask()
    assert "accepted" in [row[0] for row in sold["facts"]["rows"]]
    fills = [row for row in bought["facts"]["rows"] if row[0] == "filled"]
    assert sum(row[7] for row in fills) == int(dict(bought["positions"])[0]) > 0
    assert sold["account"] != bought["account"]


def test_a_bond_stands_for_its_receipts(running: Devnet) -> None:
    with RemoteL1(running.banner["l1"]) as l1:
        assert l1.bond.stands == l1.deployment.bond_least == 10**10


def received(running: Devnet) -> float:
    """Envelopes that opened, and no answer but that one was ever given."""
    lines = running.get("/metrics").decode().splitlines()
    found = [each for each in lines if each.startswith("crypsis_envelopes_total{")]
    assert all(each.startswith('crypsis_envelopes_total{answer="received"}') for each in found)
    return sum(float(each.split()[-1]) for each in found)


def test_a_crowd_trades_over_http_and_its_batches_reach_l1(tmp_path: Path) -> None:
    state = tmp_path / "venue"
    options = ("--interval", INTERVAL_MS, "--no-proofs", "--accounts", 0, "--crowd", 5)
    with devnet(*options, "--state", state) as found:
        found.until(lambda status: status["held"] >= 2 and received(found) >= 80)
        times = [each["time"] for each in found.json("/v1/batches?limit=4")["batches"]]
        assert found.end()[0] == 0
    assert all(time % INTERVAL_MS == 0 for time in times) and times == sorted(times, reverse=True)
    replayed = crypsis("replay", state / "private" / "journal", "--json").json
    assert sum(batch["fills"] for batch in replayed["batches"]) > 0
    assert not any(readable_in(state).values()), "a published leaf is its owner's to read"


def test_key_files_are_for_their_owner_only(running: Devnet) -> None:
    for each in running.banner["accounts"]:
        path = Path(each["key_file"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert "secret" not in str(running.banner)


def test_an_interrupt_drains_and_exits_zero_and_leaves_no_file() -> None:
    with devnet("--interval", INTERVAL_MS, "--no-proofs", "--accounts", 1) as found:
        folder = Path(found.banner["state"])
        assert folder.exists()
        code, said = found.end(signal.SIGINT)
    assert code == 0, said
    assert "draining" in said and "batch 1 closed" in said, "with --json too"
    assert not folder.exists()


def test_proofs_reach_l1_and_a_killed_devnet_goes_on_to_the_same_roots(tmp_path: Path) -> None:
    """Two batches proved with a crowd; the whole group killed; a restart, whose venue file may not
    say otherwise, with the same L1, keys and accounts; an end in order; a private exit out of what
    is left; and all of it verified."""
    state = tmp_path / "venue"
    options = ("--state", state, "--accounts", 1)
    with devnet(*options, "--interval", 15_000, "--crowd", 2) as found:
        found.until(lambda status: status["proved"] >= 1)
        held = _roots(found)
        proof = found.get("/v1/batches/1/proof.bin")
        accounts = found.banner["accounts"]
        found.kill()
    with devnet(*options) as found:
        assert found.banner["accounts"] == accounts and found.banner["interval_ms"] == 15_000
        assert found.banner["l1"].startswith("http://127.0.0.1:")
        found.until(lambda status: status["proved"] >= 2)
        after = {each["number"]: each for each in found.json("/v1/batches?limit=100")["batches"]}
        assert {number: after[number]["new_root"] for number in held} == held
        assert found.get("/v1/batches/1/proof.bin") == proof
        assert Trader(found, 0).ask()["cash"] == str(10**12)
        require_leaves(found, state, tmp_path / "leaves")
        code, said = found.end()
    assert code == 0, said
    require_private_exit(accounts[0], state, tmp_path / "account.exit.json")
    verified = crypsis("verify", state, "--json")
    assert verified.code == 0
    reports = [each["oracle"]["reports"] for each in verified.json["batches"]]
    assert max(reports) == 10, "five signers, two markets"
    replayed = crypsis("replay", state / "private" / "journal", "--json")
    assert replayed.code == 0
    assert replayed.json["bundles_compared"] == len(replayed.json["batches"]) >= 2


def require_private_exit(account: dict[str, Any], state: Path, file: Path) -> None:
    """What a devnet leaves behind pins the circuit of exits: with its published data and the key
    file alone somebody else is paid, once."""
    stranger, keys = address("a stranger"), account["key_file"]
    with program("l1", "up", "--port", 0, "--state", state / "l1.json") as l1:
        url = ("--l1", l1["url"])
        by = ("--sender", stranger.hex(), *url)
        paid = ("--account", account["account"], "--amount", 10, "--mint")
        assert crypsis("l1", "deposit", *paid, *by).code == 0, "somebody whom no batch takes"
        assert crypsis("l1", "warp", 1_300_000_000, *url).code == 0
        assert crypsis("l1", "freeze", *by).code == 0
        rebuilt = crypsis("da", "rebuild", state, "--keys", keys, "-o", file, *url)
        assert rebuilt.code == 0, rebuilt.stderr
        leave = ("da", "escape", file, "--keys", keys, "--to", stranger.hex(), *url, "--json")
        left = crypsis(*leave)
        assert left.code == 0, left.stderr
        with RemoteL1(l1["url"]) as remote:
            assert dict(remote.pending) == {stranger: int(left.json["amount"])}
        assert crypsis(*leave).json["reason"] == "escaped"


def require_leaves(running: Devnet, state: Path, output: Path) -> None:
    """The operator's files open every account to the root that L1 holds, while the venue runs."""
    asked = ("sequencer", "leaves", "--state", state, "-o", output, "--json")
    written = crypsis(*asked, "--l1", running.banner["l1"])
    assert written.code == 0, written.stderr
    number, root = written.json["batch"], written.json["root"]
    assert root == running.json(f"/v1/batches/{number}")["new_root"]
    opened = [exit_from_bytes(Path(file).read_bytes()) for file in written.json["files"]]
    assert {hex_digest(leaf.root(compress_many)) for leaf, _ in opened} == {root}
    assert str(10**12) in [str(leaf.account.cash) for leaf, _ in opened]
    assert crypsis(*asked, "--batch", number, "--account", 999_999).code == 3
    beyond = crypsis(*asked, "--batch", 10**6)
    assert beyond.code == 3 and "batch 1000000 is wanted" in beyond.json["error"]


def test_signers_that_are_lost_are_started_again_and_batches_go_on(tmp_path: Path) -> None:
    state = tmp_path / "venue"
    options = ("--no-proofs", "--accounts", 0, "--state", state)
    with devnet(*options, "--interval", INTERVAL_MS) as found:
        found.until(lambda status: status["held"] >= 1)
        family = psutil.Process(found.process.pid).children()
        (signers,) = [each for each in family if "oracle" in each.cmdline()]
        signers.kill()
        last = max(path.name for path in (state / "reports").iterdir())
        found.until(lambda _: max(path.name for path in (state / "reports").iterdir()) > last)
        code, said = found.end()
    assert code == 0 and "the signers ended" in said, said
    private = state / "private" / "oracle"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in private.iterdir()} == {0o600}


def test_an_l1_that_is_lost_is_started_again_and_nothing_else_is(tmp_path: Path) -> None:
    state = tmp_path / "venue"
    options = ("--no-proofs", "--accounts", 1, "--state", state)
    with devnet(*options, "--interval", INTERVAL_MS) as found:
        found.until(lambda status: status["held"] >= 1)
        family = psutil.Process(found.process.pid).children()
        (l1,) = [each for each in family if "l1" in each.cmdline()]
        l1.kill()
        closed = found.json("/v1/status")["closed"]
        found.until(lambda status: status["held"] > closed)
        assert found.json("/v1/l1")["heard"]
        code, said = found.end()
    assert code == 0 and "the mock L1 ended" in said, said
    journal = (state / "private" / "journal").read_bytes()
    done = crypsis("devnet", *options, "--port", 0, "--interval", 2_000)
    assert done.code == 3 and "interval_ms: begun with 1000, the file has 2000" in done.stderr
    assert (state / "private" / "journal").read_bytes() == journal


def _roots(venue: Devnet) -> dict[int, str]:
    found = venue.json("/v1/batches?limit=100")["batches"]
    return {each["number"]: each["new_root"] for each in found if each["life"] != "sequenced"}


def test_a_venue_is_begun_from_its_file_and_run_at_an_l1_of_its_own(tmp_path: Path) -> None:
    file, state = tmp_path / "venue.toml", tmp_path / "venue"
    assert crypsis("sequencer", "init", "--config", file).code == 0
    assert crypsis("sequencer", "init", "--config", file).code == 3, "it is not overwritten"
    text = file.read_text()
    file.write_text(text.replace("venue = 1 ", "colour = 2\nvenue = 1 "))
    done = crypsis("sequencer", "init", "--config", file, "--state", state)
    assert done.code == 3 and "'colour' is unknown here" in done.stderr
    file.write_text(text.replace("interval_ms = 10000", f"interval_ms = {INTERVAL_MS}"))
    run = ("sequencer", "run", "--config", file, "--state", state)
    done = crypsis(*run, "--l1", "http://127.0.0.1:1/")
    assert done.code == 3 and "no venue was begun there" in done.stderr
    begun = crypsis("sequencer", "init", "--config", file, "--state", state, "--json").json
    assert crypsis(*run, "--l1", "http://127.0.0.1:1/", "--port", 0).code == 4
    up = shlex.split(begun["l1_up"])[1:]
    with program(*up, "--port", "0") as l1:
        options = (*run[2:], "--l1", l1["url"], "--no-proofs")
        with sequencer(*options) as venue:
            assert venue.banner["l1"] == l1["url"] and venue.banner["accounts"] == []
            venue.until(lambda status: status["held"] >= 2)
            before = _roots(venue)
            code, said = venue.end()
            assert code == 0 and "draining" in said, said
        with sequencer(*options) as venue:
            closed = venue.json("/v1/status")["closed"]
            venue.until(lambda status: status["held"] > closed)
            venue.kill()
        with sequencer(*options) as venue:
            venue.until(lambda status: status["held"] > closed + 1)
            assert before and before.items() <= _roots(venue).items()
            assert venue.end(signal.SIGINT)[0] == 0


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = crypsis("devnet", "--port", port, "--state", tmp_path / "venue")
    assert done.code == 4 and f"port {port}" in done.stderr
    assert not (tmp_path / "venue").exists()


@pytest.mark.skipif(anvil() is None, reason="anvil is not installed: make contracts-tools")
def test_on_a_chain_every_batch_is_verified_by_the_contracts(tmp_path: Path) -> None:
    """The gas of each call is said; a batch counts as proved once the contract took its proof. The
    chain ends with the devnet, and no second one can go on where it was."""
    state = tmp_path / "venue"
    options = ("--interval", 10_000, "--l1", "anvil", "--accounts", 1, "--state", state)
    with devnet(*options) as found:
        # The first batch may have closed before the entries of the accounts were seen.
        found.until(lambda status: status["proved"] >= 2)
        with RemoteL1(found.banner["l1"]) as l1:
            assert l1.proved_number >= 2 and l1.consumed >= 1
            assert l1.custody > 0 and l1.owed <= l1.funds
        code, said = found.end()
    assert code == 0, said
    calls = [each.split()[2] for each in said.splitlines() if each.startswith("gas ")]
    assert calls.count("post") >= 2 and calls.count("proof") >= 3 * calls.count("post")
    again = crypsis("devnet", "--port", 0, *options)
    assert again.code == 2 and "is for a new one" in again.stderr
