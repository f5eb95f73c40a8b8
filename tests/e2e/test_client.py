"""The client against a real venue in a process of its own: the examples as they stand, a bot that
waits for a proof and checks it, and the commands."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from rollup.files import BATCH_FILE, PRIVATE_FOLDER
from rollup.installed import installed_verifier
from rollup.protocol.batch import Batch
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.genesis import genesis_from_json
from sequencer.client import AsyncVenue, Keystore, NotOnTick, OrderRefused, Settings, Venue
from tests.helpers.devnet import Devnet, devnet
from tests.helpers.program import crypsis

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WAIT_S = 240


@pytest.fixture(scope="module")
def running() -> Iterator[Devnet]:
    """Batches every second, no proofs, four traders."""
    with devnet("--interval", 1_000, "--no-proofs", "--accounts", 4) as found:
        found.steady_price()
        yield found


@pytest.fixture(scope="module")
def proving() -> Iterator[Devnet]:
    """Batches every four seconds, each proved, four traders; it drains when it is told to end."""
    with devnet("--interval", 4_000, "--accounts", 4) as found:
        found.steady_price()
        yield found
        assert found.end()[0] == 0


def key_file(running: Devnet, place: int) -> Path:
    return Path(running.banner["accounts"][place]["key_file"])


def example(running: Devnet, name: str, place: int, *options: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--url", running.banner["url"]]
    return subprocess.Popen(
        [*command, *map(str, options)],
        env={**os.environ, "CRYPSIS_ACCOUNT": str(key_file(running, place))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_examples_trade_with_each_other(running: Devnet) -> None:
    quoted, complaints = example(running, "maker", 0, "--rounds", 1).communicate(timeout=WAIT_S)
    assert "live, sell" in quoted and "position 0.00000" in quoted, complaints
    maker = example(running, "maker", 0, "--rounds", 10_000)
    try:
        taker = example(running, "taker", 1, "--tries", 200)
        bought, complaints = taker.communicate(timeout=WAIT_S)
    finally:
        maker.kill()
        maker.communicate()
    assert taker.returncode == 0, complaints
    assert "bought 0.00100" in bought and "filled: 0.00100 of 0.00100" in bought


@pytest.mark.parametrize("name", ["maker", "taker"])
def test_an_example_is_short(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 60


def test_an_order_is_answered_at_once_with_a_receipt_that_genesis_vouches_for(
    running: Devnet,
) -> None:
    state = Path(running.banner["state"])
    signer = genesis_from_json((state / "genesis.json").read_bytes()).receipt_signer
    with Venue.connect(
        running.banner["url"], Keystore.open(key_file(running, 2)), Settings(signer)
    ) as venue:
        price = venue.prices()["BTC-PERP"] * Decimal("0.97")
        with pytest.raises(NotOnTick) as off:
            venue.order("BTC-PERP", "buy", price.quantize(Decimal("0.001")) + Decimal("0.011"), 1)
        order = venue.order("BTC-PERP", "buy", off.value.nearest, "0.01", client_id="bid")
        assert order.status == "live" and order.filled == 0
        assert venue.is_told, (
            "by the devnet, or by the client in an envelope of its own before that"
        )
        told = len(venue.receipts) - len(order.receipts)
        receipts = venue.receipts[told:]
        assert told in (0, 1)
        assert [each.receipt for each in receipts] == [each.receipt for each in order.receipts]
        with pytest.raises(OrderRefused, match="margin"):
            venue.order("BTC-PERP", "buy", off.value.nearest, 10_000)
        (ended,) = venue.cancel("bid")
        assert (ended.status, ended.reason) == ("ended", "cancelled")
        assert len(venue.receipts) == told + 3
        assert venue.balance() == 1_000_000 and venue.live_orders() == []


def test_a_restarted_bot_finds_its_orders_and_uses_no_generation_twice(running: Devnet) -> None:
    account = key_file(running, 3)
    ids = []
    for _ in range(3):
        with Venue.connect(running.banner["url"], Keystore.open(account)) as venue:
            price = (venue.prices()["ETH-PERP"] * Decimal("0.97")).quantize(Decimal("0.01"))
            ids.append(venue.order("ETH-PERP", "buy", price, "0.1").id)
            assert {order.id for order in venue.live_orders()} == set(ids)
    listed = crypsis("order", "list", *where(running, account)).json["orders"]
    assert len(listed) == 3
    ended = crypsis("order", "cancel", "--all", *where(running, account)).json["orders"]
    assert {each["reason"] for each in ended} == {"cancelled"}


def test_a_file_of_quotes_is_placed_moved_and_ended(running: Devnet, tmp_path: Path) -> None:
    account, file = key_file(running, 2), tmp_path / "quotes.jsonl"
    with Venue.connect(running.banner["url"], Keystore.open(account)) as venue:
        far = (venue.prices()["ETH-PERP"] * Decimal("0.97")).quantize(Decimal("0.01"))
    quote = {"market": "ETH-PERP", "side": "buy", "size": "0.01", "price": str(far)}

    def bundle(*records: dict[str, object]) -> list[dict[str, object]]:
        file.write_text("\n".join(map(json.dumps, records)))
        done = crypsis("order", "bundle", file, *where(running, account))
        found: list[dict[str, object]] = done.json["orders"]
        return found

    first = bundle(*[quote] * 3)
    assert [each["status"] for each in first] == ["live"] * 3
    moved = {**quote, "price": str(far - Decimal("0.01")), "replaces": first[0]["id"]}
    done = bundle(moved, {"cancel": first[1]["id"]}, {"cancel": first[2]["id"]})
    assert [each["reason"] for each in done] == [None, "cancelled", "cancelled"]
    assert all(each["receipts"] for each in done)
    assert [each["id"] for each in bundle({"cancel": done[0]["id"]})] == [done[0]["id"]]
    assert crypsis("order", "list", *where(running, account)).json["orders"] == []


def test_a_makers_day_is_of_orders_that_rest_and_every_batch_of_it_is_proved(
    proving: Devnet,
) -> None:
    first = proving.json("/v1/status")["opened"]
    files = ("--maker", key_file(proving, 2), "--taker", key_file(proving, 3))
    day = example(proving, "maker_day", 0, *files, "--quotes", 200, "--filled", 0.05)
    said, complaints = day.communicate(timeout=WAIT_S)
    assert day.returncode == 0, said + complaints
    last = proving.json("/v1/status")["opened"]
    proving.until(lambda status: status["proved"] >= last)
    at_l1 = crypsis("l1", "status", "--l1", proving.banner["l1"], "--json").json
    assert at_l1["proved_number"] >= last and at_l1["redo_wanted_of"] is None
    said_of = {row[:24].strip(): row[24:] for row in said.splitlines()}
    filled, cancelled = int(said_of["filled quotes"]), int(said_of["cancelled"])
    assert 0 < filled <= 10 and int(said_of["quotes sent"]) == 200
    assert int(said_of["replaced"]) + cancelled + filled == 200
    require_rested(batches_of(proving, first, last), filled, cancelled)


def require_rested(batches: list[Batch], filled: int, cancelled: int) -> None:
    """Quotes came into the state, 64 by one signature, and filled and ended there."""
    signed = [each for batch in batches for each in batch.orders]
    assert len(signed) == 200 + filled, "quotes, and what took them"
    assert not any(batch.redo or batch.lapsed for batch in batches)
    assert sum(batch.signatures for batch in batches) <= 10 + filled
    fills = [fill for batch in batches for fill in batch.fills]
    assert len(fills) == filled
    assert all(max(fill.buy, fill.sell) >= RESTING_PLACE for fill in fills)
    assert sum(len(batch.cancels) for batch in batches) == cancelled


def batches_of(running: Devnet, first: int, last: int) -> list[Batch]:
    folder, numbers = Path(running.banner["state"]) / "batches", range(first, last + 1)
    files = [folder / f"{number:06}" / PRIVATE_FOLDER / BATCH_FILE for number in numbers]
    return [batch_from_bytes(each.read_bytes()) for each in files]


def where(running: Devnet, account: Path) -> tuple[object, ...]:
    return ("--url", running.banner["url"], "--account", account, "--json")


def test_an_order_is_proved_and_its_proof_checked_by_whoever_sent_it(proving: Devnet) -> None:
    async def trade() -> None:
        url, verifier = proving.banner["url"], installed_verifier("fast")
        seller, buyer = (Keystore.open(key_file(proving, place)) for place in (0, 1))
        async with (
            await AsyncVenue.connect(url, seller) as maker,
            await AsyncVenue.connect(url, buyer, Settings(verifier=verifier)) as taker,
        ):
            price = (await maker.prices())["BTC-PERP"]
            await maker.order("BTC-PERP", "sell", price, "0.01", post_only=True)
            order = await taker.order("BTC-PERP", "buy", price, "0.01", time_in_force="ioc")
            assert order.status == "filled"
            await order.until("verified", timeout=WAIT_S)
            (fill,) = order.fills
            bundle = await taker.bundle(fill.batch)
            assert bundle is not None and bundle.public.number == fill.batch
            assert (await taker.positions())["BTC-PERP"] == Decimal("0.01")

    asyncio.run(trade())
