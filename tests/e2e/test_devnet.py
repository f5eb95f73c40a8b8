"""A devnet as a user runs it: traders over HTTP, a crowd, a real proof, and an end in order."""

import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollup.protocol.order import Side
from tests.helpers.devnet import Devnet, Trader, devnet
from tests.helpers.program import crypsis

INTERVAL_MS = 1_000


@pytest.fixture(scope="module")
def running() -> Iterator[Devnet]:
    """Batches every second, no proofs, nobody but two traders."""
    with devnet("--interval", INTERVAL_MS, "--no-proofs", "--accounts", 2) as found:
        found.until(lambda status: status["held"] >= 1)
        yield found


def test_two_traders_meet_over_http_and_each_is_told_its_own(running: Devnet) -> None:
    seller, buyer = Trader(running, 0), Trader(running, 1)
    price = running.json("/v1/prices")["prices"][0]["price"]
    before = seller.ask()
    assert before["ok"] and before["cash"] == str(10**12) and before["orders"] == []
    assert seller.order(Side.SELL, price, 100) == "received"
    assert buyer.order(Side.BUY, price + price // 100, 100) == "received"
    sold, bought = seller.ask(), buyer.ask()
    assert "accepted" in [row[0] for row in sold["facts"]["rows"]]
    fills = [row for row in bought["facts"]["rows"] if row[0] == "filled"]
    assert sum(size for *_, size, _ in fills) == int(bought["positions"][0]) > 0
    assert sold["account"] != bought["account"]


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
        found.until(lambda status: status["held"] >= 1 and received(found) >= 20)
        times = [each["time"] for each in found.json("/v1/batches?limit=4")["batches"]]
        assert found.end()[0] == 0
    assert all(time % INTERVAL_MS == 0 for time in times) and times == sorted(times, reverse=True)
    replayed = crypsis("replay", state / "private" / "journal", "--json").json
    assert sum(batch["fills"] for batch in replayed["batches"]) > 0


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


def test_a_real_proof_is_made_verified_by_l1_and_found_in_the_folder(tmp_path: Path) -> None:
    state = tmp_path / "venue"
    with devnet("--interval", 30_000, "--state", state, "--accounts", 2) as found:
        trader = Trader(found, 0)
        price = found.json("/v1/prices")["prices"][0]["price"]
        assert trader.order(Side.SELL, price, 10) == "received"
        found.until(lambda status: status["proved"] >= 1)
        public = found.get("/v1/batches/1/public.json")
        proof = found.get("/v1/batches/1/proof.bin")
        assert found.json("/v1/batches/1")["life"] == "proved"
        code, said = found.end()
    assert code == 0, said
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "public.json").write_bytes(public)
    (bundle / "proof.bin").write_bytes(proof)
    assert crypsis("verify", bundle).code == 0
    assert crypsis("verify", state).code == 0, "and every batch of the folder, one after the other"
    replayed = crypsis("replay", state / "private" / "journal", "--json")
    assert replayed.code == 0
    assert replayed.json["bundles_compared"] == len(replayed.json["batches"]) >= 1


def test_a_folder_with_a_venue_is_not_begun_again(tmp_path: Path) -> None:
    state = tmp_path / "venue"
    with devnet("--interval", INTERVAL_MS, "--no-proofs", "--state", state) as found:
        assert found.end()[0] == 0
    journal = (state / "private" / "journal").read_bytes()
    done = crypsis("devnet", "--port", 0, "--no-proofs", "--state", state)
    assert done.code == 3 and "a venue is in it" in done.stderr
    assert (state / "private" / "journal").read_bytes() == journal


def test_a_venue_file_is_written_and_run(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    assert crypsis("sequencer", "init", file).code == 0
    assert crypsis("sequencer", "init", file).code == 3
    text = file.read_text()
    file.write_text(text.replace("venue = 1 ", "colour = 2\nvenue = 1 "))
    done = crypsis("sequencer", "run", "--config", file, "--state", tmp_path / "venue")
    assert done.code == 3 and "'colour' is unknown here" in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = crypsis("devnet", "--port", port, "--state", tmp_path / "venue")
    assert done.code == 4 and f"port {port}" in done.stderr
    assert not (tmp_path / "venue").exists()
